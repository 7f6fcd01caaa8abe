// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FairPlacesTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  private final FairPlaces places = new FairPlaces(3, 2, 2);
  private final List<String> called = new CopyOnWriteArrayList<>();

  /// Somebody who waits, so far.
  private FutureTask<Boolean> waits(String who) throws InterruptedException {
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              places.enter(who, LONG);
              called.add(who);
              return true;
            });
    Thread thread = new Thread(task, who);
    thread.start();
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      assertThat(task.isDone()).as("%s need not wait", who).isFalse();
      Thread.onSpinWait();
    }
    return task;
  }

  private void requireFull(String who) {
    assertThatThrownBy(() -> places.enter(who, Duration.ZERO))
        .isInstanceOf(IOException.class)
        .hasMessage("its turn does not come in PT0S");
  }

  @Test
  void nobodyHasMoreThanHisPart() throws IOException {
    places.enter("a", LONG);
    places.enter("a", LONG);
    requireFull("a");
    places.enter("b", LONG);
    requireFull("c");
    places.leave("b");
    places.enter("c", LONG);
    places.leave("a");
    places.enter("a", LONG);
  }

  @Test
  void aPlaceGoesToWhoHasTheFewestAndOfThoseToWhoWaitsLongest() throws Exception {
    places.enter("a", LONG);
    places.enter("a", LONG);
    places.enter("b", LONG);
    FutureTask<Boolean> more = waits("b");
    FutureTask<Boolean> first = waits("c");
    FutureTask<Boolean> second = waits("d");
    places.leave("a");
    assertThat(first.get()).isTrue();
    places.leave("a");
    assertThat(second.get()).isTrue();
    places.leave("c");
    assertThat(more.get()).isTrue();
    assertThat(called).containsExactly("c", "d", "b");
  }

  @Test
  void nobodyWaitsForMoreThanHisPart() throws Exception {
    places.enter("a", LONG);
    places.enter("a", LONG);
    FutureTask<Boolean> third = waits("a");
    FutureTask<Boolean> fourth = waits("a");
    assertThatThrownBy(() -> places.enter("a", LONG))
        .isInstanceOf(IOException.class)
        .hasMessage("2 already wait for their turn");
    places.leave("a");
    places.leave("a");
    assertThat(third.get()).isTrue();
    assertThat(fourth.get()).isTrue();
  }
}
