// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.ProbeRun.Outcome;
import io.fabric8.kubernetes.api.model.Probe;
import org.jspecify.annotations.Nullable;

/// How often in a row a probe succeeded, or failed.
record ProbeStreak(int successes, int failures) {
  static final ProbeStreak NONE = new ProbeStreak(0, 0);
  private static final int FAILURES = 3;

  /// What a streak says by the probe's thresholds.
  enum Verdict {
    PASSED,
    FAILED,
    /// not enough of either
    OPEN
  }

  /// Where nobody could be asked it goes on from where it was.
  ProbeStreak after(Outcome outcome) {
    return switch (outcome) {
      case SUCCESS, WARNING -> new ProbeStreak(successes + 1, 0);
      case FAILURE -> new ProbeStreak(0, failures + 1);
      case ERROR -> this;
    };
  }

  Verdict verdict(Probe probe) {
    if (successes >= or(probe.getSuccessThreshold(), 1)) {
      return Verdict.PASSED;
    }
    return failures >= or(probe.getFailureThreshold(), FAILURES) ? Verdict.FAILED : Verdict.OPEN;
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}
