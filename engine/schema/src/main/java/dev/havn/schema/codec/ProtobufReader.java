// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Protobuf message to JSON tree, by schema. Zero values that Go's JSON would leave out are left
/// out.
final class ProtobufReader {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

  private static final long YEAR_0_SECONDS = -62_167_219_200L;
  private static final long YEAR_9999_SECONDS = 253_402_300_799L;

  private ProtobufReader() {}

  static ObjectNode read(byte[] bytes, Schema.Struct type) {
    return message(new Wire.Reader(bytes, 0, bytes.length), type);
  }

  private static ObjectNode message(Wire.Reader in, Schema.Struct type) {
    ObjectNode object = MAKE.objectNode();
    fields(in, Layout.of(type), List.of(), object);
    return object;
  }

  /// Fields by where they lie: the embedding messages' numbers, then their own.
  private record Layout(
      Schema.Struct type, Map<List<Integer>, Schema.Field> fields, Set<List<Integer>> embedded) {
    static Layout of(Schema.Struct type) {
      Map<List<Integer>, Schema.Field> fields = new HashMap<>();
      Set<List<Integer>> embedded = new HashSet<>();
      for (Schema.Field field : type.fields().values()) {
        fields.put(at(field.embedding(), field.number()), field);
        for (int i = 1; i <= field.embedding().size(); i++) {
          embedded.add(field.embedding().subList(0, i));
        }
      }
      return new Layout(type, fields, embedded);
    }
  }

  private static List<Integer> at(List<Integer> embedding, int number) {
    if (embedding.isEmpty()) {
      return List.of(number);
    }
    List<Integer> path = new ArrayList<>(embedding);
    path.add(number);
    return path;
  }

  private static void fields(
      Wire.Reader in, Layout layout, List<Integer> embedding, ObjectNode object) {
    while (in.hasMore()) {
      int tag = (int) in.varint();
      List<Integer> path = at(embedding, tag >>> 3);
      Schema.@Nullable Field field = layout.fields().get(path);
      if (field != null) {
        value(in, tag & 7, field, layout.type(), object);
      } else if (layout.embedded().contains(path) && (tag & 7) == Wire.BYTES) {
        fields(in.message(), layout, path, object);
      } else {
        in.skip(tag & 7);
      }
    }
  }

  private static void value(
      Wire.Reader in, int wireType, Schema.Field field, Schema.Struct owner, ObjectNode object) {
    String name = field.name();
    switch (field.schema()) {
      case Schema.ListOf list -> {
        ArrayNode array =
            object.get(name) instanceof ArrayNode present ? present : object.putArray(name);
        if (ProtobufWriter.isListMessage(owner, field.number())) {
          array.addAll(items(in.message(), list, owner));
        } else {
          array.add(single(in, wireType, list.items(), owner));
        }
      }
      case Schema.MapOf(Schema values, boolean _) -> {
        ObjectNode map =
            object.get(name) instanceof ObjectNode present ? present : object.putObject(name);
        entry(in.message(), values, owner, map);
      }
      case Schema.Struct struct -> {
        object.set(name, message(in.message(), struct));
      }
      case Schema.Scalar scalar -> {
        JsonNode read = single(in, wireType, scalar, owner);
        if (!isZero(read) || field.zero() != Schema.Zero.DROPPED) {
          object.set(name, read);
        }
      }
      case Schema.Any any -> {
        JsonNode read = single(in, wireType, any, owner);
        if (!read.isNull()) {
          object.set(name, read);
        }
      }
    }
  }

  private static boolean isZero(JsonNode node) {
    return node.isTextual() && node.asText().isEmpty()
        || node.isNumber() && node.asDouble() == 0
        || node.isBoolean() && !node.asBoolean()
        || node.isNull();
  }

  private static void entry(Wire.Reader in, Schema values, Schema.Struct owner, ObjectNode map) {
    String key = "";
    JsonNode value = values instanceof Schema.Scalar ? MAKE.textNode("") : MAKE.objectNode();
    while (in.hasMore()) {
      int tag = (int) in.varint();
      if (tag >>> 3 == 1) {
        key = in.text();
      } else if (tag >>> 3 == 2 && values instanceof Schema.ListOf list) {
        value = items(in.message(), list, owner);
      } else if (tag >>> 3 == 2) {
        value = single(in, tag & 7, values, owner);
      } else {
        in.skip(tag & 7);
      }
    }
    map.set(key, value);
  }

  private static ArrayNode items(Wire.Reader in, Schema.ListOf list, Schema.Struct owner) {
    ArrayNode array = MAKE.arrayNode();
    while (in.hasMore()) {
      int tag = (int) in.varint();
      array.add(single(in, tag & 7, list.items(), owner));
    }
    return array;
  }

  /// @param owner the type that has the field: a JSON schema is made of others
  private static JsonNode single(Wire.Reader in, int wireType, Schema schema, Schema.Struct owner) {
    return switch (schema) {
      case Schema.Struct struct -> message(in.message(), struct);
      case Schema.Scalar scalar -> scalar(in, wireType, scalar);
      case Schema.Any(Schema.Wire wire) -> any(in.message(), wire, owner);
      case Schema.ListOf list -> items(in.message(), list, owner);
      case Schema.MapOf _ -> throw new CodecException("proto: a map inside a list");
    };
  }

  private static JsonNode scalar(Wire.Reader in, int wireType, Schema.Scalar scalar) {
    return switch (scalar.type()) {
      case STRING ->
          switch (scalar.format()) {
            case "byte" -> MAKE.textNode(Base64.getEncoder().encodeToString(in.bytes()));
            case "date-time" -> time(in.message(), false);
            case "date-time-micro" -> time(in.message(), true);
            default -> MAKE.textNode(in.text());
          };
      case INTEGER -> Numbers.node(in.varint());
      case BOOLEAN -> MAKE.booleanNode(in.varint() != 0);
      case NUMBER ->
          wireType == Wire.FIXED64
              ? MAKE.numberNode(finite(Double.longBitsToDouble(in.fixed64())))
              : MAKE.numberNode(in.varint());
      case INT_OR_STRING -> intOrString(in.message());
      case QUANTITY -> MAKE.textNode(onlyText(in.message()));
    };
  }

  private static double finite(double number) {
    if (!Double.isFinite(number)) {
      throw new CodecException("json: unsupported value: " + GoText.number(number));
    }
    return number;
  }

  private static String onlyText(Wire.Reader in) {
    String text = "";
    while (in.hasMore()) {
      int tag = (int) in.varint();
      if (tag >>> 3 == 1) {
        text = in.text();
      } else {
        in.skip(tag & 7);
      }
    }
    return text;
  }

  private static JsonNode intOrString(Wire.Reader in) {
    long type = 0;
    long number = 0;
    String text = "";
    while (in.hasMore()) {
      int tag = (int) in.varint();
      switch (tag >>> 3) {
        case 1 -> type = in.varint();
        case 2 -> number = in.varint();
        case 3 -> text = in.text();
        default -> in.skip(tag & 7);
      }
    }
    return type == 0 ? MAKE.numberNode((int) number) : MAKE.textNode(text);
  }

  private static JsonNode time(Wire.Reader in, boolean micro) {
    long seconds = 0;
    long nanos = 0;
    boolean set = false;
    while (in.hasMore()) {
      int tag = (int) in.varint();
      set = true;
      switch (tag >>> 3) {
        case 1 -> seconds = in.varint();
        case 2 -> nanos = in.varint();
        default -> in.skip(tag & 7);
      }
    }
    if (!set) {
      return MAKE.nullNode();
    }
    if (seconds < YEAR_0_SECONDS
        || seconds > YEAR_9999_SECONDS
        || nanos < 0
        || nanos > 999_999_999) {
      throw new CodecException("Time.MarshalJSON: year outside of range [0,9999]");
    }
    return MAKE.textNode(Times.format(Instant.ofEpochSecond(seconds, nanos), micro));
  }

  private static JsonNode any(Wire.Reader in, Schema.Wire wire, Schema.Struct owner) {
    return switch (wire) {
      case RAW, NONE -> raw(in);
      case SCHEMA_OR_BOOL, SCHEMA_OR_ARRAY, SCHEMA_OR_STRINGS -> schema(in, wire, owner);
    };
  }

  /// A JSON schema, or what may stand in its place.
  private static JsonNode schema(Wire.Reader in, Schema.Wire wire, Schema.Struct owner) {
    int place = wire == Schema.Wire.SCHEMA_OR_BOOL ? 2 : 1;
    JsonNode result =
        wire == Schema.Wire.SCHEMA_OR_BOOL ? MAKE.booleanNode(false) : MAKE.nullNode();
    ArrayNode list = MAKE.arrayNode();
    while (in.hasMore()) {
      int tag = (int) in.varint();
      boolean text = (tag & 7) == Wire.BYTES;
      if (tag >>> 3 == place && text) {
        result = message(in.message(), owner);
      } else if (tag >>> 3 == 1 && !text && wire == Schema.Wire.SCHEMA_OR_BOOL) {
        boolean flag = in.varint() != 0;
        result = result.isObject() ? result : MAKE.booleanNode(flag);
      } else if (tag >>> 3 == 2 && text) {
        list.add(
            wire == Schema.Wire.SCHEMA_OR_STRINGS
                ? MAKE.textNode(in.text())
                : message(in.message(), owner));
      } else {
        in.skip(tag & 7);
      }
    }
    return list.isEmpty() ? result : list;
  }

  private static JsonNode raw(Wire.Reader in) {
    byte[] raw = {};
    while (in.hasMore()) {
      int tag = (int) in.varint();
      if (tag >>> 3 == 1 && (tag & 7) == Wire.BYTES) {
        raw = in.bytes();
      } else {
        in.skip(tag & 7);
      }
    }
    if (raw.length == 0) {
      return MAKE.nullNode();
    }
    try {
      return JSON.readTree(raw);
    } catch (JacksonException e) {
      throw new CodecException("an embedded object is no JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  /// How Go prints times.
  private static final class Times {
    static String format(Instant instant, boolean micro) {
      if (!micro) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
      }
      return "%s.%06dZ"
          .formatted(
              instant.truncatedTo(ChronoUnit.SECONDS).toString().replace("Z", ""),
              instant.getNano() / 1_000);
    }
  }
}
