// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import java.util.List;
import java.util.Set;

/// One served resource: a kind in one version of one API group, with its names, scope and schema.
///
/// @param group empty for the core group
/// @param plural the name in paths, such as `pods`
/// @param verbs the verbs discovery lists, alphabetical
/// @param subresources served below an object
public record ResourceType(
    String group,
    String version,
    String kind,
    String plural,
    String singular,
    List<String> shortNames,
    List<String> categories,
    boolean namespaced,
    Set<String> verbs,
    List<Subresource> subresources,
    Schema.Struct schema) {

  /// Something served below an object, such as `pods/exec`.
  ///
  /// @param name `status`, `scale`, `exec`, ...
  /// @param group the group of the kind it speaks (`autoscaling` for a scale)
  /// @param version the version of the kind it speaks
  /// @param kind the kind it speaks, such as `Scale` or `PodExecOptions`
  public record Subresource(
      String name, String group, String version, String kind, Set<String> verbs) {}

  /// `v1` or `apps/v1`.
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /// `pods` or `deployments.apps`, as Kubernetes' messages name a resource.
  public String qualifiedName() {
    return group.isEmpty() ? plural : plural + "." + group;
  }
}
