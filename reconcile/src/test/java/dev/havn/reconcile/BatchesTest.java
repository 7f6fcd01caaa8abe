// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BatchesTest {
  private static List<Integer> items(int count) {
    return IntStream.range(0, count).boxed().toList();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /// 1 + 2 + 4 + 8 + 16 + 32 come first, then 64 are under way.
  @Test
  @Timeout(60)
  void theWritesOfABatchAreUnderWayTogether() {
    RealTime executor = new RealTime();
    Set<Integer> done = ConcurrentHashMap.newKeySet();
    CountDownLatch together = new CountDownLatch(64);
    Optional<RuntimeException> failure =
        new Batches(executor)
            .run(
                items(127),
                item -> {
                  if (item >= 63) {
                    together.countDown();
                    await(together);
                  }
                  done.add(item);
                  return Optional.empty();
                });
    executor.shutdownNow();
    assertThat(failure).isEmpty();
    assertThat(done).hasSize(127);
  }

  @Test
  @Timeout(60)
  void oneThatTakesLongHoldsUpNoOther() {
    RealTime executor = new RealTime();
    CountDownLatch others = new CountDownLatch(999);
    Optional<RuntimeException> failure =
        new Batches(executor)
            .run(
                items(1000),
                item -> {
                  if (item == 63) {
                    await(others);
                  } else {
                    others.countDown();
                  }
                  return Optional.empty();
                });
    executor.shutdownNow();
    assertThat(failure).isEmpty();
    assertThat(others.getCount()).isZero();
  }

  @Test
  void whatIsRefusedForAllIsAskedForOnce() {
    List<Integer> asked = new ArrayList<>();
    IllegalStateException no = new IllegalStateException("no");
    Batches batches = new Batches(new VirtualTime(Instant.EPOCH));
    assertThat(
            batches.run(
                items(100),
                item -> {
                  asked.add(item);
                  return item >= 3 ? Optional.of(no) : Optional.empty();
                }))
        .contains(no);
    assertThat(asked).containsExactly(0, 1, 2, 3, 4, 5, 6);
    assertThatThrownBy(
            () ->
                batches.run(
                    items(2),
                    _ -> {
                      throw new IllegalArgumentException("ours");
                    }))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
