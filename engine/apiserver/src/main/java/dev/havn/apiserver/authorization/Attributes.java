// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;

/// What somebody wants to do.
///
/// @param resource empty for a path that is no resource
/// @param path for such a path
/// @param fields what a list or watch is narrowed to
/// @param version of the API in which it is asked, or empty
/// @param labels what a list or watch is narrowed to
public record Attributes(
    UserInfo user,
    String verb,
    String group,
    String resource,
    String subresource,
    String namespace,
    String name,
    String path,
    FieldSelector fields,
    String version,
    LabelSelector labels) {

  public Attributes(
      UserInfo user,
      String verb,
      String group,
      String resource,
      String subresource,
      String namespace,
      String name,
      String path) {
    this(
        user,
        verb,
        group,
        resource,
        subresource,
        namespace,
        name,
        path,
        FieldSelector.EVERYTHING,
        "",
        LabelSelector.EVERYTHING);
  }

  /// Resource and subresource as rules name them: `pods/exec`.
  String combined() {
    return subresource.isEmpty() ? resource : resource + "/" + subresource;
  }

  /// Why this is forbidden, as Kubernetes says it.
  public String refusal() {
    if (resource.isEmpty()) {
      return "User \"%s\" cannot %s path \"%s\"".formatted(user.name(), verb, path);
    }
    String scope =
        namespace.isEmpty() ? "at the cluster scope" : "in the namespace \"" + namespace + "\"";
    return "User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s"
        .formatted(user.name(), verb, combined(), group, scope);
  }
}
