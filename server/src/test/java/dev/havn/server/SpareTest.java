// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpareTest {
  private final List<Made> made = new CopyOnWriteArrayList<>();
  private final Semaphore makings = new Semaphore(0);
  private final Spare<Made> spare = new Spare<>(this::make);

  /// What was made, by whom, and whether it is closed.
  private record Made(int size, String thread, CountDownLatch closed) implements AutoCloseable {
    @Override
    public void close() {
      closed.countDown();
    }

    boolean isClosed() {
      return closed.getCount() == 0;
    }
  }

  private Made make(int size) {
    Made one = new Made(size, Thread.currentThread().getName(), new CountDownLatch(1));
    made.add(one);
    makings.release();
    return one;
  }

  @Test
  void theNextIsMadeAheadOnAnotherThread() throws Exception {
    Made first = spare.take(1);
    makings.acquire(2);

    Made second = spare.take(1);

    assertThat(second).isSameAs(made.get(1)).isNotSameAs(first);
    assertThat(second.thread()).isEqualTo("havn-spare");
    assertThat(first.isClosed()).isFalse();
    assertThat(second.isClosed()).isFalse();
  }

  @Test
  void oneOfAnotherSizeIsClosed() throws Exception {
    Made small = spare.take(1);
    makings.acquire(2);

    Made large = spare.take(3);

    assertThat(large.size()).isEqualTo(3);
    made.get(1).closed().await();
    assertThat(small.isClosed()).isFalse();
  }

  @Test
  void whatNobodyTookIsClosedAtTheEnd() {
    Made first = spare.take(1);

    spare.drop();

    assertThat(made).hasSize(2);
    assertThat(made.get(1).isClosed()).isTrue();
    assertThat(first.isClosed()).isFalse();
    spare.drop();
  }

  @Test
  void whatGoesWrongAheadIsToldToWhoTakesIt() {
    AtomicInteger calls = new AtomicInteger();
    Spare<Made> failing =
        new Spare<>(
            size -> {
              if (calls.incrementAndGet() == 2) {
                throw new StartException("no room");
              }
              return make(size);
            });
    Made first = failing.take(1);

    assertThatThrownBy(() -> failing.take(1))
        .isInstanceOf(StartException.class)
        .hasMessage("no room");
    Made third = failing.take(1);

    assertThat(third).isNotSameAs(first);
    failing.drop();
  }

  @Test
  void noneIsTakenTwiceOrLost() throws Exception {
    Set<Made> taken = ConcurrentHashMap.newKeySet();
    int times = 200;
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> all =
          IntStream.range(0, times)
              .mapToObj(i -> threads.submit(() -> taken.add(spare.take(1 + i % 2))))
              .toList();
      for (Future<Boolean> each : all) {
        assertThat(each.get()).isTrue();
      }
    }
    spare.drop();

    assertThat(taken).hasSize(times).noneMatch(Made::isClosed);
    for (Made each : made) {
      if (!taken.contains(each)) {
        each.closed().await();
      }
    }
  }
}
