// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.pod.GoldenPods;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// An API that is a table.
final class TableCsiApi implements CsiApi {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Map<String, JsonNode> objects = new TreeMap<>();

  synchronized TableCsiApi with(String path, String yaml) {
    objects.put(path, GoldenPods.tree(yaml));
    return this;
  }

  synchronized void remove(String path) {
    objects.remove(path);
  }

  @Override
  public synchronized Optional<JsonNode> find(String path) {
    return Optional.ofNullable(objects.get(path)).map(JsonNode::deepCopy);
  }

  JsonNode get(String path) {
    return find(path).orElseThrow();
  }

  @Override
  public synchronized JsonNode create(String path, String json) {
    try {
      JsonNode created = JSON.readTree(json);
      objects.put(path + "/" + created.path("metadata").path("name").asText(), created);
      return created;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized JsonNode merge(String path, JsonNode patch) {
    String object = path.replaceAll("/status$", "");
    JsonNode merged = merged(objects.get(object), patch);
    objects.put(object, merged);
    return merged;
  }

  /// RFC 7396.
  private static JsonNode merged(JsonNode before, JsonNode patch) {
    if (!patch.isObject()) {
      return patch;
    }
    ObjectNode after =
        before != null && before.isObject() ? before.deepCopy() : JSON.createObjectNode();
    patch
        .properties()
        .forEach(
            each -> {
              if (each.getValue().isNull()) {
                after.remove(each.getKey());
              } else {
                after.set(each.getKey(), merged(after.get(each.getKey()), each.getValue()));
              }
            });
    return after;
  }
}
