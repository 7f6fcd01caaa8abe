// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The move from client-side to server-side apply. What kubectl once applied on its side is written
/// in an annotation: a field that still stands as it was applied then is kubectl's own, whoever is
/// booked as its owner. The annotation follows, so that there is a way back.
public final class LastApplied {
  private static final JsonMapper SORTED =
      JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();

  private static final String ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

  /// Other managers have opted out by their name.
  private static final String KUBECTL = "kubectl";

  private static final int ANNOTATIONS_CHARS_MAX = 256 * 1024;

  private LastApplied() {}

  /// As [ManagedFields#applied].
  public static ObjectNode applied(
      ObjectNode live,
      ObjectNode config,
      Schema.Struct type,
      ManagedFields.Writer writer,
      boolean force,
      Set<String> unowned) {
    String last = live.at("/metadata/annotations").path(ANNOTATION).asText("");
    if (!writer.manager().equals(KUBECTL) || last.isEmpty()) {
      return ManagedFields.applied(live, config, type, writer, force, unowned);
    }
    ObjectNode result;
    try {
      result = ManagedFields.applied(live, config, type, writer, force, unowned);
    } catch (ConflictException contested) {
      List<ConflictException.Conflict> left = contested.without(own(last, live, type));
      if (!left.isEmpty()) {
        throw new ConflictException(left);
      }
      result = ManagedFields.applied(live, config, type, writer, true, unowned);
    }
    note(result, config);
    return result;
  }

  private static Set<String> own(String last, ObjectNode live, Schema.Struct type) {
    @Nullable JsonNode applied;
    try {
      applied = SORTED.readTree(last);
    } catch (JsonProcessingException saysNothing) {
      applied = null;
    }
    return applied instanceof ObjectNode object
            && object.path("apiVersion").equals(live.path("apiVersion"))
        ? ManagedFields.unchanged(object, live, type)
        : Set.of();
  }

  private static void note(ObjectNode result, ObjectNode config) {
    ObjectNode noted = config.deepCopy();
    if (noted.at("/metadata/annotations") instanceof ObjectNode annotations) {
      annotations.remove(ANNOTATION);
    }
    ObjectNode annotations =
        result.withObjectProperty("metadata").withObjectProperty("annotations");
    annotations.put(ANNOTATION, escaped(noted));
    int chars = 0;
    for (var each : annotations.properties()) {
      chars += each.getKey().length() + each.getValue().asText().length();
    }
    if (chars > ANNOTATIONS_CHARS_MAX) {
      annotations.remove(ANNOTATION);
    }
  }

  /// Go writes characters that mean something in HTML as escapes, and a line's end at the end.
  private static String escaped(ObjectNode tree) {
    try {
      return SORTED
              .writeValueAsString(tree)
              .replace("<", "\\u003c")
              .replace(">", "\\u003e")
              .replace("&", "\\u0026")
          + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
