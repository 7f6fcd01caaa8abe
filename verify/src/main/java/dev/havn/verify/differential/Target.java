// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.schema.ResourceType;

/// The object that a script is about.
///
/// @param collection the path that it is created at
/// @param name its name
/// @param label the value of its label `differential`
record Target(ResourceType type, String collection, String name, String label) {
  static final String JSON = "application/json";

  String item() {
    return collection + "/" + name;
  }

  /// The same kind in all namespaces.
  String everywhere() {
    return root() + "/" + type.plural();
  }

  String root() {
    return (type.group().isEmpty() ? "/api/" : "/apis/") + type.apiVersion();
  }

  /// Chooses this object alone from a list.
  String selector() {
    return "labelSelector=differential%3D" + label;
  }

  static Script.Step step(
      String shows, String method, String path, String contentType, Object body) {
    return new Script.Step(
        shows, new Answers.Call(method, path, contentType, String.valueOf(body)));
  }
}
