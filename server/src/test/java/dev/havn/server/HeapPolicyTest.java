// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HeapPolicyTest {
  private static final long MIB = 1 << 20;

  private final Fake memory = new Fake();
  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  private final HeapPolicy policy = new HeapPolicy(memory, executor);

  private static final class Fake implements HeapPolicy.Memory {
    private Duration worked = Duration.ZERO;
    private long committed;
    private long old;
    private long lives;
    private long bound;
    private int collections;
    private Runnable exceeded = () -> {};

    @Override
    public long cpuNanos() {
      return worked.toNanos();
    }

    @Override
    public long committedBytes() {
      return committed;
    }

    @Override
    public long oldBytes() {
      return old;
    }

    @Override
    public void collect() {
      collections++;
      committed = lives;
      old = lives;
    }

    @Override
    public void whenOldExceeds(long bytes, Runnable task) {
      bound = bytes;
      exceeded = task;
    }

    @Override
    public void close() {
      exceeded = () -> {};
    }
  }

  private void work(Duration time) {
    memory.worked = memory.worked.plus(time);
  }

  private void heap(long committed, long lives) {
    memory.committed = committed * MIB;
    memory.lives = lives * MIB;
  }

  private void waitForExecutor() throws InterruptedException {
    CountDownLatch passed = new CountDownLatch(1);
    executor.execute(passed::countDown);
    assertThat(passed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @AfterEach
  void close() {
    policy.close();
    executor.shutdownNow();
  }

  @BeforeEach
  void open() {
    policy.start();
  }

  @Test
  void aLargeHeapIsCollectedOnceWhenTheWorkIsOver() {
    heap(900, 300);
    work(Duration.ofSeconds(20));
    policy.look();
    assertThat(memory.collections).isZero();
    work(Duration.ofMillis(500));
    policy.look();
    work(Duration.ofMillis(500));
    policy.look();
    assertThat(memory.collections).isEqualTo(1);
    assertThat(memory.committed).isEqualTo(300 * MIB);
  }

  @Test
  void anIdleHeapIsCollectedAgainAfterItHasGrown() {
    heap(900, 300);
    policy.look();
    heap(330, 300);
    policy.look();
    assertThat(memory.collections).isEqualTo(1);
    heap(400, 300);
    policy.look();
    assertThat(memory.collections).isEqualTo(2);
  }

  @Test
  void aSmallHeapIsLeftAlone() {
    heap(90, 40);
    policy.look();
    assertThat(memory.collections).isZero();
  }

  @Test
  void underLoadWhatLivesMayGrowByAThird() throws InterruptedException {
    assertThat(memory.bound).isEqualTo(96 * MIB);
    assertThat(boundAfterCollection(1_800, 1_200)).isEqualTo(1_600 * MIB);
  }

  @Test
  void underLoadLittleGrowthIsNotWorthACollection() throws InterruptedException {
    assertThat(boundAfterCollection(500, 240)).isEqualTo(560 * MIB);
  }

  private long boundAfterCollection(long committed, long lives) throws InterruptedException {
    heap(committed, lives);
    memory.exceeded.run();
    waitForExecutor();
    assertThat(memory.collections).isEqualTo(1);
    return memory.bound;
  }

  @Test
  void afterTheEndNothingIsCollected() throws InterruptedException {
    heap(900, 300);
    Runnable exceeded = memory.exceeded;
    policy.close();
    exceeded.run();
    waitForExecutor();
    policy.look();
    assertThat(memory.collections).isZero();
  }

  @Test
  void theVirtualMachineTellsWhenMuchLives() throws InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    JvmMemory jvm = new JvmMemory();
    jvm.whenOldExceeds(jvm.oldBytes() + 4 * MIB, told::countDown);
    List<byte[]> kept = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      kept.add(new byte[(int) MIB]);
    }
    jvm.collect();
    assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(kept).hasSize(64);
    assertThat(jvm.committedBytes()).isGreaterThan(jvm.oldBytes());
    assertThat(jvm.cpuNanos()).isPositive();
    jvm.close();
  }
}
