// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Patches made of an object: a part of it, or operations on it.
final class Fragment {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> OPERATIONS =
      List.of("replace", "replace", "remove", "add", "test", "copy", "move", "bogus");

  private final RandomGenerator random;

  Fragment(RandomGenerator random) {
    this.random = random;
  }

  /// A part of `object`, with what leads to it.
  ObjectNode of(ObjectNode object) {
    ObjectNode part = JSON.objectNode();
    List<String> names = names(object);
    for (String identity : List.of("name", "key", "type", "ip", "containerPort", "mountPath")) {
      if (object.has(identity) && random.nextInt(100) < 85) {
        part.set(identity, object.get(identity));
      }
    }
    if (names.isEmpty()) {
      return part;
    }
    for (int left = 1 + random.nextInt(2); left > 0; left--) {
      String name = names.get(random.nextInt(names.size()));
      JsonNode value = object.get(name);
      if (random.nextInt(100) < 8) {
        part.putNull(name);
      } else if (value instanceof ObjectNode inner && random.nextInt(100) < 85) {
        part.set(name, of(inner));
      } else if (value instanceof ArrayNode array
          && array.path(0) instanceof ObjectNode item
          && random.nextInt(100) < 75) {
        part.putArray(name).add(of(item));
      } else {
        part.set(name, value);
      }
    }
    return part;
  }

  /// The same with directives of a strategic merge patch in it, once in a while.
  ObjectNode strategic(ObjectNode object) {
    ObjectNode part = of(object);
    if (random.nextInt(100) < 25) {
      direct(part);
    }
    return part;
  }

  private void direct(ObjectNode part) {
    for (JsonNode value : part) {
      if (value instanceof ObjectNode inner && random.nextBoolean()) {
        direct(inner);
        return;
      } else if (value instanceof ArrayNode array && array.path(0) instanceof ObjectNode item) {
        item.put("$patch", random.nextBoolean() ? "delete" : "replace");
        return;
      }
    }
    part.put("$patch", List.of("replace", "delete", "merge", "bogus").get(random.nextInt(4)));
  }

  /// A JSON patch.
  ArrayNode operations(ObjectNode object) {
    ArrayNode patch = JSON.arrayNode();
    for (int left = 1 + random.nextInt(2); left > 0; left--) {
      ObjectNode operation = patch.addObject();
      String op = OPERATIONS.get(random.nextInt(OPERATIONS.size()));
      StringBuilder path = new StringBuilder();
      JsonNode value = walk(object, path);
      operation.put("op", op).put("path", path.toString());
      switch (op) {
        case "add" -> {
          operation.put("path", path + (random.nextBoolean() ? "" : "/-"));
          operation.set("value", value.deepCopy());
        }
        case "replace", "test" ->
            operation.set("value", random.nextBoolean() ? value : JSON.textNode("other"));
        case "copy", "move" -> operation.put("from", "/metadata/labels/app");
        default -> {}
      }
    }
    return patch;
  }

  private JsonNode walk(JsonNode node, StringBuilder path) {
    if (node instanceof ObjectNode object && !names(object).isEmpty() && goesOn(path)) {
      List<String> names = names(object);
      String name = names.get(random.nextInt(names.size()));
      path.append('/').append(name.replace("~", "~0").replace("/", "~1"));
      return walk(object.get(name), path);
    } else if (node instanceof ArrayNode array && !array.isEmpty() && goesOn(path)) {
      int index = random.nextInt(array.size());
      path.append('/').append(random.nextInt(100) < 10 ? 9 : index);
      return walk(array.get(index), path);
    }
    return node;
  }

  private boolean goesOn(StringBuilder path) {
    return path.isEmpty() || random.nextInt(100) < 80;
  }

  private static List<String> names(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    names.removeAll(List.of("apiVersion", "kind"));
    return names;
  }
}
