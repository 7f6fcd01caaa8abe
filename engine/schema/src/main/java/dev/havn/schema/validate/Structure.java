// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Makes a tree fit its schema: unknown fields and nulls go, wrong types are refused as Go's JSON
/// decoder refuses them.
public final class Structure {
  private static final int DEPTH_MAX = 10_000;
  private static final Map<String, String> EMBEDDED =
      Map.of(
          "DeviceClaimConfiguration", "DeviceConfiguration",
          "DeviceClassConfiguration", "DeviceConfiguration",
          "EphemeralContainer", "EphemeralContainerCommon",
          "IngressRule", "IngressRuleValue",
          "NamedRuleWithOperations", "RuleWithOperations.Rule",
          "PersistentVolumeSpec", "PersistentVolumeSource",
          "Probe", "ProbeHandler",
          "RuleWithOperations", "Rule",
          "Volume", "VolumeSource");

  private final Set<String> duplicates;
  private final List<String> problems = new ArrayList<>();
  private final boolean zeros;

  /// Go's decoder reads on after a value of a wrong type and tells the first of them at the end; a
  /// type that reads itself, as times do, ends it at once.
  private @Nullable CodecException wrong;

  private Structure(boolean zeros, Set<String> duplicates) {
    this.zeros = zeros;
    this.duplicates = duplicates;
  }

  /// Prunes `object` in place and treats its empty values as Kubernetes does that reads it into a
  /// struct ([Schema.Zero]).
  ///
  /// @param duplicates paths of fields that stood more than once in the text
  /// @return what a strict decoder says, in the order of the text: `unknown field "spec.foo"`
  /// @throws CodecException when a value has a wrong type
  public static List<String> fit(ObjectNode object, Schema.Struct type, Set<String> duplicates) {
    return fit(object, type, true, duplicates);
  }

  public static List<String> fit(ObjectNode object, Schema.Struct type) {
    return fit(object, type, true, Set.of());
  }

  /// Prunes `object` in place and leaves its empty values alone, `null` in maps among them: what is
  /// applied owns them.
  public static List<String> prune(ObjectNode object, Schema.Struct type) {
    return fit(object, type, false, Set.of());
  }

  private static List<String> fit(
      ObjectNode object, Schema.Struct type, boolean zeros, Set<String> duplicates) {
    Structure structure = new Structure(zeros, duplicates);
    structure.struct(object, type, null, 0);
    if (structure.wrong != null) {
      throw structure.wrong;
    }
    return structure.problems;
  }

  /// Where a value stands. Its words are made when somebody is to read them: each value of each
  /// write has a place.
  ///
  /// @param name of a field or of a key in a map, empty in a list
  /// @param index in a list, else -1
  /// @param owner of a field
  private record Place(
      @Nullable Place above,
      String name,
      int index,
      Schema.@Nullable Struct owner,
      Schema.@Nullable Field field) {

    static Place of(Schema.Struct owner, @Nullable Place above, Schema.Field field) {
      return new Place(above, field.name(), -1, owner, field);
    }

    Place key(String key) {
      return new Place(this, key, -1, null, null);
    }

    Place item(int i) {
      return new Place(this, "", i, null, null);
    }

    /// `spec.containers[0].name`.
    String path() {
      String before = above == null ? "" : above.path();
      if (index >= 0) {
        return before + "[" + index + "]";
      }
      return above == null ? name : before + "." + name;
    }

    /// The field's type and path in Go: `Container.spec.containers.name`.
    String go() {
      if (owner != null) {
        return simpleName(owner) + "." + goPath();
      }
      return above == null ? name : above.go();
    }

    private String goPath() {
      String before = above == null ? "" : above.goPath();
      if (owner == null || field == null) {
        return before;
      }
      return (before.isEmpty() ? "" : before + ".") + embedding(owner, field) + name;
    }
  }

  private static String path(@Nullable Place above, String name) {
    return above == null ? name : above.path() + "." + name;
  }

  private void noteDuplicate(@Nullable Place above, String name) {
    if (!duplicates.isEmpty()) {
      String path = path(above, name);
      if (duplicates.contains(path)) {
        problems.add("duplicate field \"" + path + "\"");
      }
    }
  }

  private void struct(ObjectNode object, Schema.Struct type, @Nullable Place place, int depth) {
    if (depth > DEPTH_MAX) {
      throw new CodecException("json: exceeded max depth");
    }
    Iterator<Map.Entry<String, JsonNode>> fields = object.properties().iterator();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> each = fields.next();
      String name = each.getKey();
      Schema.@Nullable Field field = type.field(name);
      if (field == null && !isTypeMeta(name, place)) {
        problems.add("unknown field \"" + path(place, name) + "\"");
        fields.remove();
        continue;
      }
      noteDuplicate(place, name);
      if (field == null) {
        continue;
      }
      if (each.getValue().isNull()) {
        if (zeros) {
          fields.remove();
        }
        continue;
      }
      @Nullable JsonNode replacement =
          value(each.getValue(), field.schema(), Place.of(type, place, field), depth + 1);
      if (replacement != null) {
        each.setValue(replacement);
      }
      if (zeros && Zeros.isDropped(each.getValue(), field)) {
        fields.remove();
      }
    }
    if (zeros) {
      Zeros.fill(object, type);
    }
  }

  /// The struct in Go by which a type has a field without JSON showing it, with a dot; else empty.
  private static String embedding(Schema.Struct type, Schema.Field field) {
    if (field.embedding().isEmpty()) {
      return "";
    }
    String all = EMBEDDED.getOrDefault(simpleName(type), "LocalObjectReference");
    return Arrays.stream(all.split("\\."))
        .limit(field.embedding().size())
        .map(each -> each + ".")
        .collect(Collectors.joining());
  }

  private static boolean isTypeMeta(String name, @Nullable Place place) {
    return place == null && (name.equals("apiVersion") || name.equals("kind"));
  }

  private static String simpleName(Schema.Struct type) {
    return type.name().substring(type.name().lastIndexOf('.') + 1);
  }

  /// Checks a value; a non-null result takes its place.
  private @Nullable JsonNode value(JsonNode value, Schema schema, Place place, int depth) {
    switch (schema) {
      case Schema.Struct struct -> {
        if (!(value instanceof ObjectNode object)) {
          return note(wrong(value, place, goName(struct)));
        }
        struct(object, struct, place, depth);
      }
      case Schema.MapOf(Schema values, boolean _) -> {
        if (!(value instanceof ObjectNode object)) {
          return note(wrong(value, place, mapType(values)));
        }
        for (Map.Entry<String, JsonNode> each : object.properties()) {
          noteDuplicate(place, each.getKey());
          each.setValue(element(each.getValue(), values, place.key(each.getKey()), depth + 1));
        }
      }
      case Schema.ListOf list -> {
        if (!(value instanceof ArrayNode array)) {
          return note(wrong(value, place, "[]" + goType(list.items())));
        }
        for (int i = 0; i < array.size(); i++) {
          array.set(i, element(array.get(i), list.items(), place.item(i), depth + 1));
        }
      }
      case Schema.Scalar scalar -> {
        return scalar(value, scalar, place);
      }
      case Schema.Any _ -> {}
    }
    return null;
  }

  /// What comes of one value of a list or map.
  private JsonNode element(JsonNode given, Schema schema, Place place, int depth) {
    if (given.isNull() && !zeros) {
      return given;
    }
    JsonNode value = given.isNull() ? zero(schema) : given;
    @Nullable JsonNode replacement = value(value, schema, place, depth);
    return replacement == null ? value : replacement;
  }

  /// What a decoder leaves where `null` stands among the values of a list or map.
  private static JsonNode zero(Schema schema) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (schema) {
      case Schema.Struct _, Schema.MapOf _ -> nodes.objectNode();
      case Schema.ListOf _ -> nodes.arrayNode();
      case Schema.Any _ -> nodes.nullNode();
      case Schema.Scalar scalar ->
          switch (scalar.type()) {
            case STRING -> nodes.textNode("");
            case INTEGER, NUMBER, INT_OR_STRING -> nodes.numberNode(0);
            case BOOLEAN -> nodes.booleanNode(false);
            case QUANTITY -> nodes.textNode("0");
          };
    };
  }

  private @Nullable JsonNode scalar(JsonNode value, Schema.Scalar scalar, Place place) {
    switch (scalar.type()) {
      case STRING -> {
        return text(value, scalar, place);
      }
      case INTEGER -> {
        if (!value.isNumber()) {
          return note(wrong(value, place, scalar.format()));
        }
        boolean fits =
            value.isIntegralNumber()
                && (scalar.format().equals("int32")
                    ? value.canConvertToInt()
                    : value.canConvertToLong());
        if (!fits) {
          return note(
              new CodecException(
                  "json: cannot unmarshal number %s into Go struct field %s of type %s"
                      .formatted(value, place.go(), scalar.format())));
        }
      }
      case BOOLEAN -> {
        if (!value.isBoolean()) {
          return note(wrong(value, place, "bool"));
        }
      }
      case NUMBER -> {
        if (!value.isNumber()) {
          return note(wrong(value, place, "float64"));
        }
      }
      case INT_OR_STRING -> {
        if (!value.isIntegralNumber() && !value.isTextual()) {
          throw wrong(value, place, "int32");
        }
      }
      case QUANTITY -> {
        // What is applied is compared as it was written: another form is another value.
        JsonNode canonical = Quantity.canonical(value);
        return zeros ? canonical : null;
      }
    }
    return null;
  }

  private @Nullable JsonNode text(JsonNode value, Schema.Scalar scalar, Place place) {
    if (value.isArray() && value.path(0).isTextual() && scalar.format().equals("byte")) {
      return note(wrong(value.get(0), place, "uint8"));
    }
    if (!value.isTextual()) {
      CodecException problem = wrong(value, place, goType(scalar));
      if (scalar.format().startsWith("date-time")) {
        throw problem;
      }
      return note(problem);
    }
    if (scalar.format().equals("byte")) {
      try {
        Base64Syntax.check(value.asText());
      } catch (CodecException e) {
        return note(e);
      }
    }
    if (scalar.format().startsWith("date-time")) {
      return Times.canonical(value, scalar.format().endsWith("micro"));
    }
    return null;
  }

  private @Nullable JsonNode note(CodecException problem) {
    if (wrong == null) {
      wrong = problem;
    }
    return null;
  }

  private static CodecException wrong(JsonNode value, Place place, String type) {
    return new CodecException(
        "json: cannot unmarshal %s into Go struct field %s of type %s"
            .formatted(GoJson.type(value), place.go(), type));
  }

  /// Maps of quantities have a name of their own.
  private static String mapType(Schema values) {
    boolean amounts =
        values instanceof Schema.Scalar scalar && scalar.type() == Schema.ScalarType.QUANTITY;
    return amounts ? "v1.ResourceList" : "map[string]" + goType(values);
  }

  private static String goType(Schema schema) {
    return switch (schema) {
      case Schema.Struct struct -> goName(struct);
      case Schema.MapOf(Schema values, boolean _) -> mapType(values);
      case Schema.ListOf list -> "[]" + goType(list.items());
      case Schema.Scalar scalar ->
          switch (scalar.type()) {
            case STRING ->
                scalar.format().equals("byte")
                    ? "[]uint8"
                    : scalar.name().isEmpty() ? "string" : scalar.name();
            case INTEGER -> scalar.format();
            case NUMBER -> "float64";
            case BOOLEAN -> "bool";
            case INT_OR_STRING -> "intstr.IntOrString";
            case QUANTITY -> "resource.Quantity";
          };
      case Schema.Any _ -> "runtime.RawExtension";
    };
  }

  /// `v1.Container`.
  private static String goName(Schema.Struct struct) {
    String[] parts = struct.name().split("\\.");
    return parts[parts.length - 2] + "." + parts[parts.length - 1];
  }
}
