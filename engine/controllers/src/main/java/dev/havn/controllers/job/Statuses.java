// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.UncountedTerminatedPods;
import io.fabric8.kubernetes.api.model.batch.v1.UncountedTerminatedPodsBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reading and changing what stands in the status of a job.
final class Statuses {
  static final String COMPLETE = "Complete";
  static final String FAILED = "Failed";
  static final String FAILURE_TARGET = "FailureTarget";
  static final String SUCCESS_CRITERIA_MET = "SuccessCriteriaMet";
  static final String SUSPENDED = "Suspended";

  private Statuses() {}

  static boolean isFinished(@Nullable JobStatus status) {
    return holds(status, COMPLETE).isPresent() || holds(status, FAILED).isPresent();
  }

  /// The condition of a type, if it is `True`.
  static Optional<JobCondition> holds(@Nullable JobStatus status, String type) {
    return status == null
        ? Optional.empty()
        : status.getConditions().stream()
            .filter(each -> each.getType().equals(type) && each.getStatus().equals("True"))
            .findFirst();
  }

  /// The conditions with one set; the same list when that changes nothing. A condition that was
  /// never there does not become `False`.
  static List<JobCondition> with(
      List<JobCondition> conditions, boolean holds, Ending condition, Instant now) {
    String status = holds ? "True" : "False";
    for (int i = 0; i < conditions.size(); i++) {
      JobCondition each = conditions.get(i);
      if (each.getType().equals(condition.type())) {
        if (each.getStatus().equals(status)
            && condition.reason().equals(each.getReason())
            && condition.message().equals(each.getMessage())) {
          return conditions;
        }
        List<JobCondition> changed = new ArrayList<>(conditions);
        changed.set(i, condition(condition, status, now));
        return changed;
      }
    }
    if (!holds) {
      return conditions;
    }
    List<JobCondition> more = new ArrayList<>(conditions);
    more.add(condition(condition, status, now));
    return more;
  }

  private static JobCondition condition(Ending condition, String status, Instant now) {
    return new JobConditionBuilder()
        .withType(condition.type())
        .withStatus(status)
        .withReason(condition.reason())
        .withMessage(condition.message())
        .withLastProbeTime(time(now))
        .withLastTransitionTime(time(now))
        .build();
  }

  static String time(Instant now) {
    return now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  static int number(@Nullable Integer count) {
    return count == null ? 0 : count;
  }

  /// As Go writes it: zero is left out.
  static @Nullable Integer count(int count) {
    return count == 0 ? null : count;
  }

  static List<String> uncountedSucceeded(JobStatus status) {
    @Nullable UncountedTerminatedPods uncounted = status.getUncountedTerminatedPods();
    return uncounted == null ? List.of() : uncounted.getSucceeded();
  }

  static List<String> uncountedFailed(JobStatus status) {
    @Nullable UncountedTerminatedPods uncounted = status.getUncountedTerminatedPods();
    return uncounted == null ? List.of() : uncounted.getFailed();
  }

  static UncountedTerminatedPods uncounted(List<String> succeeded, List<String> failed) {
    return new UncountedTerminatedPodsBuilder().withSucceeded(succeeded).withFailed(failed).build();
  }
}
