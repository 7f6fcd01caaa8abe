// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.time.ZoneId;

/// Rules of CronJobs.
final class BatchRules {
  private static final int NAME_CHARS_MAX = 52;

  private BatchRules() {}

  static void cronJob(At object) {
    At spec = object.at("spec");
    At schedule = spec.at("schedule");
    if (schedule.needs()) {
      String[] fields = schedule.text().strip().split("\\s+");
      if (!schedule.text().startsWith("@") && fields.length != 5) {
        schedule.invalidText(
            "expected exactly 5 fields, found %d: [%s]"
                .formatted(
                    schedule.text().isBlank() ? 0 : fields.length, String.join(" ", fields)));
      }
    }
    At zone = spec.at("timeZone");
    if (zone.isThere() && !ZoneId.getAvailableZoneIds().contains(zone.text())) {
      zone.invalidText(
          zone.text().isEmpty()
              ? "timeZone must be nil or non-empty string"
              : "unknown time zone " + zone.text());
    }
    spec.at("startingDeadlineSeconds").ifThere(At::nonNegative);
    spec.at("concurrencyPolicy").needsOneOf("Allow", "Forbid", "Replace");
    At job = spec.at("jobTemplate").at("spec");
    JobRules.spec(job);
    if (job.at("selector").isThere()) {
      job.at("selector").invalid("`selector` will be auto-generated");
    }
    if (job.at("manualSelector").flag()) {
      job.at("manualSelector").notSupported("nil", "false");
    }
    spec.at("successfulJobsHistoryLimit").ifThere(At::nonNegative);
    spec.at("failedJobsHistoryLimit").ifThere(At::nonNegative);
  }

  static void newCronJob(At object) {
    At name = object.at("metadata").at("name");
    if (name.text().length() > NAME_CHARS_MAX) {
      name.invalidText("must be no more than " + NAME_CHARS_MAX + " characters");
    }
  }
}
