// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.GoJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// What a value of a configuration object may look like.
public sealed interface Shape {
  Shape TEXT = new Text();
  Shape FLAG = new Flag();

  /// A text, also one that is a duration such as `30s`.
  record Text() implements Shape {}

  /// `true` or `false`.
  record Flag() implements Shape {}

  /// Several of one shape.
  record Several(Shape each) implements Shape {}

  /// A mapping.
  ///
  /// @param type its name in Kubernetes' sources, which errors show
  record Fields(String type, Map<String, Shape> known) implements Shape {
    private void checkFields(JsonNode value, String go, String path, List<String> unknown) {
      for (Map.Entry<String, JsonNode> each : value.properties()) {
        String name = each.getKey();
        Shape shape = known.get(name);
        String below = path.isEmpty() ? name : path + "." + name;
        if (shape == null) {
          unknown.add("unknown field \"" + below + "\"");
        } else {
          shape.check(each.getValue(), type, go.isEmpty() ? name : go + "." + name, below, unknown);
        }
      }
    }
  }

  static Shape several(Shape each) {
    return new Several(each);
  }

  static Shape fields(String type, Map<String, Shape> known) {
    return new Fields(type, known);
  }

  /// Looks at a value and notes the fields that nobody knows, as Kubernetes' strict decoder does.
  ///
  /// @param owner type of the mapping that the value stands in
  /// @param go path without positions, as Go's decoder shows it
  /// @param path with positions, such as `jwt[0].issuer`
  /// @throws IllegalArgumentException when the value is of another type
  default void check(JsonNode value, String owner, String go, String path, List<String> unknown) {
    if (value.isNull() || value.isMissingNode()) {
      return;
    }
    boolean fits =
        switch (this) {
          case Text _ -> value.isTextual();
          case Flag _ -> value.isBoolean();
          case Several _ -> value.isArray();
          case Fields _ -> value.isObject();
        };
    if (!fits) {
      throw new IllegalArgumentException(
          "json: cannot unmarshal %s into Go struct field %s.%s of type %s"
              .formatted(GoJson.type(value), owner, go, goType()));
    }
    switch (this) {
      case Text _, Flag _ -> {}
      case Several(Shape each) -> {
        int index = 0;
        for (JsonNode item : value) {
          each.check(item, owner, go, path + "[" + index++ + "]", unknown);
        }
      }
      case Fields fields -> fields.checkFields(value, go, path, unknown);
    }
  }

  private String goType() {
    return switch (this) {
      case Text _ -> "string";
      case Flag _ -> "bool";
      case Several(Shape each) -> "[]" + each.goType();
      case Fields(String type, Map<String, Shape> _) -> "v1." + type;
    };
  }

  /// All problems of an object: unknown fields in the order of their paths.
  ///
  /// @throws IllegalArgumentException when a value is of another type
  default List<String> unknownFields(JsonNode object) {
    List<String> unknown = new ArrayList<>();
    check(object, "", "", "", unknown);
    return List.copyOf(new TreeSet<>(unknown));
  }
}
