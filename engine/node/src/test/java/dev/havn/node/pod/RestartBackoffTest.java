// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Container;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestartBackoffTest {
  private static final Instant START = Instant.parse("2026-05-04T10:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0s",
    "1, 10, 10s",
    "2, 20, 20s",
    "5, 160, 2m40s",
    "6, 300, 5m0s",
    "90, 300, 5m0s"
  })
  void doublesUpToFiveMinutes(int attempt, long seconds, String shown) {
    Instant end = START.plusSeconds(1);
    RestartBackoff backoff = RestartBackoff.of(ended(attempt, end), 0, end);
    assertThat(backoff.whole()).hasSeconds(seconds);
    assertThat(backoff.shown()).isEqualTo(shown);
    assertThat(backoff.waits()).isEqualTo(seconds > 0);
  }

  @Test
  void isNoLongerWhenTheClockGoesBack() {
    Instant end = START.plusSeconds(1);
    Instant back = end.minus(Duration.ofHours(1));
    assertThat(RestartBackoff.of(ended(1, end), 0, back).left()).hasSeconds(10);
  }

  @Test
  void isOverWhenItsTimeHasPassed() {
    Instant end = START.plusSeconds(1);
    assertThat(RestartBackoff.of(ended(1, end), 0, end.plusSeconds(9)).left()).hasSeconds(1);
    assertThat(RestartBackoff.of(ended(1, end), 0, end.plusSeconds(10)).waits()).isFalse();
  }

  @Test
  void isForgivenAfterTenMinutes() {
    Instant end = START.plus(Duration.ofMinutes(11));
    assertThat(RestartBackoff.ranLong(ended(7, end))).isTrue();
    assertThat(RestartBackoff.ranLong(ended(8, START.plusSeconds(1)))).isFalse();
    assertThat(RestartBackoff.of(ended(7, end), 7, end).waits()).isFalse();
    assertThat(RestartBackoff.of(ended(8, end), 7, end).whole()).hasSeconds(10);
    assertThat(RestartBackoff.of(ended(9, end), 7, end).whole()).hasSeconds(20);
  }

  @Test
  void whatEndedBeforeThisNodeLookedIsNoFailure() {
    Instant end = START.plusSeconds(1);
    PodMemory restarted = new PodMemory();
    restarted.meet("web", ended(3, end));
    assertThat(restarted.backoff(ended(3, end), end).waits()).isFalse();
    restarted.meet("web", ended(4, end));
    assertThat(restarted.backoff(ended(4, end), end).whole()).hasSeconds(10);
  }

  @Test
  void everyEndAfterTheFirstStartIsAFailure() {
    Instant end = START.plusSeconds(1);
    PodMemory memory = new PodMemory();
    memory.meet("web", null);
    assertThat(memory.backoff(ended(0, end), end).waits()).isFalse();
    memory.meet("web", ended(1, end));
    assertThat(memory.backoff(ended(1, end), end).whole()).hasSeconds(10);
    assertThat(memory.backoff(ended(2, end), end).whole()).hasSeconds(20);
  }

  private static Container ended(int attempt, Instant end) {
    return new Container(
        "id", "web", attempt, "image", "sha256:0", START, end, 1, false, Path.of("/dev/null"));
  }
}
