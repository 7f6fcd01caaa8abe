// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.GoText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whether an applied configuration has the shape of its type, said as the structured-merge-diff
/// library says it: whoever applies a field that does not exist would own nothing.
public final class TypedCheck {
  private final List<String> problems = new ArrayList<>();
  private final boolean repeats;

  private TypedCheck(boolean repeats) {
    this.repeats = repeats;
  }

  /// What is wrong, in one text; empty when nothing is.
  public static String problems(ObjectNode config, Schema.Struct type) {
    return problems(config, type, false);
  }

  /// What of an object that is stored cannot be told apart, in one text; items of the same key can.
  public static String keyless(ObjectNode live, Schema.Struct type) {
    return lacksKeys(live, type) ? problems(live, type, true) : "";
  }

  private static String problems(ObjectNode config, Schema.Struct type, boolean repeats) {
    TypedCheck check = new TypedCheck(repeats);
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      if (!field.getKey().equals("apiVersion") && !field.getKey().equals("kind")) {
        check.field(field.getKey(), field.getValue(), type, "");
      }
    }
    Collections.sort(check.problems);
    return check.problems.size() > 1
        ? "errors:\n  " + String.join("\n  ", check.problems)
        : String.join("", check.problems);
  }

  /// Whether an item of a keyed list lacks its keys somewhere.
  static boolean lacksKeys(JsonNode value, Schema schema) {
    return switch (schema) {
      case Schema.Struct struct -> {
        if (!struct.depths().keyedLists()) {
          yield false;
        }
        for (Map.Entry<String, JsonNode> each : value.properties()) {
          JsonNode below = each.getValue();
          Schema.@Nullable Field field =
              below.isContainerNode() ? struct.field(each.getKey()) : null;
          if (field != null && lacksKeys(below, field.schema())) {
            yield true;
          }
        }
        yield false;
      }
      case Schema.MapOf map -> {
        for (JsonNode each : value) {
          if (lacksKeys(each, map.values())) {
            yield true;
          }
        }
        yield false;
      }
      case Schema.ListOf list -> {
        for (JsonNode item : value) {
          if (list.type() == Schema.ListType.MAP && !PathElements.isKeyed(list, item)
              || lacksKeys(item, list.items())) {
            yield true;
          }
        }
        yield false;
      }
      case Schema.Scalar _, Schema.Any _ -> false;
    };
  }

  private void field(String name, JsonNode value, Schema.Struct owner, String path) {
    Schema.@Nullable Field field = owner.field(name);
    String at = path + "." + name;
    if (field == null && owner.preserveUnknownFields()) {
      return;
    }
    if (field == null) {
      problems.add(at + ": field not declared in schema");
    } else {
      value(value, field.schema(), at);
    }
  }

  private void value(JsonNode value, Schema schema, String path) {
    if (value.isNull()) {
      return;
    }
    switch (schema) {
      case Schema.Struct struct -> {
        if (value instanceof ObjectNode object) {
          object.properties().forEach(each -> field(each.getKey(), each.getValue(), struct, path));
        } else {
          expected(path, "map", "&{" + GoText.plain(value) + "}");
        }
      }
      case Schema.MapOf map -> {
        if (value instanceof ObjectNode object) {
          object
              .properties()
              .forEach(each -> value(each.getValue(), map.values(), path + "." + each.getKey()));
        } else {
          expected(path, "map", "&{" + GoText.plain(value) + "}");
        }
      }
      case Schema.ListOf list -> {
        if (value instanceof ArrayNode array) {
          items(array, list, path);
        } else {
          expected(path, "list", "&{" + GoText.plain(value) + "}");
        }
      }
      case Schema.Scalar scalar -> scalar(value, scalar, path);
      case Schema.Any _ -> {}
    }
  }

  private void items(ArrayNode array, Schema.ListOf list, String path) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < array.size(); i++) {
      if (list.type() == Schema.ListType.ATOMIC) {
        value(array.get(i), list.items(), path + "[" + i + "]");
        continue;
      }
      String problem = unidentified(list, array.get(i));
      if (!problem.isEmpty()) {
        problems.add("%s: element %d: associative list with%s".formatted(path, i, problem));
        return;
      }
      String element = String.valueOf(PathElements.item(list, array.get(i)));
      if (!seen.add(element) && !repeats) {
        problems.add(path + ": duplicate entries for key " + FieldSet.readable(element));
      }
      value(array.get(i), list.items(), path + FieldSet.readable(element));
    }
  }

  /// Why an item cannot be told apart from others, or an empty text.
  private static String unidentified(Schema.ListOf list, JsonNode item) {
    if (item.isNull()) {
      return list.type() == Schema.ListType.SET
          ? "out keys has an element that's an explicit null"
          : " keys may not have a null element";
    }
    return PathElements.item(list, item) != null
        ? ""
        : " keys has an element that omits all key fields [\"%s\"] (and doesn't have default values for any key fields)"
            .formatted(String.join("\" \"", list.keys()));
  }

  private void scalar(JsonNode value, Schema.Scalar scalar, String path) {
    String go = "&{" + GoText.plain(value) + "}";
    switch (scalar.type()) {
      case STRING -> {
        if (scalar.format().startsWith("date-time")) {
          anyScalar(value, path);
        } else if (!value.isTextual()) {
          expected(path, "string", "&value.valueUnstructured{Value:" + GoText.syntax(value) + "}");
        }
      }
      case INTEGER, NUMBER -> {
        if (!value.isNumber()) {
          expected(path, "numeric (int or float)", GoText.type(value));
        }
      }
      case BOOLEAN -> {
        if (!value.isBoolean()) {
          expected(path, "boolean", go);
        }
      }
      case QUANTITY -> anyScalar(value, path);
      // of no type there: what it must be is said when the object is converted
      case INT_OR_STRING -> {}
    }
  }

  private void anyScalar(JsonNode value, String path) {
    if (value.isContainerNode()) {
      expected(path, "any scalar", "&{" + GoText.plain(value) + "}");
    }
  }

  private void expected(String path, String what, String got) {
    problems.add(path + ": expected " + what + ", got " + got);
  }
}
