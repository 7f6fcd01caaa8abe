// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.first;
import static dev.havn.apiserver.columns.Column.text;
import static dev.havn.apiserver.columns.Column.timed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/// Events, in the form of the core group and in that of their own.
final class EventColumns {
  private EventColumns() {}

  /// All columns: an event's name comes last.
  static List<Column> of(String kind) {
    if (!kind.equals("Event")) {
      return List.of();
    }
    return List.of(
        timed("Last Seen", 0, (o, now) -> Age.since(lastSeen(o), now)),
        text("Type", "type"),
        text("Reason", "reason"),
        text("Object", EventColumns::subject),
        text("Subobject", o -> first(o, "involvedObject.fieldPath", "regarding.fieldPath")).wide(),
        text("Source", EventColumns::source).wide(),
        text("Message", o -> first(o, "message", "note").strip()),
        timed("First Seen", 1, (o, now) -> Age.since(firstSeen(o), now)),
        Column.count("Count", EventColumns::count).wide(),
        Column.name(o -> Cells.at(o, "metadata.name")).wide());
  }

  private static String firstSeen(JsonNode event) {
    return first(event, "firstTimestamp", "deprecatedFirstTimestamp", "eventTime");
  }

  private static String lastSeen(JsonNode event) {
    if (event.path("series").isObject()) {
      return Cells.at(event, "series.lastObservedTime");
    }
    String last = first(event, "lastTimestamp", "deprecatedLastTimestamp");
    return last.isEmpty() ? firstSeen(event) : last;
  }

  private static String subject(JsonNode event) {
    String kind = first(event, "involvedObject.kind", "regarding.kind").toLowerCase(Locale.ROOT);
    String name = first(event, "involvedObject.name", "regarding.name");
    return name.isEmpty() ? kind : kind + "/" + name;
  }

  private static String source(JsonNode event) {
    String component =
        first(
            event,
            "source.component",
            "deprecatedSource.component",
            "reportingComponent",
            "reportingController");
    String host = first(event, "source.host", "deprecatedSource.host", "reportingInstance");
    return host.isEmpty() ? component : component + ", " + host;
  }

  /// A text in the column's declaration, a number in its cells.
  private static int count(JsonNode event) {
    if (event.path("series").isObject()) {
      return event.path("series").path("count").asInt(0);
    }
    String count = first(event, "count", "deprecatedCount");
    return count.isEmpty() || count.equals("0") ? 1 : Integer.parseInt(count);
  }
}
