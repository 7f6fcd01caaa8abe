// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether a job is to end although it could go on. What was said once stays said; then failures
/// count before successes. That enough pods have succeeded is seen later, when it is known how many
/// are left.
final class Verdict {
  private Verdict() {}

  static Optional<Ending> of(Situation situation) {
    return said(situation)
        .or(() -> failedJob(situation))
        .or(() -> failures(situation))
        .or(() -> failedIndexes(situation))
        .or(() -> success(situation));
  }

  private static Optional<Ending> said(Situation situation) {
    Optional<JobCondition> met = Statuses.holds(situation.before(), Statuses.SUCCESS_CRITERIA_MET);
    return met.map(Ending::of)
        .or(
            () ->
                Statuses.holds(situation.before(), Statuses.FAILURE_TARGET)
                    .map(condition -> Ending.of(condition).last()));
  }

  private static Optional<Ending> failedJob(Situation situation) {
    Terms terms = situation.terms();
    for (JobPod pod : situation.pods()) {
      @Nullable String message =
          pod.isFailed(terms) ? PodFailure.of(terms.podFailurePolicy(), pod).message() : null;
      if (message != null) {
        return Optional.of(Ending.failure("PodFailurePolicy", message));
      }
    }
    return Optional.empty();
  }

  private static Optional<Ending> failures(Situation situation) {
    if (situation.failed() > situation.terms().backoffLimit() || restartedTooOften(situation)) {
      return Optional.of(
          Ending.failure("BackoffLimitExceeded", "Job has reached the specified backoff limit"));
    }
    return situation
        .untilDeadline()
        .filter(left -> left.compareTo(Duration.ZERO) <= 0)
        .map(
            _ ->
                Ending.failure(
                    "DeadlineExceeded", "Job was active longer than specified deadline"));
  }

  /// The kubelet's restarts count as failures, too.
  private static boolean restartedTooOften(Situation situation) {
    if (!situation.terms().restartsOnFailure()) {
      return false;
    }
    int restarts =
        situation.pods().stream()
            .filter(pod -> pod.phase().equals("Running") || pod.phase().equals("Pending"))
            .mapToInt(JobPod::restarts)
            .sum();
    int limit = situation.terms().backoffLimit();
    return limit == 0 ? restarts > 0 : restarts >= limit;
  }

  private static Optional<Ending> failedIndexes(Situation situation) {
    if (situation.failedIndexes() == null) {
      return Optional.empty();
    }
    int failed = situation.failedIndexes().count();
    @Nullable Integer most = situation.terms().maxFailedIndexes();
    if (most != null && failed > most) {
      return Optional.of(
          Ending.failure(
              "MaxFailedIndexesExceeded",
              "Job has exceeded the specified maximal number of failed indexes"));
    }
    return failed > 0
            && failed + situation.succeededIndexes().count() >= situation.terms().indexes()
        ? Optional.of(Ending.failure("FailedIndexes", "Job has failed indexes"))
        : Optional.empty();
  }

  private static Optional<Ending> success(Situation situation) {
    return situation.terms().indexed()
        ? SuccessRules.met(
                situation.terms().successPolicy(),
                situation.terms().indexes(),
                situation.succeededIndexes())
            .map(message -> Ending.success("SuccessPolicy", message))
        : Optional.empty();
  }
}
