// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The plugin PodTopologyLabels (KEP-4742): a pod that gets a node gets the labels that say where
/// that is.
public final class TopologyLabels implements Admission {
  private static final List<String> LABELS =
      List.of("topology.kubernetes.io/zone", "topology.kubernetes.io/region");

  private final Objects objects;

  public TopologyLabels(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void admit(Write write) {
    boolean pod = write.type().group().isEmpty() && write.type().plural().equals("pods");
    boolean created = write.operation() == Operation.CREATE && write.subresource().isEmpty();
    boolean bound = write.operation() == Operation.UPDATE && write.subresource().equals("binding");
    if (!pod || !(created || bound)) {
      return;
    }
    String node = write.object().path("spec").path("nodeName").asText("");
    if (node.isEmpty()) {
      return;
    }
    @Nullable ObjectNode found = objects.read("v1", "nodes", "", node);
    if (found == null) {
      return;
    }
    for (String label : LABELS) {
      JsonNode value = found.path("metadata").path("labels").path(label);
      if (value.isTextual()) {
        write
            .object()
            .withObjectProperty("metadata")
            .withObjectProperty("labels")
            .set(label, value);
      }
    }
  }
}
