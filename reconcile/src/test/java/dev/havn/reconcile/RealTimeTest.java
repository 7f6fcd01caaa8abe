// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RealTimeTest {
  private static final int TASKS = 10_000;
  private static final int OUTSTANDING = 500;
  private static final long WORK_NANOS = 50_000;
  private static final int BEGUN_BEFORE_MAX = 4 * OUTSTANDING;
  private static final int LOOKS = 20;

  private final RealTime executor = new RealTime();

  @AfterEach
  void close() {
    executor.shutdownNow();
  }

  /// Who hands over much does not hold up who hands over little.
  @Test
  void whatIsHandedOverBeginsInItsOrder() throws InterruptedException {
    AtomicInteger begun = new AtomicInteger();
    Semaphore places = new Semaphore(OUTSTANDING);
    Thread busy = Thread.ofPlatform().daemon().start(() -> handOver(begun, places));
    while (begun.get() < TASKS) {
      Thread.onSpinWait();
    }
    int mostBegunBefore = 0;
    for (int i = 0; i < LOOKS; i++) {
      CompletableFuture<Integer> seen = new CompletableFuture<>();
      executor.execute(() -> seen.complete(begun.get()));
      int handedOver = begun.get();
      mostBegunBefore = Math.max(mostBegunBefore, seen.join() - handedOver);
    }
    busy.interrupt();
    busy.join();
    assertThat(mostBegunBefore).isLessThan(BEGUN_BEFORE_MAX);
  }

  private void handOver(AtomicInteger begun, Semaphore places) {
    for (int i = 0; i < 100 * TASKS; i++) {
      try {
        places.acquire();
      } catch (InterruptedException enough) {
        return;
      }
      executor.execute(
          () -> {
            begun.incrementAndGet();
            places.release();
            work();
          });
    }
  }

  /// Long enough that more is handed over meanwhile.
  private static void work() {
    long end = System.nanoTime() + WORK_NANOS;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  @Test
  void whatWasHandedOverBeforeTheEndIsRun() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(TASKS);
    for (int i = 0; i < TASKS; i++) {
      executor.execute(begun::countDown);
    }
    executor.shutdown();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }
}
