// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.time.ZoneId;

/// Rules of the group `batch`.
final class BatchRules {
  private static final int NAME_CHARS_MAX = 52;

  private BatchRules() {}

  static void job(At object) {
    spec(object);
  }

  /// Kubernetes looks at a changed Job's spec twice, which its causes show.
  static void changedJob(At object) {
    spec(object.at("spec"), true);
  }

  private static void spec(At object) {
    At spec = object.at("spec");
    At selector = spec.at("selector");
    boolean manual = spec.at("manualSelector").flag();
    if (selector.isThere()) {
      SelectorRules.check(selector);
    } else {
      selector.required("");
    }
    if (!manual && selector.isThere()) {
      generated(object, spec);
    }
    spec(spec, true);
    At labels = spec.at("template").at("metadata").at("labels");
    if (selector.isThere() && !SelectorRules.matches(selector.value(), labels.value())) {
      labels.invalid("`selector` does not match template `labels`");
    }
  }

  /// What the server has written into the template, it must still find there.
  private static void generated(At object, At spec) {
    At uid = object.at("metadata").at("uid");
    At name = object.at("metadata").at("name");
    At labels = spec.at("template").at("metadata").at("labels");
    label(labels, "batch.kubernetes.io/controller-uid", uid.text());
    label(labels, "controller-uid", uid.text());
    label(labels, "batch.kubernetes.io/job-name", name.text());
    label(labels, "job-name", name.text());
    boolean expected =
        spec.at("selector").at("matchLabels").value().size() == 1
            && (uid.is(
                    spec.at("selector")
                        .at("matchLabels")
                        .at("batch.kubernetes.io/controller-uid")
                        .text())
                || uid.is(spec.at("selector").at("matchLabels").at("controller-uid").text()));
    if (!expected || !spec.at("selector").at("matchExpressions").isEmpty()) {
      spec.at("selector").invalid("`selector` not auto-generated");
    }
  }

  private static void label(At labels, String key, String value) {
    if (!labels.at(key).is(value)) {
      new At(labels.value(), labels.path() + "[" + key + "]", labels.errors())
          .required("must be '" + value + "'");
    }
  }

  private static void spec(At spec, boolean ofJob) {
    spec.at("parallelism").ifThere(At::nonNegative);
    spec.at("completions").ifThere(At::nonNegative);
    spec.at("activeDeadlineSeconds").ifThere(At::nonNegative);
    spec.at("backoffLimit").ifThere(At::nonNegative);
    spec.at("ttlSecondsAfterFinished").ifThere(At::nonNegative);
    At perIndex = spec.at("backoffLimitPerIndex");
    perIndex.ifThere(At::nonNegative);
    At mostFailed = spec.at("maxFailedIndexes");
    mostFailed.ifThere(At::nonNegative);
    if (mostFailed.isThere() && !perIndex.isThere()) {
      perIndex.required("when maxFailedIndexes is specified");
    }
    At managedBy = spec.at("managedBy");
    managedBy.ifThere(at -> at.has(Formats::domainPath));
    completionMode(spec, perIndex, mostFailed);
    At replacement = spec.at("podReplacementPolicy");
    boolean failurePolicy = spec.at("podFailurePolicy").isThere();
    if (ofJob && replacement.isThere()) {
      if (failurePolicy) {
        replacement.oneOf("Failed");
      } else {
        replacement.oneOf("Failed", "TerminatingOrFailed");
      }
    }
    failurePolicy(spec.at("podFailurePolicy"));
    PodRules.checkTemplate(spec.at("template"));
    At policy = spec.at("template").at("spec").at("restartPolicy");
    if (policy.is("Always") || policy.isEmpty()) {
      policy.required("valid values: \"OnFailure\", \"Never\"");
    } else if (failurePolicy && !policy.is("Never")) {
      policy.invalidText("only \"Never\" is supported when podFailurePolicy is specified");
    } else {
      policy.oneOf("OnFailure", "Never");
    }
  }

  private static void completionMode(At spec, At perIndex, At mostFailed) {
    At mode = spec.at("completionMode");
    if (mode.isThere() && !mode.is("NonIndexed") && !mode.is("Indexed")) {
      mode.notSupported("NonIndexed", "Indexed");
    }
    At completions = spec.at("completions");
    if (mode.is("Indexed")) {
      if (!completions.isThere()) {
        completions.required("when completion mode is Indexed");
      }
    } else {
      for (At each : new At[] {perIndex, mostFailed, spec.at("successPolicy")}) {
        if (each.isThere()) {
          each.invalid("requires indexed completion mode");
        }
      }
    }
  }

  private static void failurePolicy(At policy) {
    for (At rule : policy.at("rules").items()) {
      At action = rule.at("action");
      if (action.isEmpty()) {
        action.required("valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
      } else {
        action.oneOf("Count", "FailIndex", "FailJob", "Ignore");
      }
      At exit = rule.at("onExitCodes");
      if (exit.isThere()) {
        exit.at("operator").needsOneOf("In", "NotIn");
        if (exit.at("values").isEmpty()) {
          exit.at("values").invalid("at least one value is required");
        }
      }
      for (At condition : rule.at("onPodConditions").items()) {
        condition.at("type").has(Formats::qualifiedName);
        condition.at("status").needsOneOf("False", "True", "Unknown");
      }
      if (!exit.isThere() && rule.at("onPodConditions").isEmpty()) {
        rule.errors()
            .add(
                new FieldError(
                    FieldError.Type.INVALID,
                    rule.path(),
                    null,
                    "specifying one of OnExitCodes and OnPodConditions is required"));
      }
    }
  }

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
    if (job.at("manualSelector").flag()) {
      job.at("manualSelector").notSupported("nil", "false");
    }
    spec(job, false);
    spec.at("successfulJobsHistoryLimit").ifThere(At::nonNegative);
    spec.at("failedJobsHistoryLimit").ifThere(At::nonNegative);
    At name = object.at("metadata").at("name");
    if (name.text().length() > NAME_CHARS_MAX) {
      name.invalidText("must be no more than " + NAME_CHARS_MAX + " characters");
    }
  }
}
