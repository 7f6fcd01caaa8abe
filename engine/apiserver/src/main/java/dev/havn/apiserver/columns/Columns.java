// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// kubectl's columns, kind by kind.
public final class Columns {
  private static final List<Function<String, List<Column>>> ROOMS =
      List.of(
          WorkloadColumns::of,
          BatchColumns::of,
          ScalingColumns::of,
          NetworkColumns::of,
          StorageColumns::of,
          NodeColumns::of,
          ClusterColumns::of,
          AccessColumns::of,
          AdmissionColumns::of);

  private Columns() {}

  public static List<Column> of(ResourceType type) {
    if (type.custom() != null) {
      return CustomColumns.of(type.custom());
    }
    String kind = type.kind();
    List<Column> event = EventColumns.of(kind);
    if (!event.isEmpty()) {
      return event;
    }
    List<Column> columns = new ArrayList<>();
    columns.add(Column.name(object -> named(kind, Cells.at(object, "metadata.name"), object)));
    ROOMS.forEach(room -> columns.addAll(room.apply(kind)));
    if (columns.size() == 1 && type.verbs().contains("list")) {
      columns.add(Column.created());
    }
    return columns;
  }

  private static String named(String kind, String name, JsonNode object) {
    boolean isDefault =
        kind.equals("StorageClass")
            && object
                .at("/metadata/annotations/storageclass.kubernetes.io~1is-default-class")
                .asText()
                .equals("true");
    return isDefault ? name + " (default)" : name;
  }
}
