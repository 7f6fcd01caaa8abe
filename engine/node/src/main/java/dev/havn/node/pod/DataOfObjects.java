// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The `data` of the ConfigMaps and Secrets that a container's variables come from, each read once:
/// a container may name the same one, or many large ones, thousands of times.
final class DataOfObjects {
  private static final int BYTES_MAX = 16 << 20;

  private final PodApi api;
  private final Map<String, Optional<JsonNode>> known = new HashMap<>();
  private final ByteBudget budget;

  /// @param container its name
  DataOfObjects(PodApi api, String container) {
    this.api = api;
    this.budget =
        new ByteBudget(
            BYTES_MAX,
            "ConfigMaps and Secrets for variables of container %s have more than %d bytes together: name fewer or smaller ones, or mount them"
                .formatted(container, BYTES_MAX));
  }

  /// @return empty when there is no such object
  /// @throws StartException where it is too much
  Optional<JsonNode> find(String path) {
    Optional<JsonNode> data = known.get(path);
    if (data == null) {
      data = api.find(path).map(each -> each.path("data"));
      data.ifPresent(this::take);
      known.put(path, data);
    }
    return data;
  }

  private void take(JsonNode data) {
    data.properties()
        .forEach(each -> budget.take(each.getKey().length() + each.getValue().asText().length()));
  }
}
