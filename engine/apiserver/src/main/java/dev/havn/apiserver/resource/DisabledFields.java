// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.Map;

/// Fields of features that Kubernetes has, but does not turn on by default: nobody can set them,
/// and the answer shows that they were not taken.
final class DisabledFields {
  private static final Map<String, List<String>> OF_KIND =
      Map.of(
          "CSIDriver", List.of("spec.preventPodSchedulingIfMissing"),
          "Lease", List.of("spec.strategy", "spec.preferredHolder"),
          "Pod", List.of("status.nodeAllocatableResourceClaimStatuses"));

  private DisabledFields() {}

  /// @param before what stood there; an empty object when there was nothing. What it has may stay.
  static void drop(ResourceType type, ObjectNode before, ObjectNode after) {
    for (String path : OF_KIND.getOrDefault(type.builtinKind(), List.of())) {
      int dot = path.lastIndexOf('.');
      String pointer = "/" + path.replace('.', '/');
      if (before.at(pointer).isMissingNode()
          && after.at("/" + path.substring(0, dot).replace('.', '/')) instanceof ObjectNode owner) {
        owner.remove(path.substring(dot + 1));
      }
    }
  }
}
