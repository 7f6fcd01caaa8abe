// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.history;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.reconcile.Api;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/// What a ControllerRevision keeps: a strategic merge patch that puts a pod template back, written
/// as Go writes maps (names in order, no white space, what could be HTML escaped), so that the same
/// template has the same hash in every Kubernetes.
///
/// @param json the same as `tree`, in that form
public record TemplatePatch(ObjectNode tree, String json) {
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
  private static final int FNV_OFFSET = 0x811c9dc5;
  private static final int FNV_PRIME = 0x01000193;

  private static final String DIRECTIVE = "$patch";

  public static TemplatePatch of(JsonNode template) {
    ObjectNode patch = Api.object();
    ObjectNode kept = patch.putObject("spec").putObject("template");
    kept.setAll((ObjectNode) template);
    kept.put(DIRECTIVE, "replace");
    ObjectNode sorted = (ObjectNode) sorted(patch);
    StringBuilder out = new StringBuilder();
    write(sorted, out);
    return new TemplatePatch(sorted, out.toString());
  }

  /// Clients compare the bytes of revisions, so the API gets the names in order, too.
  private static JsonNode sorted(JsonNode node) {
    if (node.isObject()) {
      TreeMap<String, JsonNode> fields = new TreeMap<>();
      node.properties().forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
      return Api.object().setAll(fields);
    }
    if (node.isArray()) {
      ArrayNode all = Api.object().arrayNode();
      node.forEach(each -> all.add(sorted(each)));
      return all;
    }
    return node;
  }

  /// The template in the data of a revision, empty when there is none.
  static ObjectNode template(JsonNode data) {
    ObjectNode template = Api.object();
    if (data.path("spec").path("template") instanceof ObjectNode kept) {
      template.setAll(kept);
    }
    template.remove(DIRECTIVE);
    return template;
  }

  /// A short name: FNV-1 (32 bit), its decimal digits printed in an alphabet without vowels so that
  /// no words come out.
  ///
  /// @param probe what is added when another template has the name already
  public String hash(String probe) {
    int hash = FNV_OFFSET;
    for (byte each : (json + probe).getBytes(StandardCharsets.UTF_8)) {
      hash = (hash * FNV_PRIME) ^ (each & 0xff);
    }
    StringBuilder name = new StringBuilder();
    for (char digit : Integer.toUnsignedString(hash).toCharArray()) {
      name.append(ALPHABET.charAt(digit % ALPHABET.length()));
    }
    return name.toString();
  }

  private static void write(JsonNode node, StringBuilder out) {
    if (node.isObject()) {
      char before = '{';
      for (var field : node.properties()) {
        out.append(before);
        text(field.getKey(), out);
        write(field.getValue(), out.append(':'));
        before = ',';
      }
      out.append(node.isEmpty() ? "{}" : "}");
    } else if (node.isArray()) {
      char before = '[';
      for (JsonNode each : node) {
        write(each, out.append(before));
        before = ',';
      }
      out.append(node.isEmpty() ? "[]" : "]");
    } else if (node instanceof TextNode text) {
      text(text.textValue(), out);
    } else {
      out.append(node);
    }
  }

  private static void text(String text, StringBuilder out) {
    out.append('"');
    for (char each : text.toCharArray()) {
      switch (each) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '<', '>', '&', '\u2028', '\u2029' -> escape(each, out);
        default -> {
          if (each < ' ') {
            escape(each, out);
          } else {
            out.append(each);
          }
        }
      }
    }
    out.append('"');
  }

  private static void escape(char each, StringBuilder out) {
    out.append("\\u%04x".formatted((int) each));
  }
}
