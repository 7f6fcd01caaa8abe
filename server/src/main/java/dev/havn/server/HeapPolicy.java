// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Keeps the heap near the size of what lives. The serial collector enlarges it as long as the
/// machine has memory and looks at what has lived long only when there is no more, which is late on
/// a laptop and never on an idle one: a burst of writes would keep its heap for ever.
///
/// So there is a whole collection when what has lived long has grown by a third, and by
/// [#GROWN_BYTES_MIN], since the last one, and one when next to nothing is done and the heap has
/// grown by less. It stops everything for a moment that is proportional to what lives; growing by a
/// share makes that a share of the work.
final class HeapPolicy implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);

  /// Less processor time than this between two looks is idle.
  private static final Duration IDLE = Duration.ofSeconds(2);

  /// Growth that is worth a collection, under load and while idle.
  private static final double GROWN = 4 / 3.0;

  private static final double GROWN_IDLE = 8 / 7.0;

  /// Less growth than this is not worth it under load: stopping everything for a moment costs a
  /// server that fills more than the memory does. When it is idle again, less counts.
  private static final long GROWN_BYTES_MIN = 320L << 20;

  /// As little as this is left alone: of what lives long, and of the whole heap.
  private static final long SMALL_BYTES = 96L << 20;

  private final Memory memory;
  private final ScheduledExecutorService executor;
  private long cpuBefore;
  private long worthBytes = SMALL_BYTES;
  private @Nullable Future<?> looking;

  /// The memory of this process.
  interface Memory extends AutoCloseable {
    /// Its processor time so far.
    long cpuNanos();

    /// What the heap takes of the machine.
    long committedBytes();

    /// What the collector believes to live long.
    long oldBytes();

    void collect();

    /// Has `task` run, shortly, when [#oldBytes] comes to be more than `bytes`; once for each call.
    void whenOldExceeds(long bytes, Runnable task);

    /// Forgets what was to be run.
    @Override
    void close();
  }

  HeapPolicy(Memory memory, ScheduledExecutorService executor) {
    this.memory = memory;
    this.executor = executor;
    this.cpuBefore = memory.cpuNanos();
  }

  synchronized void start() {
    memory.whenOldExceeds(SMALL_BYTES, this::grown);
    looking =
        executor.scheduleWithFixedDelay(
            this::look, LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public synchronized void close() {
    memory.close();
    if (looking != null) {
      looking.cancel(false);
      looking = null;
    }
  }

  /// Called by a thread of the virtual machine's own, which is not kept.
  private void grown() {
    try {
      executor.execute(this::collect);
    } catch (RejectedExecutionException closing) {
      memory.close();
    }
  }

  synchronized void look() {
    long cpu = memory.cpuNanos();
    boolean idle = cpu - cpuBefore < IDLE.toNanos();
    cpuBefore = cpu;
    if (idle && memory.committedBytes() > worthBytes) {
      collect();
    }
  }

  private synchronized void collect() {
    if (looking == null) {
      return;
    }
    memory.collect();
    worthBytes = Math.max(SMALL_BYTES, (long) (memory.committedBytes() * GROWN_IDLE));
    long lives = memory.oldBytes();
    long grown = Math.max((long) (lives * GROWN), lives + GROWN_BYTES_MIN);
    memory.whenOldExceeds(grown, this::grown);
  }
}
