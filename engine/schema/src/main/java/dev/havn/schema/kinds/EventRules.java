// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Rules of Events in both groups.
final class EventRules {
  private static final int TEXT_CHARS_MAX = 128;
  private static final int NOTE_BYTES_MAX = 1_024;

  private EventRules() {}

  /// What holds for every event, new or changed, in either group.
  static void check(At object) {
    boolean isNew = isNew(object);
    At regarding = isNew ? object.at("regarding") : object.at("involvedObject");
    boolean timed = object.at("eventTime").isThere();
    namespace(object, regarding.named("involvedObject"), timed);
    if (timed) {
      timed(object, isNew);
    }
  }

  private static boolean isNew(At object) {
    return object.at("apiVersion").is("events.k8s.io/v1");
  }

  private static void namespace(At object, At involved, boolean timed) {
    String own = object.at("metadata").at("namespace").text();
    String other = involved.at("namespace").text();
    boolean unnamed = other.isEmpty() && !own.equals("default");
    boolean wrong =
        timed
            ? unnamed && !own.equals("kube-system")
            : other.isEmpty() ? unnamed && !own.isEmpty() : !other.equals(own);
    if (wrong) {
      involved.at("namespace").invalidText("does not match event.namespace");
    }
  }

  /// Events with a time of their own must say who does what and why.
  private static void timed(At object, boolean isNew) {
    At controller = isNew ? object.at("reportingController") : object.at("reportingComponent");
    controller.needs();
    controller.has(Formats::qualifiedName);
    for (String field : List.of("reportingInstance", "action", "reason")) {
      At text = object.at(field);
      text.needs();
      if (text.text().length() > TEXT_CHARS_MAX) {
        refuse(text, "can have at most " + TEXT_CHARS_MAX + " characters");
      }
    }
    At note = isNew ? object.at("note").named("message") : object.at("message");
    if (note.text().getBytes(StandardCharsets.UTF_8).length > NOTE_BYTES_MAX) {
      refuse(note, "can have at most " + NOTE_BYTES_MAX + " characters");
    }
  }

  /// What the newer group asks of new events beyond that.
  static void created(At object) {
    series(object.at("series"));
    if (!object.at("eventTime").isThere()) {
      object.at("eventTime").required("");
    }
    At type = object.at("type");
    if (!type.is("Normal") && !type.is("Warning")) {
      refuse(type, "has invalid value: " + type.text());
    }
    unset(object.at("deprecatedFirstTimestamp").named("firstTimestamp"));
    unset(object.at("deprecatedLastTimestamp").named("lastTimestamp"));
    At count = object.at("deprecatedCount").named("count");
    if (count.number() != 0) {
      refuse(count, "needs to be unset");
    }
    At source = object.at("deprecatedSource").named("source");
    if (!source.at("component").isEmpty() || !source.at("host").isEmpty()) {
      refuse(source, "needs to be unset");
    }
  }

  private static void series(At series) {
    if (series.isThere()) {
      if (series.at("count").number() < 2) {
        refuse(series.at("count"), "should be at least 2");
      }
      series.at("lastObservedTime").needs();
    }
  }

  private static void unset(At time) {
    if (time.isThere()) {
      refuse(time, "needs to be unset");
    }
  }

  private static void refuse(At at, String detail) {
    at.errors().add(FieldError.invalid(at.path(), "", detail));
  }

  /// An event that is changed through the newer group keeps all but its series.
  static void unchanged(At after, JsonNode before) {
    if (!after.at("series").value().equals(before.path("series"))) {
      series(after.at("series"));
    }
    keep(after, before, "regarding", "involvedObject");
    keep(after, before, "reason", "reason");
    keep(after, before, "note", "message");
    keep(after, before, "deprecatedSource", "source");
    keep(after, before, "deprecatedFirstTimestamp", "firstTimestamp");
    keep(after, before, "deprecatedLastTimestamp", "lastTimestamp");
    keep(after, before, "deprecatedCount", "count");
    keep(after, before, "reason", "reason");
    keep(after, before, "type", "type");
    keep(after, before, "eventTime", "eventTime");
    keep(after, before, "action", "action");
    keep(after, before, "related", "related");
    keep(after, before, "reportingController", "reportingController");
    keep(after, before, "reportingInstance", "reportingInstance");
  }

  private static void keep(At after, JsonNode before, String field, String name) {
    At now = after.at(field);
    JsonNode was = before.path(field);
    boolean same = now.isThere() ? now.value().equals(was) : was.isMissingNode() || was.isNull();
    if (!same) {
      boolean text =
          was.isTextual() && !field.contains("ime")
              || now.value().isTextual() && !field.contains("ime");
      if (text) {
        now.named(name).invalidText("field is immutable");
      } else {
        now.named(name).invalid("field is immutable");
      }
    }
  }
}
