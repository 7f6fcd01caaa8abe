// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// JSON patch (RFC 6902) with the messages that kube-apiserver's library gives.
public final class JsonPatch {
  public static final int OPERATIONS_MAX = 10_000;

  /// A few operations could double a document again and again.
  private static final long COPIED_CHARS_MAX = 3 << 20;

  private JsonPatch() {}

  /// The target after all operations; the target itself is not changed.
  ///
  /// @throws PatchException malformed when the patch is no list of operations, else unprocessable
  public static JsonNode apply(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ArrayNode operations)) {
      throw PatchException.malformed(
          "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    }
    if (operations.size() > OPERATIONS_MAX) {
      throw PatchException.malformed(
          "The allowed maximum operations in a JSON patch is %d, got %d"
              .formatted(OPERATIONS_MAX, operations.size()));
    }
    JsonNode result = target.deepCopy();
    long copied = 0;
    for (JsonNode operation : operations) {
      if (operation.path("op").asText().equals("copy")) {
        copied += copied(result, operation.path("from").asText()).toString().length();
        if (copied > COPIED_CHARS_MAX) {
          throw PatchException.unprocessable(
              "Unable to complete the copy, the accumulated size increase of copy is %d, exceeding the limit %d"
                  .formatted(copied, COPIED_CHARS_MAX));
        }
      }
      result = apply(result, operation.path("op").asText(), operation);
      sort(result, segments(operation.path("path").asText()));
    }
    return result;
  }

  private static JsonNode apply(JsonNode document, String op, JsonNode operation) {
    String path = operation.path("path").asText();
    return switch (op) {
      case "add" -> add(document, path, value(operation, op), op);
      case "remove" -> remove(document, path, op);
      case "replace" -> replace(document, path, value(operation, op));
      case "move" -> {
        String from = operation.path("from").asText();
        JsonNode moved = get(document, from, op);
        yield add(remove(document, from, op), path, moved, op);
      }
      case "copy" -> add(document, path, copied(document, operation.path("from").asText()), op);
      case "test" -> test(document, path, operation.path("value"));
      default ->
          throw PatchException.unprocessable("Unexpected kind: " + (op.isEmpty() ? "unknown" : op));
    };
  }

  /// What is not there is copied as null if its parent is there.
  private static JsonNode copied(JsonNode document, String from) {
    List<String> segments = segments(from);
    if (segments.isEmpty()) {
      throw missing("copy", from);
    }
    JsonNode parent = parent(document, segments, from, "copy");
    boolean absent = parent.isObject() && !parent.has(segments.getLast());
    return absent ? NullNode.getInstance() : get(document, from, "copy").deepCopy();
  }

  private static JsonNode value(JsonNode operation, String op) {
    if (!operation.has("value")) {
      throw PatchException.unprocessable(op + " operation does not apply: missing value");
    }
    return operation.get("value").deepCopy();
  }

  private static List<String> segments(String path) {
    List<String> segments = new ArrayList<>();
    for (String each : path.split("/", -1)) {
      segments.add(each.replace("~1", "/").replace("~0", "~"));
    }
    return segments.subList(1, Math.max(1, segments.size()));
  }

  /// Go's library makes maps of the objects on the way to what it changes, and writes them with
  /// their names in order: of several wrong values the first by name is told.
  private static void sort(JsonNode document, List<String> segments) {
    for (int i = 0; i < Math.max(1, segments.size()); i++) {
      if (find(document, segments.subList(0, i)) instanceof ObjectNode object) {
        Map<String, JsonNode> sorted = new TreeMap<>();
        object.properties().forEach(each -> sorted.put(each.getKey(), each.getValue()));
        object.removeAll();
        object.setAll(sorted);
      }
    }
  }

  private static @Nullable JsonNode find(JsonNode document, List<String> segments) {
    JsonNode node = document;
    for (String segment : segments) {
      @Nullable JsonNode next =
          node instanceof ArrayNode array
              ? (isIndex(segment) ? array.get(Integer.parseInt(segment)) : null)
              : node.get(segment);
      if (next == null) {
        return null;
      }
      node = next;
    }
    return node;
  }

  private static boolean isIndex(String segment) {
    return segment.matches("0|[1-9][0-9]{0,8}");
  }

  private static JsonNode get(JsonNode document, String path, String op) {
    @Nullable JsonNode found = find(document, segments(path));
    if (found == null) {
      throw missing(op, path);
    }
    return found;
  }

  private static JsonNode parent(JsonNode document, List<String> segments, String path, String op) {
    @Nullable JsonNode parent = find(document, segments.subList(0, segments.size() - 1));
    if (parent == null || !parent.isContainerNode()) {
      throw PatchException.unprocessable(
          "%s operation does not apply: doc is missing path: \"%s\": missing value"
              .formatted(op, path));
    }
    return parent;
  }

  private static JsonNode add(JsonNode document, String path, JsonNode value, String op) {
    List<String> segments = segments(path);
    if (segments.isEmpty()) {
      return value;
    }
    JsonNode parent = parent(document, segments, path, op);
    String last = segments.getLast();
    if (parent instanceof ArrayNode array) {
      int index = last.equals("-") ? array.size() : isIndex(last) ? Integer.parseInt(last) : -1;
      if (index < 0 || index > array.size()) {
        throw PatchException.unprocessable(
            "%s operation does not apply: doc is missing path: \"%s\": Unable to access invalid index: %s: invalid index referenced"
                .formatted(op, path, last));
      }
      array.insert(index, value);
    } else if (parent instanceof ObjectNode object) {
      object.set(last, value);
    }
    return document;
  }

  private static JsonNode remove(JsonNode document, String path, String op) {
    List<String> segments = segments(path);
    if (segments.isEmpty() || find(document, segments) == null) {
      throw segments.size() > 1 && find(document, segments.subList(0, segments.size() - 1)) == null
          ? PatchException.unprocessable(
              "%s operation does not apply: doc is missing path: \"%s\": missing value"
                  .formatted(op, path))
          : missingKey(op, path, segments.isEmpty() ? "" : segments.getLast());
    }
    JsonNode parent = parent(document, segments, path, op);
    if (parent instanceof ArrayNode array) {
      array.remove(Integer.parseInt(segments.getLast()));
    } else if (parent instanceof ObjectNode object) {
      object.remove(segments.getLast());
    }
    return document;
  }

  private static JsonNode replace(JsonNode document, String path, JsonNode value) {
    List<String> segments = segments(path);
    if (segments.isEmpty()) {
      return value;
    }
    @Nullable JsonNode owner = find(document, segments.subList(0, segments.size() - 1));
    boolean isMember = owner != null && owner.isObject();
    if (!isMember && find(document, segments) == null) {
      throw owner == null
          ? PatchException.unprocessable(
              "replace operation does not apply: doc is missing path: " + path + ": missing value")
          : PatchException.unprocessable(
              "replace operation does not apply: doc is missing key: " + path + ": missing value");
    }
    JsonNode parent = parent(document, segments, path, "replace");
    if (parent instanceof ArrayNode array) {
      array.set(Integer.parseInt(segments.getLast()), value);
    } else if (parent instanceof ObjectNode object) {
      object.set(segments.getLast(), value);
    }
    return document;
  }

  private static JsonNode test(JsonNode document, String path, JsonNode expected) {
    @Nullable JsonNode found = find(document, segments(path));
    boolean bothAbsent = found == null && (expected.isNull() || expected.isMissingNode());
    if (!bothAbsent && (found == null || !found.equals(expected))) {
      throw PatchException.unprocessable("testing value " + path + " failed: test failed");
    }
    return document;
  }

  private static PatchException missing(String op, String path) {
    return PatchException.unprocessable(
        "%s operation does not apply: doc is missing from path: %s: missing value"
            .formatted(op, path));
  }

  private static PatchException missingKey(String op, String path, String key) {
    return PatchException.unprocessable(
        "%s operation does not apply: doc is missing path: \"%s\": Unable to remove nonexistent key: %s: missing value"
            .formatted(op, path, key)
            .replace(
                "doc is missing path: \"" + path + "\"",
                "error in remove for path: '" + path + "'"));
  }
}
