// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Seats, queues and turns of one level.
@Timeout(30)
class LevelTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private static Level.Plan plan(int seats, int queues, int length) {
    return new Level.Plan("l", "u", false, seats, 0, seats, queues, 1, length);
  }

  private static Level level(int seats, int queues, int length, Duration patience) {
    return new Level(plan(seats, queues, length), patience, () -> false);
  }

  @Test
  void sharesBecomeSeatsAsWithKubernetes() throws Exception {
    ObjectNode low =
        (ObjectNode)
            new ObjectMapper()
                .readTree(
                    """
                    {"metadata":{"name":"workload-low","uid":"u"},"spec":{"type":"Limited","limited":{
                     "nominalConcurrencyShares":100,"lendablePercent":90,
                     "limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":6,"queueLengthLimit":50}}}}}
                    """);
    assertThat(Level.Plan.of(low, 600, 245))
        .isEqualTo(new Level.Plan("workload-low", "u", false, 245, 221, 600, 128, 6, 50));
  }

  @Test
  void withoutQueuesWhatIsBeyondIsRefusedAtOnce() {
    Level level = level(2, 0, 0, LONG);
    level.enter(1);
    level.enter(1);
    assertThatThrownBy(() -> level.enter(1)).hasMessage("concurrency-limit");
    level.leave();
    level.enter(1);
    assertThat(level.executing()).isEqualTo(2);
    assertThat(level.rejected()).isEqualTo(1);
  }

  @Test
  void aLevelWithoutSeatsHandlesOneAtATime() {
    Level level = level(0, 0, 0, LONG);
    level.enter(1);
    assertThatThrownBy(() -> level.enter(1)).hasMessage("concurrency-limit");
  }

  @Test
  void whoeverWaitsTooLongIsRefusedAndLeavesNoTrace() {
    Level level = level(1, 1, 5, Duration.ofMillis(20));
    level.enter(1);
    assertThatThrownBy(() -> level.enter(1)).hasMessage("time-out");
    assertThat(level.waiting()).isZero();
    level.leave();
    level.enter(1);
  }

  @Test
  void aFullQueueTakesNoMore() {
    Level level = level(1, 1, 2, LONG);
    level.enter(1);
    start(level, 1, "a", new LinkedBlockingQueue<>());
    start(level, 1, "b", new LinkedBlockingQueue<>());
    awaitWaiting(level, 2);
    assertThatThrownBy(() -> level.enter(1)).hasMessage("queue-full");
  }

  private static void start(Level level, long flow, String name, BlockingQueue<String> order) {
    int before = level.waiting();
    Thread.startVirtualThread(
        () -> {
          level.enter(flow);
          order.add(name);
        });
    awaitWaiting(level, before + 1);
  }

  private static void awaitWaiting(Level level, int count) {
    while (level.waiting() < count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aFlowThatSendsMuchWaitsForItself() throws Exception {
    Level level = level(1, 2, 50, LONG);
    level.enter(0);
    BlockingQueue<String> order = new LinkedBlockingQueue<>();
    for (int i = 0; i < 5; i++) {
      start(level, 0, "much", order);
    }
    start(level, 1, "little", order);
    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      level.leave();
      seen.add(order.take());
    }
    assertThat(seen.indexOf("little")).isLessThan(2);
  }

  @Test
  void seatsThatOthersDoNotUseAreLentUpToTheBound() {
    boolean[] lends = {true};
    Level level =
        new Level(new Level.Plan("l", "u", false, 1, 0, 3, 0, 1, 0), Duration.ZERO, () -> lends[0]);
    level.enter(0);
    level.enter(0);
    lends[0] = false;
    assertThatThrownBy(() -> level.enter(0)).hasMessage("concurrency-limit");
    lends[0] = true;
    level.enter(0);
    assertThatThrownBy(() -> level.enter(0)).hasMessage("concurrency-limit");
    assertThat(level.borrowed()).isEqualTo(2);
  }

  @Test
  void aHandHasDifferentCardsAndIsTheSameForTheSameFlow() {
    Random random = new Random(7);
    Set<Integer> all = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      long flow = random.nextLong();
      int[] hand = Level.hand(flow, 16, 4);
      assertThat(hand).doesNotHaveDuplicates().hasSize(4);
      assertThat(hand).isEqualTo(Level.hand(flow, 16, 4));
      Arrays.stream(hand).forEach(all::add);
    }
    assertThat(all).hasSize(16);
  }
}
