// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.custom.CustomResource;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// The columns of custom resources: the name, and what their definition asks for; else the age.
final class CustomColumns {
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

  private CustomColumns() {}

  static List<Column> of(CustomResource custom) {
    List<Column> columns = new ArrayList<>();
    columns.add(
        new Column(
            "Name", "string", "name", 0, (object, _) -> object.path("metadata").path("name")));
    if (custom.columns().isEmpty()) {
      columns.add(
          new Column(
              "Age",
              "date",
              "",
              0,
              (object, now) -> age(object.path("metadata").path("creationTimestamp"), now)));
    }
    for (CustomResource.PrinterColumn each : custom.columns()) {
      columns.add(
          new Column(
              each.name(),
              each.type(),
              each.format(),
              each.description(),
              each.priority(),
              (object, now) -> cell(each, object, now)));
    }
    return columns;
  }

  private static JsonNode cell(CustomResource.PrinterColumn column, JsonNode object, Instant now) {
    List<JsonNode> found = column.path().find(object);
    if (found.isEmpty() || found.getFirst().isNull()) {
      return MAKE.nullNode();
    }
    JsonNode value = found.getFirst();
    return switch (column.type()) {
      case "integer" -> value.isNumber() ? MAKE.numberNode(value.asLong()) : MAKE.nullNode();
      case "number" -> value.isNumber() ? value : MAKE.nullNode();
      case "boolean" -> value.isBoolean() ? value : MAKE.nullNode();
      case "date" -> value.isTextual() ? age(value, now) : MAKE.nullNode();
      default -> MAKE.textNode(value.isContainerNode() ? value.toString() : value.asText());
    };
  }

  private static JsonNode age(JsonNode time, Instant now) {
    try {
      return MAKE.textNode(Age.since(time.asText(""), now));
    } catch (DateTimeException notOne) {
      return MAKE.textNode("<invalid>");
    }
  }
}
