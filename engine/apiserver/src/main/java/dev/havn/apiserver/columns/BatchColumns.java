// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Cells.number;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.size;
import static dev.havn.apiserver.columns.Column.text;
import static dev.havn.apiserver.columns.Column.timed;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Work that ends.
final class BatchColumns {
  private BatchColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "Job" ->
          WorkloadColumns.with(
              WorkloadColumns.selected("spec.template.spec.containers", "spec.selector"),
              text("Status", BatchColumns::status),
              text("Completions", BatchColumns::completions),
              timed("Duration", 0, BatchColumns::duration),
              age());
      case "CronJob" ->
          WorkloadColumns.with(
              WorkloadColumns.selected(
                  "spec.jobTemplate.spec.template.spec.containers",
                  "spec.jobTemplate.spec.selector"),
              text("Schedule", "spec.schedule"),
              text("Timezone", o -> Cells.orNone(at(o, "spec.timeZone"))),
              text("Suspend", BatchColumns::suspend).typed("boolean"),
              size("Active", "status.active"),
              timed("Last Schedule", 0, BatchColumns::lastSchedule),
              age());
      default -> List.of();
    };
  }

  private static String status(JsonNode job) {
    for (String end : List.of("Complete", "Failed")) {
      if (Cells.condition(job, end).equals("True")) {
        return end;
      }
    }
    if (job.path("metadata").has("deletionTimestamp")) {
      return "Terminating";
    }
    for (String type : List.of("Suspended", "FailureTarget", "SuccessCriteriaMet")) {
      if (Cells.condition(job, type).equals("True")) {
        return type;
      }
    }
    return "Running";
  }

  private static String completions(JsonNode job) {
    String succeeded = number(job, "status.succeeded") + "/";
    if (job.path("spec").has("completions")) {
      return succeeded + number(job, "spec.completions");
    }
    long parallelism = number(job, "spec.parallelism");
    return succeeded + "1" + (parallelism > 1 ? " of " + parallelism : "");
  }

  private static String duration(JsonNode job, Instant now) {
    String start = at(job, "status.startTime");
    if (start.isEmpty()) {
      return "";
    }
    String end = at(job, "status.completionTime");
    return Age.of(Duration.between(Instant.parse(start), end.isEmpty() ? now : Instant.parse(end)));
  }

  private static String suspend(JsonNode job) {
    JsonNode suspend = node(job, "spec.suspend");
    if (!suspend.isBoolean()) {
      return Cells.UNSET;
    }
    return suspend.asBoolean() ? "True" : "False";
  }

  private static String lastSchedule(JsonNode job, Instant now) {
    String last = at(job, "status.lastScheduleTime");
    return last.isEmpty() ? Cells.NONE : Age.since(last, now);
  }
}
