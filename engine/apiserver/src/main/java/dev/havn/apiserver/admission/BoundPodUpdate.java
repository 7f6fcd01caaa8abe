// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A change of a pod that has a node.
///
/// @param before the pod's spec
/// @param after the pod's spec
/// @param node its name
record BoundPodUpdate(Admission.Write write, JsonNode before, JsonNode after, String node) {
  /// Empty for every other write.
  static Optional<BoundPodUpdate> of(Admission.Write write, Set<String> subresources) {
    @Nullable ObjectNode before = write.before();
    JsonNode after = write.object().path("spec");
    String node = after.path("nodeName").asText("");
    boolean isOne =
        write.operation() == Admission.Operation.UPDATE
            && write.type().builtinKind().equals("Pod")
            && subresources.contains(write.subresource())
            && !node.isEmpty();
    return before == null || !isOne
        ? Optional.empty()
        : Optional.of(new BoundPodUpdate(write, before.path("spec"), after, node));
  }

  /// @throws ApiException when it is gone
  ObjectNode read(Objects objects) {
    @Nullable ObjectNode found = objects.read("v1", "nodes", "", node);
    if (found == null) {
      throw forbidden("node \"" + node + "\" not found");
    }
    return found;
  }

  ApiException forbidden(String why) {
    return ApiException.forbidden(write.type(), write.name(), why);
  }
}
