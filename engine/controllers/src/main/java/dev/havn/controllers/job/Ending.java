// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import org.jspecify.annotations.Nullable;

/// Why a job ends, as the condition that says so.
///
/// @param type `FailureTarget` and `SuccessCriteriaMet` while its pods are still to be ended,
///   `Failed` and `Complete` when all is over
record Ending(String type, String reason, String message) {
  static final Ending COMPLETIONS_REACHED =
      new Ending(
          Statuses.SUCCESS_CRITERIA_MET,
          "CompletionsReached",
          "Reached expected number of succeeded pods");

  static Ending failure(String reason, String message) {
    return new Ending(Statuses.FAILURE_TARGET, reason, message);
  }

  static Ending success(String reason, String message) {
    return new Ending(Statuses.SUCCESS_CRITERIA_MET, reason, message);
  }

  static Ending of(JobCondition condition) {
    return new Ending(condition.getType(), or(condition.getReason()), or(condition.getMessage()));
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text;
  }

  boolean isSuccess() {
    return type.equals(Statuses.SUCCESS_CRITERIA_MET) || type.equals(Statuses.COMPLETE);
  }

  /// What is said when nothing is left to be done.
  Ending last() {
    return new Ending(isSuccess() ? Statuses.COMPLETE : Statuses.FAILED, reason, message);
  }
}
