// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.columns.Column;
import dev.havn.apiserver.columns.Columns;
import dev.havn.schema.ResourceType;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/// `Table` of `meta.k8s.io`: what kubectl prints.
final class Tables {
  private final InstantSource clock;

  Tables(InstantSource clock) {
    this.clock = clock;
  }

  /// @param include `None`, `Metadata` or `Object`: what stands beside each row's cells
  ObjectNode of(
      ResourceType type, Media media, String include, List<ObjectNode> objects, ObjectNode meta) {
    ObjectNode table = empty(media, meta);
    List<Column> shown = Columns.of(type);
    Instant now = clock.instant();
    ArrayNode definitions = table.putArray("columnDefinitions");
    for (Column column : shown.stream().filter(Column::isDeclared).toList()) {
      definitions
          .addObject()
          .put("name", column.name())
          .put("type", column.type())
          .put("format", column.format())
          .put("description", column.description())
          .put("priority", column.priority());
    }
    if (objects.isEmpty() && hasNoColumnsOfItsOwn(type, shown)) {
      table.putNull("rows");
      return table;
    }
    ArrayNode rows = table.putArray("rows");
    for (ObjectNode object : objects) {
      ObjectNode row = rows.addObject();
      ArrayNode cells = row.putArray("cells");
      shown.forEach(column -> cells.add(column.cell().of(object, now)));
      switch (include) {
        case "Object" -> row.set("object", object);
        case "None" -> {}
        default -> {
          row.set("object", Reads.partial(object, media));
        }
      }
    }
    return table;
  }

  /// Kubernetes shows such kinds by name and age alone, and makes no list of rows before there is a
  /// first one.
  private static boolean hasNoColumnsOfItsOwn(ResourceType type, List<Column> columns) {
    return type.custom() == null
        && columns.stream().anyMatch(column -> column.name().equals("Created At"));
  }

  ObjectNode empty(Media media, ObjectNode meta) {
    ObjectNode table = JsonNodeFactory.instance.objectNode();
    table.put("kind", "Table").put("apiVersion", "meta.k8s.io/" + media.asVersion());
    table.set("metadata", (JsonNode) meta);
    table.putArray("columnDefinitions");
    table.putArray("rows");
    return table;
  }
}
