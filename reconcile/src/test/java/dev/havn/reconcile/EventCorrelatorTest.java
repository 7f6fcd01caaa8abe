// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.EventCorrelator.Observed;
import dev.havn.reconcile.EventCorrelator.Saying;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventCorrelatorTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final EventCorrelator correlator = new EventCorrelator();
  private Instant now = START;
  private int names;

  private Optional<Observed> say(String object, String reason, String message) {
    return correlator.observe(
        new Saying("kubelet|a", object, "", "Warning", reason, message), "n" + names++, now);
  }

  @Test
  void theSameAgainIsCountedUp() {
    say("pod", "Failed", "m");
    now = START.plusSeconds(700);
    assertThat(say("pod", "Failed", "m")).contains(new Observed("n0", "m", 2, START));
    assertThat(say("pod", "Failed", "other").orElseThrow().count()).isEqualTo(1);
    assertThat(say("pod2", "Failed", "m").orElseThrow().count()).isEqualTo(1);
  }

  @Test
  void tenThatDifferInTheirWordsBecomeOne() {
    for (int i = 1; i < 10; i++) {
      assertThat(say("pod", "Failed", "m" + i).orElseThrow().message()).isEqualTo("m" + i);
    }
    assertThat(say("pod", "Failed", "m10"))
        .contains(new Observed("n9", "(combined from similar events): m10", 1, START));
    assertThat(say("pod", "Failed", "m11"))
        .contains(new Observed("n9", "(combined from similar events): m11", 2, START));
    assertThat(say("pod", "Other", "m12").orElseThrow().message()).isEqualTo("m12");
  }

  @Test
  void afterTenQuietMinutesNothingIsSimilar() {
    for (int i = 1; i < 10; i++) {
      say("pod", "Failed", "m" + i);
    }
    now = now.plus(Duration.ofMinutes(10)).plusMillis(1);
    assertThat(say("pod", "Failed", "m10").orElseThrow().message()).isEqualTo("m10");
  }

  @Test
  void whoSaysALotOfOneObjectIsHeardOnceInFiveMinutes() {
    for (int i = 0; i < 25; i++) {
      assertThat(say("pod", "Failed" + i, "m")).isPresent();
    }
    assertThat(say("pod", "Failed", "m")).isEmpty();
    assertThat(say("pod2", "Failed", "m")).isPresent();
    now = now.plus(Duration.ofMinutes(5)).minusMillis(1);
    assertThat(say("pod", "Failed", "m")).isEmpty();
    now = now.plusMillis(1);
    Observed heard = say("pod", "Failed", "m").orElseThrow();
    assertThat(heard.count()).as("what was not heard is counted").isEqualTo(3);
    assertThat(say("pod", "Failed", "m")).isEmpty();
  }
}
