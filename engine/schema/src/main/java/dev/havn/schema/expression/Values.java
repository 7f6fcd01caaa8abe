// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.UnsignedLong;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// JSON as values of the language and back. Objects are maps: a field that is not there is an
/// error, as with Kubernetes' dynamic objects.
public final class Values {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private Values() {}

  /// The value of a tree; null and what is missing are the language's `null`.
  public static Object of(@Nullable JsonNode tree) {
    if (tree == null) {
      return NullValue.NULL_VALUE;
    }
    return switch (tree.getNodeType()) {
      case OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        tree.properties().forEach(each -> map.put(each.getKey(), of(each.getValue())));
        yield map;
      }
      case ARRAY -> {
        List<Object> list = new ArrayList<>();
        tree.forEach(each -> list.add(of(each)));
        yield list;
      }
      case STRING -> tree.textValue();
      case BOOLEAN -> tree.booleanValue();
      case NUMBER ->
          tree.isIntegralNumber() ? (Object) tree.longValue() : (Object) tree.doubleValue();
      case NULL, MISSING, BINARY, POJO -> NullValue.NULL_VALUE;
    };
  }

  /// A value as JSON.
  ///
  /// @throws IllegalArgumentException when it has no form in JSON
  public static JsonNode toJson(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        ObjectNode object = JSON.objectNode();
        map.forEach(
            (key, each) -> {
              if (!(each instanceof Optional<?> optional) || optional.isPresent()) {
                object.set(String.valueOf(key), toJson(each));
              }
            });
        yield object;
      }
      case Iterable<?> list -> {
        ArrayNode array = JSON.arrayNode();
        list.forEach(each -> array.add(toJson(each)));
        yield array;
      }
      case String text -> JSON.textNode(text);
      case Boolean flag -> JSON.booleanNode(flag);
      case Long number -> number(number);
      case Integer number -> JSON.numberNode(number);
      case UnsignedLong number -> JSON.numberNode(number.bigIntegerValue());
      case Double number -> JSON.numberNode(number);
      case CelByteString bytes ->
          JSON.textNode(Base64.getEncoder().encodeToString(bytes.toByteArray()));
      case Instant time -> JSON.textNode(time.toString());
      case Duration duration -> JSON.textNode(duration.toMillis() / 1_000.0 + "s");
      case NullValue _ -> JSON.nullNode();
      case Optional<?> optional when optional.isPresent() -> toJson(optional.get());
      default ->
          throw new IllegalArgumentException(
              "a value of " + value.getClass().getSimpleName() + " has no form in JSON");
    };
  }

  private static JsonNode number(long value) {
    return value == (int) value ? JSON.numberNode((int) value) : JSON.numberNode(value);
  }
}
