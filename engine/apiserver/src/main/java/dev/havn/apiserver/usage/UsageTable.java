// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Media;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import java.util.List;

/// The table that metrics-server makes: without objects it has not even columns.
final class UsageTable {
  private UsageTable() {}

  /// @param used of all containers together
  record Row(ObjectNode object, Amount used) {}

  /// @param include what of its object each row brings
  static ObjectNode of(Media media, String include, List<Row> shown) {
    ObjectNode table = JsonNodeFactory.instance.objectNode();
    table.put("kind", "Table").put("apiVersion", "meta.k8s.io/" + media.asVersion());
    table.putObject("metadata");
    ArrayNode columns = table.putArray("columnDefinitions");
    ArrayNode rows = table.putArray("rows");
    if (shown.isEmpty()) {
      return table;
    }
    column(columns, "Name", "name", "Name of the resource");
    column(columns, "cpu", "quantity", "");
    column(columns, "memory", "quantity", "");
    column(columns, "Window", "duration", "");
    for (Row each : shown) {
      ObjectNode row = rows.addObject();
      row.putArray("cells")
          .add(each.object().path("metadata").path("name").asText())
          .add(FigureText.cores(each.used().nanoCores()))
          .add(FigureText.bytes(each.used().memoryBytes()))
          .add(each.object().path("window").asText());
      switch (include) {
        case "None" -> {}
        case "Object" -> row.set("object", each.object());
        default -> {
          ObjectNode partial = row.putObject("object").put("kind", "PartialObjectMetadata");
          partial.put("apiVersion", "meta.k8s.io/" + media.asVersion());
          partial.set("metadata", each.object().path("metadata"));
        }
      }
    }
    return table;
  }

  private static void column(ArrayNode columns, String name, String format, String description) {
    columns
        .addObject()
        .put("name", name)
        .put("type", "string")
        .put("format", format)
        .put("description", description)
        .put("priority", 0);
  }
}
