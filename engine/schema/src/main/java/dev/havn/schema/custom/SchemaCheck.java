// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.re2j.Pattern;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.FormatSyntax;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Validates values against the JSON schema of a CustomResourceDefinition (OpenAPI 3.0 as of
/// Kubernetes), in Kubernetes' words. What stood there before in the same way is not looked at
/// again (KEP-4008): so an object that a newer schema would refuse can still be changed elsewhere.
///
/// Safe for many threads; patterns are compiled once.
final class SchemaCheck {
  private final Map<String, Pattern> patterns = new ConcurrentHashMap<>();

  /// What came of a schema.
  ///
  /// @param matches counts the checks that were made: of several schemas of which none holds, the
  ///   one with most is told of
  private record Verdict(List<FieldError> errors, int[] matches) {
    Verdict() {
      this(new ArrayList<>(), new int[1]);
    }

    boolean isValid() {
      return errors.isEmpty();
    }

    void add(Verdict other) {
      errors.addAll(other.errors);
      matches[0] += other.matches[0];
    }

    void count() {
      matches[0]++;
    }
  }

  /// A value with what stood in its place before.
  ///
  /// @param before null when nothing did, or it cannot be told what
  private record Place(JsonNode value, @Nullable JsonNode before, String path) {
    boolean isUnchanged() {
      return before != null && before.equals(value);
    }

    Place below(String field, boolean correlates) {
      @Nullable JsonNode old = before == null || !correlates ? null : before.get(field);
      return new Place(value.path(field), old, path.isEmpty() ? field : path + "." + field);
    }

    Place item(int index, @Nullable JsonNode old) {
      return new Place(value.path(index), old, path + "[" + index + "]");
    }
  }

  /// @param before what stood there, or null for something new
  /// @param prefix the field that the value is, with which paths begin; empty for the object
  List<FieldError> check(
      JsonNode value, @Nullable JsonNode before, JsonNode schema, String prefix) {
    List<FieldError> errors = ratcheted(new Place(value, before, ""), schema).errors();
    return prefix.isEmpty() ? errors : errors.stream().map(error -> below(prefix, error)).toList();
  }

  private static FieldError below(String prefix, FieldError error) {
    String field = error.field();
    String place =
        field.equals("<nil>") || field.isEmpty()
            ? prefix
            : field.startsWith("[") ? prefix + field : prefix + "." + field;
    return new FieldError(error.type(), place, error.value(), error.detail());
  }

  private Verdict ratcheted(Place place, JsonNode schema) {
    return place.isUnchanged() ? new Verdict() : schema(place, schema);
  }

  private Verdict schema(Place place, JsonNode schema) {
    Verdict verdict = new Verdict();
    JsonNode value = place.value();
    List<String> types = SchemaTypeCheck.types(schema);
    String format = FormatSyntax.supported(schema, types);
    SchemaTypeCheck.check(value, place.path(), types, format, schema, verdict.errors());
    verdict.count();
    if (value.isNull()) {
      enumeration(place, schema, verdict);
      return verdict;
    }
    junctors(place, schema, verdict);
    if (value.isTextual()) {
      text(place, schema, format, verdict);
    } else if (value.isNumber()) {
      NumberCheck.check(value, place.path(), types, format, schema, verdict.errors());
      verdict.count();
    } else if (value.isArray()) {
      items(place, schema, verdict);
    }
    enumeration(place, schema, verdict);
    if (value.isObject()) {
      object(place, schema, verdict);
    }
    verdict.count();
    return verdict;
  }

  private void junctors(Place place, JsonNode schema, Verdict verdict) {
    if (!schema.path("anyOf").isEmpty()) {
      anyOf(place, schema.path("anyOf"), verdict);
    }
    if (!schema.path("oneOf").isEmpty()) {
      oneOf(place, schema.path("oneOf"), verdict);
    }
    if (!schema.path("allOf").isEmpty()) {
      allOf(place, schema.path("allOf"), verdict);
    }
    if (schema.has("not") && schema(place, schema.get("not")).isValid()) {
      verdict.errors().add(composite(place, "must not validate the schema (not)"));
    }
    verdict.count();
  }

  private void anyOf(Place place, JsonNode schemas, Verdict verdict) {
    @Nullable Verdict best = null;
    for (JsonNode each : schemas) {
      Verdict one = schema(place, each);
      if (one.isValid()) {
        verdict.add(one);
        return;
      }
      best = better(best, one);
    }
    verdict.errors().add(composite(place, "must validate at least one schema (anyOf)"));
    if (best != null) {
      verdict.add(best);
    }
  }

  private static Verdict better(@Nullable Verdict best, Verdict one) {
    return best == null || one.matches()[0] > best.matches()[0] ? one : best;
  }

  private void oneOf(Place place, JsonNode schemas, Verdict verdict) {
    @Nullable Verdict best = null;
    int valid = 0;
    for (JsonNode each : schemas) {
      Verdict one = schema(place, each);
      if (one.isValid()) {
        valid++;
        best = null;
        if (valid == 1) {
          verdict.matches()[0] += one.matches()[0];
        }
      } else if (valid == 0) {
        best = better(best, one);
      }
    }
    if (valid == 1) {
      return;
    }
    String found = valid == 0 ? "Found none valid" : "Found " + valid + " valid alternatives";
    verdict
        .errors()
        .add(composite(place, "must validate one and only one schema (oneOf). " + found));
    if (best != null) {
      verdict.add(best);
    }
  }

  private void allOf(Place place, JsonNode schemas, Verdict verdict) {
    int valid = 0;
    for (JsonNode each : schemas) {
      Verdict one = schema(place, each);
      valid += one.isValid() ? 1 : 0;
      verdict.add(one);
    }
    if (valid < schemas.size()) {
      String none = valid == 0 ? ". None validated" : "";
      verdict.errors().add(composite(place, "must validate all the schemas (allOf)" + none));
    }
  }

  /// What is not said of one field but in its place.
  private static FieldError composite(Place place, String words) {
    return FieldError.invalid("<nil>", "", "\"" + place.path() + "\" " + words);
  }

  private static FieldError invalid(Place place, JsonNode value, String words) {
    return FieldError.invalid(place.path(), value, place.path() + " in body " + words);
  }

  private void text(Place place, JsonNode schema, String format, Verdict verdict) {
    String text = place.value().asText();
    int chars = text.codePointCount(0, text.length());
    JsonNode most = schema.path("maxLength");
    JsonNode least = schema.path("minLength");
    if (most.isNumber() && chars > most.asLong()) {
      verdict.errors().add(FieldError.tooLong(place.path(), most.asInt()));
    } else if (least.isNumber() && chars < least.asLong()) {
      String words = "should be at least %d chars long".formatted(least.asLong());
      verdict.errors().add(invalid(place, place.value(), words));
    } else {
      String pattern = schema.path("pattern").asText("");
      if (!pattern.isEmpty() && !compiled(pattern).matcher(text).find()) {
        String words = "should match '%s'".formatted(pattern);
        verdict.errors().add(invalid(place, place.value(), words));
      }
    }
    verdict.count();
    if (!format.isEmpty()) {
      if (!FormatSyntax.matches(format, text)) {
        verdict
            .errors()
            .add(
                FieldError.typeInvalid(
                    place.path(),
                    place.value(),
                    "%s in body must be of type %s: %s"
                        .formatted(place.path(), format, FieldError.quote(text))));
      }
      verdict.count();
    }
  }

  private Pattern compiled(String pattern) {
    return patterns.computeIfAbsent(pattern, Pattern::compile);
  }

  private void items(Place place, JsonNode schema, Verdict verdict) {
    ArrayNode array = (ArrayNode) place.value();
    JsonNode items = schema.path("items");
    if (items.isObject()) {
      Correlation old = Correlation.of(place.before(), schema);
      for (int i = 0; i < array.size(); i++) {
        verdict.add(ratcheted(place.item(i, old.of(array.get(i))), items));
      }
    }
    int size = array.size();
    JsonNode least = schema.path("minItems");
    JsonNode most = schema.path("maxItems");
    if (least.isNumber() && size < least.asLong()) {
      String words = "should have at least %d items".formatted(least.asLong());
      verdict.errors().add(invalid(place, array.numberNode(size), words));
    }
    if (most.isNumber() && size > most.asLong()) {
      verdict.errors().add(FieldError.tooMany(place.path(), size, most.asInt()));
    }
    verdict.count();
    verdict.count();
  }

  private static void enumeration(Place place, JsonNode schema, Verdict verdict) {
    JsonNode allowed = schema.path("enum");
    if (allowed.isEmpty()) {
      return;
    }
    List<String> shown = new ArrayList<>();
    for (JsonNode each : allowed) {
      if (each.equals(place.value())
          || each.isNumber()
              && place.value().isNumber()
              && each.decimalValue().compareTo(place.value().decimalValue()) == 0) {
        verdict.count();
        return;
      }
      shown.add(each.isTextual() ? each.asText() : each.toString());
    }
    verdict.errors().add(FieldError.notSupported(place.path(), place.value(), shown));
  }

  private void object(Place place, JsonNode schema, Verdict verdict) {
    ObjectNode object = (ObjectNode) place.value();
    counts(place, schema, verdict);
    JsonNode properties = schema.path("properties");
    JsonNode additional = schema.path("additionalProperties");
    boolean closed = additional.isBoolean() && !additional.asBoolean();
    Map<String, JsonNode> sorted = new TreeMap<>();
    object.properties().forEach(each -> sorted.put(each.getKey(), each.getValue()));
    for (String name : sorted.keySet()) {
      if (properties.has(name)) {
        continue;
      }
      if (closed) {
        String where = place.path() + "." + name;
        verdict
            .errors()
            .add(
                FieldError.invalid(place.path(), name, where + " in body is a forbidden property"));
      } else if (additional.isObject()) {
        verdict.add(ratcheted(place.below(name, true), additional));
      }
    }
    for (String name : sorted.keySet()) {
      if (properties.has(name)) {
        boolean correlates = !place.path().isEmpty() || !isOfType(name);
        verdict.add(ratcheted(place.below(name, correlates), properties.get(name)));
      }
    }
    for (JsonNode each : schema.path("required")) {
      if (!object.has(each.asText())) {
        String name = each.asText();
        String where = place.path().isEmpty() ? name : place.path() + "." + name;
        verdict.errors().add(FieldError.required(where, ""));
      }
    }
    verdict.count();
  }

  /// Both are shown in the version that is asked for, so nothing is known of what they were.
  private static boolean isOfType(String field) {
    return field.equals("kind") || field.equals("apiVersion");
  }

  private static void counts(Place place, JsonNode schema, Verdict verdict) {
    int size = place.value().size();
    JsonNode least = schema.path("minProperties");
    JsonNode most = schema.path("maxProperties");
    if (least.isNumber() && size < least.asLong()) {
      String words = "should have at least %d properties".formatted(least.asLong());
      verdict.errors().add(invalid(place, ((ObjectNode) place.value()).numberNode(size), words));
    }
    if (most.isNumber() && size > most.asLong()) {
      verdict.errors().add(FieldError.tooMany(place.path(), size, most.asInt()));
    }
  }
}
