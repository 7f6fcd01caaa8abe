// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import dev.havn.schema.custom.CustomResource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One served resource: a kind in one version of one API group, with its names, scope and schema.
///
/// @param group empty for the core group
/// @param plural the name in paths, such as `pods`
/// @param verbs the verbs discovery lists, alphabetical
/// @param subresources served below an object
/// @param custom what a CustomResourceDefinition says besides, null for kinds of Kubernetes itself
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
    Schema.Struct schema,
    @Nullable CustomResource custom) {

  /// One of Kubernetes' own.
  public ResourceType(
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
    this(
        group,
        version,
        kind,
        plural,
        singular,
        shortNames,
        categories,
        namespaced,
        verbs,
        subresources,
        schema,
        null);
  }

  /// The kind by which strategies and rules are chosen: a custom kind has none, whatever it is
  /// called.
  public String builtinKind() {
    return custom == null ? kind : "";
  }

  /// Something served below an object, such as `pods/exec`.
  ///
  /// @param name `status`, `scale`, `exec`, ...
  /// @param group the group of the kind it speaks (`autoscaling` for a scale)
  /// @param version the version of the kind it speaks
  /// @param kind the kind it speaks, such as `Scale` or `PodExecOptions`
  public record Subresource(
      String name, String group, String version, String kind, Set<String> verbs) {}

  /// The kind of a list of these.
  public String listKind() {
    return custom == null ? kind + "List" : custom.listKind();
  }

  /// `v1` or `apps/v1`.
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /// `pods` or `deployments.apps`, as Kubernetes' messages name a resource.
  public String qualifiedName() {
    return group.isEmpty() ? plural : plural + "." + group;
  }
}
