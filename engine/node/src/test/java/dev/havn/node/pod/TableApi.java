// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What the API says, from a table.
final class TableApi implements PodApi {
  private final Map<String, JsonNode> objects = new HashMap<>();
  private final List<String> created = new ArrayList<>();
  private Supplier<JsonNode> answer = () -> GoldenPods.tree("{}");

  TableApi with(String path, String yaml) {
    objects.put(path, GoldenPods.tree(yaml));
    return this;
  }

  TableApi answering(Supplier<JsonNode> answer) {
    this.answer = answer;
    return this;
  }

  List<String> created() {
    return created;
  }

  @Override
  public Optional<JsonNode> find(String path) {
    return Optional.ofNullable(objects.get(path));
  }

  @Override
  public JsonNode create(String path, String json) {
    created.add(path + " " + json);
    return answer.get();
  }
}
