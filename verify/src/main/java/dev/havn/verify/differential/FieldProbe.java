// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds an object in which one field is set and which a real Kubernetes takes, by doing what it
/// answers to the tries before: what is required is added, what is forbidden taken away, what is
/// not supported replaced. When nothing helps, the last try stands: the field is refused.
final class FieldProbe {
  private static final int TRIES_MAX = 12;
  private static final Pattern SUPPORTED = Pattern.compile("supported values: \"([^\"]*)\"");

  private final Answers real;
  private final FieldPath field;
  private final Function<ObjectNode, Answers.Call> attempt;
  private final Map<String, Integer> tried = new HashMap<>();
  private final Schema.Struct schema;

  /// @param attempt the request that shows whether an object is taken, and changes nothing
  FieldProbe(
      Answers real,
      ResourceType type,
      FieldPath field,
      Function<ObjectNode, Answers.Call> attempt) {
    this.real = real;
    this.field = field;
    this.attempt = attempt;
    this.schema = type.schema();
  }

  /// The one of `seeds` that has most of what leads to the field.
  static ObjectNode nearest(List<ObjectNode> seeds, FieldPath field) {
    ObjectNode best = seeds.getFirst();
    int deepest = -1;
    for (ObjectNode each : seeds) {
      int depth = 0;
      while (depth < field.steps().size()
          && !new FieldPath(field.steps().subList(0, depth + 1)).in(each).isMissingNode()) {
        depth++;
      }
      if (depth > deepest) {
        deepest = depth;
        best = each;
      }
    }
    return best.deepCopy();
  }

  /// @param object a valid object, changed in place
  /// @return whether it was taken
  boolean fit(ObjectNode object) {
    Schema of = Objects.requireNonNull(field.of(schema), field::toString);
    field.put(object, schema, Samples.of(of).getFirst().deepCopy());
    for (int i = 0; i < TRIES_MAX; i++) {
      Answers.Answer answer = real.send(attempt.apply(object));
      if (answer.status() < 300) {
        return true;
      }
      JsonNode causes = answer.body().path("details").path("causes");
      boolean changed = false;
      for (JsonNode cause : causes) {
        changed |= heal(object, cause);
      }
      if (causes.isEmpty()) {
        changed = next(object, field);
      }
      if (!changed) {
        return false;
      }
    }
    return false;
  }

  private boolean heal(ObjectNode object, JsonNode cause) {
    FieldPath at = FieldPath.parse(cause.path("field").asText());
    String message = cause.path("message").asText();
    if (at.isEmpty()) {
      return next(object, field);
    }
    return switch (cause.path("reason").asText()) {
      case "FieldValueRequired" -> require(object, at);
      case "FieldValueNotSupported" -> {
        Matcher supported = SUPPORTED.matcher(message);
        yield supported.find() && once(at, supported.group(1))
            ? set(object, at, JsonNodeFactory.instance.textNode(supported.group(1)))
            : next(object, at);
      }
      case "FieldValueForbidden" -> forbid(object, at, message);
      default -> next(object, at.in(object).isValueNode() ? at : field);
    };
  }

  private boolean once(FieldPath at, String what) {
    return tried.putIfAbsent(at + "=" + what, 1) == null;
  }

  private boolean set(ObjectNode object, FieldPath at, JsonNode value) {
    if (at.of(schema) == null) {
      return false;
    }
    at.put(object, schema, value);
    return true;
  }

  private boolean require(ObjectNode object, FieldPath at) {
    @Nullable Schema of = at.of(schema);
    if (of == null || !once(at, "required")) {
      return next(object, field);
    }
    JsonNode there = at.in(object);
    boolean absent = there.isMissingNode() || there.isEmpty() && !there.asText().matches(".+");
    return absent ? set(object, at, Samples.minimal(of, 2)) : next(object, at);
  }

  private boolean forbid(ObjectNode object, FieldPath at, String message) {
    if (message.contains("more than 1") || at.leadsTo(field)) {
      return once(at.parent(), "alone") && alone(object);
    }
    at.remove(object);
    return once(at, "removed");
  }

  /// Takes away the structs beside what leads to the field: they may exclude each other.
  private boolean alone(ObjectNode object) {
    boolean changed = false;
    for (int i = 2; i < field.steps().size(); i++) {
      FieldPath holder = new FieldPath(field.steps().subList(0, i));
      if (holder.in(object) instanceof ObjectNode struct) {
        List<String> others = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : struct.properties()) {
          boolean other = each.getValue().isObject() && !each.getKey().equals(field.steps().get(i));
          if (other && i > 2 && holder.of(schema) instanceof Schema.Struct) {
            others.add(each.getKey());
          }
        }
        changed |= !others.isEmpty();
        struct.remove(others);
      } else if (holder.in(object) instanceof ArrayNode array && array.size() > 1) {
        while (array.size() > 1) {
          array.remove(1);
        }
        changed = true;
      }
    }
    return changed;
  }

  /// Another value at a place.
  private boolean next(ObjectNode object, FieldPath at) {
    @Nullable Schema of = at.of(schema);
    if (of == null) {
      return false;
    }
    List<JsonNode> samples = Samples.of(of);
    int index = tried.merge(at.toString(), 1, Integer::sum);
    return index < samples.size() && set(object, at, samples.get(index).deepCopy());
  }
}
