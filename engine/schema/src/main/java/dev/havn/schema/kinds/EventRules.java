// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.List;

/// Rules of Events in both groups.
final class EventRules {
  private static final int TEXT_CHARS_MAX = 128;
  private static final int NOTE_BYTES_MAX = 1_024;

  private EventRules() {}

  static void check(At object) {
    boolean isNew = object.at("apiVersion").is("events.k8s.io/v1");
    At regarding = isNew ? object.at("regarding") : object.at("involvedObject");
    namespace(object, regarding.named("involvedObject"));
    if (isNew || object.at("eventTime").isThere()) {
      strict(object, isNew);
    }
  }

  private static void namespace(At object, At involved) {
    String own = object.at("metadata").at("namespace").text();
    String other = involved.at("namespace").text();
    if (other.isEmpty() ? !own.equals("default") && !own.isEmpty() : !other.equals(own)) {
      involved.at("namespace").invalidText("does not match event.namespace");
    }
  }

  /// What the newer events promise, and older ones do that carry a time of theirs.
  private static void strict(At object, boolean isNew) {
    At controller = isNew ? object.at("reportingController") : object.at("reportingComponent");
    At reported = controller.named("reportingController");
    if (!object.at("eventTime").isThere()) {
      object.at("eventTime").required("");
    }
    At type = object.at("type");
    if (isNew && !type.is("Normal") && !type.is("Warning")) {
      refuse(type, "has invalid value: " + type.text());
    }
    if (isNew) {
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
    reported.needs();
    reported.has(Formats::qualifiedName);
    texts(object);
    series(object.at("series"));
    At note = isNew ? object.at("note").named("message") : object.at("message");
    if (note.text().length() > NOTE_BYTES_MAX) {
      refuse(note, "can have at most " + NOTE_BYTES_MAX + " characters");
    }
  }

  private static void texts(At object) {
    for (String field : List.of("reportingInstance", "action", "reason")) {
      At text = object.at(field);
      text.needs();
      if (text.text().length() > TEXT_CHARS_MAX) {
        refuse(text, "can have at most " + TEXT_CHARS_MAX + " characters");
      }
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

  /// An event of the newer kind does not change, but for its series.
  static void unchanged(At after, JsonNode before) {
    boolean isNew = after.at("apiVersion").is("events.k8s.io/v1");
    if (!isNew && !before.path("eventTime").isTextual()) {
      return;
    }
    keep(after, before, isNew ? "regarding" : "involvedObject", "involvedObject");
    keep(after, before, "reason", "reason");
    keep(after, before, isNew ? "note" : "message", "message");
    keep(after, before, isNew ? "deprecatedSource" : "source", "source");
    keep(after, before, isNew ? "deprecatedFirstTimestamp" : "firstTimestamp", "firstTimestamp");
    keep(after, before, isNew ? "deprecatedLastTimestamp" : "lastTimestamp", "lastTimestamp");
    keep(after, before, isNew ? "deprecatedCount" : "count", "count");
    keep(after, before, "reason", "reason");
    keep(after, before, "type", "type");
    keep(after, before, "eventTime", "eventTime");
    keep(after, before, "action", "action");
    keep(after, before, "related", "related");
    keep(
        after, before, isNew ? "reportingController" : "reportingComponent", "reportingController");
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
