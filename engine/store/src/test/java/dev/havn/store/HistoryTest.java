// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// How far back can be read: five minutes, less of what is large, at a clock set by hand.
class HistoryTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private Instant now = Instant.EPOCH;
  private final Minutes minutes = new Minutes();
  private final LogStore store = LogStore.inMemory(() -> now, minutes);

  /// Takes the one task that the store repeats, and runs it when a minute is said to be over.
  private static final class Minutes extends ScheduledThreadPoolExecutor {
    private Runnable tidy = () -> {};

    Minutes() {
      super(1);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      if (unit.toMillis(delay) == MINUTE.toMillis()) {
        tidy = task;
      }
      return super.schedule(() -> {}, 0, TimeUnit.MILLISECONDS);
    }
  }

  @AfterEach
  void close() {
    store.close();
    minutes.shutdownNow();
  }

  private void pass(int count) {
    for (int i = 0; i < count; i++) {
      now = now.plus(MINUTE);
      minutes.tidy.run();
    }
  }

  private void write(int bytes) {
    store.put("/k/a", new byte[bytes], Store.ANY, null);
  }

  @Test
  void aSmallPastIsKeptForFiveMinutes() {
    write(10);
    long then = store.revision();
    write(10);
    pass(5);
    assertThat(store.range("/k/", "", 0, then).entries()).hasSize(1);
    pass(2);
    assertThat(store.compactedRevision()).isGreaterThan(then);
  }

  @Test
  void ofALargePastTheOldestIsForgottenAfterLittleMoreThanAMinute() {
    int half = (int) (View.HISTORY_BYTES / 2);
    write(half);
    long first = store.revision();
    write(half);
    write(half);
    write(10);
    long fourth = store.revision();
    write(10);
    pass(1);
    assertThat(store.range("/k/", "", 0, first).entries()).hasSize(1);
    pass(2);
    assertThat(store.compactedRevision()).isGreaterThan(first).isLessThan(fourth);
    assertThat(store.range("/k/", "", 0, fourth).entries()).hasSize(1);
  }
}
