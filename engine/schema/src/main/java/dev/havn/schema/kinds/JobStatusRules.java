// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a Job's status must satisfy. Rules of a field are looked at when it, or a condition it
/// depends on, has changed: a status that breaks one may still be mended elsewhere.
final class JobStatusRules {
  private static final String COMPLETE = "Complete";
  private static final String FAILED = "Failed";
  private static final String FAILURE_TARGET = "FailureTarget";
  private static final String SUCCESS_CRITERIA = "SuccessCriteriaMet";

  private final At spec;
  private final At status;
  private final At was;

  private JobStatusRules(At after, ObjectNode before) {
    this.spec = after.at("spec");
    this.status = after.at("status");
    this.was = At.root(before, new ArrayList<>()).at("status");
  }

  static void check(At after, ObjectNode before) {
    JobStatusRules rules = new JobStatusRules(after, before);
    rules.counts();
    rules.uncounted();
    rules.ends();
    rules.times();
    rules.targets();
    rules.finished();
    rules.indexes();
    rules.ready();
    rules.criteria();
    rules.steps();
  }

  private boolean is(String condition) {
    return isTrue(status, condition);
  }

  private static boolean isTrue(At status, String condition) {
    return status.at("conditions").items().stream()
        .anyMatch(each -> each.at("type").is(condition) && each.at("status").is("True"));
  }

  private boolean turned(String condition) {
    return is(condition) != isTrue(was, condition);
  }

  private boolean changed(String field) {
    return !status.at(field).value().equals(was.at(field).value());
  }

  private boolean isFinished() {
    return is(COMPLETE) || is(FAILED);
  }

  private boolean finishedTurned() {
    return isFinished() != (isTrue(was, COMPLETE) || isTrue(was, FAILED));
  }

  private void refuse(String detail) {
    At conditions = status.at("conditions");
    conditions
        .errors()
        .add(new FieldError(FieldError.Type.INVALID, conditions.path(), null, detail));
  }

  private void counts() {
    for (String field : List.of("active", "succeeded", "failed", "ready", "terminating")) {
      status.at(field).nonNegative();
    }
  }

  private void uncounted() {
    Set<String> seen = new HashSet<>();
    for (String list : List.of("succeeded", "failed")) {
      for (At each : status.at("uncountedTerminatedPods").at(list).items()) {
        if (each.isEmpty()) {
          each.invalidText("must not be empty");
        } else if (!seen.add(each.text())) {
          each.duplicate();
        }
      }
    }
  }

  private void ends() {
    boolean completed = turned(COMPLETE);
    if ((completed || turned(FAILED)) && is(COMPLETE) && is(FAILED)) {
      refuse("cannot set Complete=True and Failed=true conditions");
    }
    if ((completed || turned(FAILURE_TARGET)) && is(COMPLETE) && is(FAILURE_TARGET)) {
      refuse("cannot set Complete=True and FailureTarget=true conditions");
    }
  }

  private void times() {
    At end = status.at("completionTime");
    At start = status.at("startTime");
    if (turned(COMPLETE) || changed("completionTime")) {
      if (end.isThere() && !is(COMPLETE)) {
        end.invalid("cannot set completionTime when there is no Complete=True condition");
      }
      if (!end.isThere() && is(COMPLETE)) {
        end.required("completionTime is required for Complete jobs");
      }
    }
    boolean moved = changed("startTime") || changed("completionTime");
    if (moved && start.isThere() && end.isThere() && end.text().compareTo(start.text()) < 0) {
      end.invalid("must be equal to or after `startTime`");
    }
  }

  private void targets() {
    if ((turned(FAILED) || changed("failedIndexes")) && is(FAILED) && !is(FAILURE_TARGET)) {
      refuse("cannot set Failed=True condition without the FailureTarget=true condition");
    }
    if ((turned(COMPLETE) || turned(SUCCESS_CRITERIA)) && is(COMPLETE) && !is(SUCCESS_CRITERIA)) {
      refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
    }
  }

  private void finished() {
    At active = status.at("active");
    boolean ended = finishedTurned();
    if ((ended || changed("active")) && active.number() > 0 && isFinished()) {
      active.invalid("active>0 is invalid for finished job");
    }
    boolean nothingToDo =
        spec.at("suspend").flag()
            && spec.at("completions").isThere()
            && spec.at("completions").number() == 0;
    At start = status.at("startTime");
    if ((ended || changed("startTime")) && !nothingToDo && !start.isThere() && isFinished()) {
      start.required("startTime is required for finished job");
    }
    At uncounted = status.at("uncountedTerminatedPods");
    int left = uncounted.at("failed").value().size() + uncounted.at("succeeded").value().size();
    if ((ended || changed("uncountedTerminatedPods")) && isFinished() && left > 0) {
      uncounted.invalid("must be empty for finished job");
    }
  }

  private void indexes() {
    At completed = status.at("completedIndexes");
    At failed = status.at("failedIndexes");
    At completions = spec.at("completions");
    boolean limited = spec.at("backoffLimitPerIndex").isThere();
    IndexIntervals done = IndexIntervals.read(completed.text(), completions.number());
    IndexIntervals lost = IndexIntervals.read(failed.text(), completions.number());
    if (changed("completedIndexes") && completions.isThere() && !done.problem().isEmpty()) {
      completed.invalidText("error parsing completedIndexes: " + done.problem());
    }
    boolean newlyFailed = changed("failedIndexes");
    if (newlyFailed && completions.isThere() && limited && !lost.problem().isEmpty()) {
      failed.invalidText("error parsing failedIndexes: " + lost.problem());
    }
    if (changed("completedIndexes") && !completed.isEmpty() && !JobRules.isIndexed(spec)) {
      completed.invalidText(
          "cannot set non-empty completedIndexes when non-indexed completion mode");
    }
    if (newlyFailed && !limited && failed.isThere()) {
      failed.invalidText("cannot set non-null failedIndexes when backoffLimitPerIndex is null");
    }
    long both = done.overlap(lost);
    if ((newlyFailed || changed("completedIndexes")) && completions.isThere() && both >= 0) {
      failed.invalidText("failedIndexes and completedIndexes overlap at index: " + both);
    }
  }

  private void ready() {
    At terminating = status.at("terminating");
    if ((finishedTurned() || changed("terminating")) && terminating.number() > 0 && isFinished()) {
      terminating.invalid("terminating>0 is invalid for finished job");
    }
    At ready = status.at("ready");
    boolean more = ready.isThere() && ready.number() > status.at("active").number();
    if ((changed("ready") || changed("active")) && more) {
      ready.invalid("cannot set more ready pods than active");
    }
  }

  private void criteria() {
    if (is(SUCCESS_CRITERIA) && is(FAILED)) {
      refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions");
    }
    if (is(SUCCESS_CRITERIA) && is(FAILURE_TARGET)) {
      refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
    }
    if (spec.at("successPolicy").isThere() && !is(SUCCESS_CRITERIA) && is(COMPLETE)) {
      refuse("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
    }
  }

  /// What may not go back.
  private void steps() {
    for (String condition : List.of(FAILED, COMPLETE, FAILURE_TARGET)) {
      if (isTrue(was, condition) && !is(condition)) {
        refuse("cannot disable the terminal %s=True condition".formatted(condition));
      }
    }
    decreases("failed", "cannot decrease the failed counter");
    JsonNode completions = spec.at("completions").value();
    if (!JobRules.isIndexed(spec) || !completions.equals(spec.at("parallelism").value())) {
      decreases("succeeded", "cannot decrease the succeeded counter");
    }
    At end = status.at("completionTime");
    if (end.isThere() && was.at("completionTime").isThere() && changed("completionTime")) {
      end.invalid("field is immutable");
    }
    if (was.at("startTime").isThere() && changed("startTime") && !spec.at("suspend").flag()) {
      status.at("startTime").invalid("field is immutable for unsuspended job once set");
    }
    if (isTrue(was, SUCCESS_CRITERIA) && !is(SUCCESS_CRITERIA)) {
      refuse("cannot disable the SuccessCriteriaMet=True condition");
    }
    if (isTrue(was, COMPLETE) && !isTrue(was, SUCCESS_CRITERIA) && is(SUCCESS_CRITERIA)) {
      refuse("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
    }
  }

  private void decreases(String field, String detail) {
    if (status.at(field).number() < was.at(field).number()) {
      status
          .errors()
          .add(
              FieldError.invalid(
                  status.at(field).path(), LongNode.valueOf(status.at(field).number()), detail));
    }
  }
}
