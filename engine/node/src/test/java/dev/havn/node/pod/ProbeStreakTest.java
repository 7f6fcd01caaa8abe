// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.pod.ProbeRun.Outcome;
import dev.havn.node.pod.ProbeStreak.Verdict;
import io.fabric8.kubernetes.api.model.Probe;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProbeStreakTest {

  /// `+` is a success, `-` a failure, `?` that nobody could be asked.
  @ParameterizedTest
  @CsvSource({
    "'{}', '', OPEN",
    "'{}', +, PASSED",
    "'{}', --, OPEN",
    "'{}', ---, FAILED",
    "'{}', ---+, PASSED",
    "'{}', --+--, OPEN",
    "'{failureThreshold: 1}', -, FAILED",
    "'{successThreshold: 2}', +, OPEN",
    "'{successThreshold: 2}', +-+, OPEN",
    "'{successThreshold: 2}', -++, PASSED",
    "'{failureThreshold: 1}', ??, OPEN",
    "'{failureThreshold: 1}', ?-, FAILED",
    "'{}', --??, OPEN",
    "'{}', --?-, FAILED",
    "'{}', +???, PASSED",
  })
  void onlyResultsInARowCount(String probe, String results, Verdict verdict) {
    ProbeStreak streak = ProbeStreak.NONE;
    for (char result : results.toCharArray()) {
      streak =
          streak.after(
              result == '+' ? Outcome.SUCCESS : result == '-' ? Outcome.FAILURE : Outcome.ERROR);
    }
    assertThat(streak.verdict(GoldenPods.read(probe, Probe.class))).isEqualTo(verdict);
  }
}
