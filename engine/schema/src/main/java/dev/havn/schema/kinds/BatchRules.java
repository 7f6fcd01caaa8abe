// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

/// Rules of CronJobs.
final class BatchRules {
  private static final int NAME_CHARS_MAX = 52;

  private BatchRules() {}

  static void cronJob(At object) {
    At spec = object.at("spec");
    At schedule = spec.at("schedule");
    if (schedule.needs()) {
      CronSchedule.problem(schedule.text()).ifPresent(schedule::invalidText);
      if (schedule.text().contains("TZ")) {
        schedule.invalidText(
            spec.at("timeZone").isThere()
                ? "cannot use both timeZone field and TZ or CRON_TZ in schedule"
                : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
      }
    }
    spec.at("startingDeadlineSeconds").ifThere(At::nonNegative);
    spec.at("timeZone").ifThere(BatchRules::zone);
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

  private static void zone(At zone) {
    if (zone.isEmpty()) {
      zone.invalidText("timeZone must be nil or non-empty string");
    } else if (zone.text().equalsIgnoreCase("Local")) {
      zone.invalidText(
          "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
    } else if (!CronSchedule.isZone(zone.text())) {
      zone.invalidText("unknown time zone " + zone.text());
    }
  }

  static void newCronJob(At object) {
    At name = object.at("metadata").at("name");
    if (name.text().length() > NAME_CHARS_MAX) {
      name.invalidText("must be no more than " + NAME_CHARS_MAX + " characters");
    }
  }
}
