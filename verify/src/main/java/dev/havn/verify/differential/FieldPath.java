// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A place in an object, written as Kubernetes' errors do: `spec.ports[0].name`,
/// `metadata.labels[key]`.
record FieldPath(List<String> steps) {
  private static final Pattern STEP = Pattern.compile("\\.?([^.\\[\\]]+)|\\[([^\\]]*)\\]");

  static FieldPath parse(String text) {
    List<String> steps = new ArrayList<>();
    Matcher matcher = STEP.matcher(text);
    while (matcher.find()) {
      steps.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }
    return new FieldPath(steps);
  }

  FieldPath with(String step) {
    List<String> longer = new ArrayList<>(steps);
    longer.add(step);
    return new FieldPath(longer);
  }

  FieldPath parent() {
    return new FieldPath(steps.subList(0, steps.size() - 1));
  }

  String last() {
    return steps.getLast();
  }

  boolean isEmpty() {
    return steps.isEmpty();
  }

  boolean leadsTo(FieldPath other) {
    return steps.size() <= other.steps.size() && other.steps.subList(0, steps.size()).equals(steps);
  }

  /// What stands there, or a missing node.
  JsonNode in(JsonNode object) {
    JsonNode node = object;
    for (String step : steps) {
      node = node.isArray() ? node.path(index(step)) : node.path(step);
    }
    return node;
  }

  /// What may stand there, or null where the schema knows no such place.
  @Nullable Schema of(Schema.Struct type) {
    @Nullable Schema schema = type;
    for (String step : steps) {
      schema =
          switch (schema) {
            case Schema.Struct struct -> {
              Schema.@Nullable Field field = struct.field(step);
              yield field == null ? null : field.schema();
            }
            case Schema.ListOf list -> list.items();
            case Schema.MapOf map -> map.values();
            case Schema.Scalar _, Schema.Any _ -> null;
            case null -> null;
          };
    }
    return schema;
  }

  /// Puts a value there, and containers where they are missing on the way.
  void put(ObjectNode object, Schema.Struct type, JsonNode value) {
    JsonNode node = object;
    for (int i = 0; i < steps.size(); i++) {
      String step = steps.get(i);
      FieldPath here = new FieldPath(steps.subList(0, i + 1));
      boolean last = i == steps.size() - 1;
      JsonNode next = last ? MissingNode.getInstance() : here.in(object);
      if (!next.isContainerNode()) {
        @Nullable Schema schema = here.of(type);
        next = last || schema == null ? value : Samples.minimal(schema, 2);
        if (!last && next instanceof ArrayNode array && array.isEmpty()) {
          array.addObject();
        }
      } else if (next instanceof ArrayNode array && array.isEmpty()) {
        array.add(JsonNodeFactory.instance.objectNode());
      }
      if (node instanceof ArrayNode array) {
        int index = index(step);
        if (index < array.size()) {
          array.set(index, next);
        } else {
          array.add(next);
        }
      } else if (node instanceof ObjectNode holder) {
        holder.set(step, next);
      }
      node = next;
    }
  }

  void remove(ObjectNode object) {
    JsonNode holder = parent().in(object);
    if (holder instanceof ObjectNode struct) {
      struct.remove(last());
    } else if (holder instanceof ArrayNode list && index(last()) < list.size()) {
      list.remove(index(last()));
    }
  }

  private static int index(String step) {
    return step.matches("[0-9]{1,6}") ? Integer.parseInt(step) : Integer.MAX_VALUE;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (String step : steps) {
      boolean item = step.equals("key") || step.matches("[0-9]+");
      text.append(item ? "[" : text.isEmpty() ? "" : ".").append(step).append(item ? "]" : "");
    }
    return text.toString();
  }
}
