// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.apiserver.authentication.UserInfo;

/// What somebody wants to do.
///
/// @param resource empty for a path that is no resource
/// @param path for such a path
public record Attributes(
    UserInfo user,
    String verb,
    String group,
    String resource,
    String subresource,
    String namespace,
    String name,
    String path) {

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
