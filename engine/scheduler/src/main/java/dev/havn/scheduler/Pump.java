// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Api;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes step after step under the scheduler's lock and carries out what each asks for outside of
/// it, side by side up to a bound.
final class Pump implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Pump.class);
  private static final int WRITES_MAX = 64;
  private static final Duration LOOK_EVERY = Duration.ofMinutes(5);
  private static final Duration UNREADY = Duration.ofMillis(50);

  private final Object lock;
  private final ScheduledExecutorService executor;
  private final InstantSource clock;
  private final Supplier<Step> next;
  private final Supplier<@Nullable Instant> due;
  private @Nullable ScheduledFuture<?> timer;
  private Instant timerAt = Instant.MAX;
  private int writes;
  private boolean running;
  private boolean leads;
  private boolean closed;

  /// @param write what follows, or null
  /// @param ask what others must be asked first, outside of the lock and before any other step; it
  ///   gives what follows. Null when they need not
  /// @param later whether to try again soon, when there is nothing to do
  record Step(@Nullable Runnable write, @Nullable Supplier<Runnable> ask, boolean later) {
    static final Step NOTHING = new Step(null, null, false);
    static final Step LATER = new Step(null, null, true);

    static Step write(Runnable write) {
      return new Step(write, null, false);
    }

    static Step ask(Supplier<Runnable> ask) {
      return new Step(null, ask, false);
    }
  }

  /// @param next called under `lock`
  /// @param due when to go on although nobody wakes it, or null
  Pump(
      Object lock,
      ScheduledExecutorService executor,
      InstantSource clock,
      Supplier<Step> next,
      Supplier<@Nullable Instant> due) {
    this.lock = lock;
    this.executor = executor;
    this.clock = clock;
    this.next = next;
    this.due = due;
  }

  void lead(boolean does) {
    synchronized (lock) {
      leads = does;
      wake();
    }
  }

  /// Whether it takes steps.
  boolean leads() {
    synchronized (lock) {
      return leads && !closed;
    }
  }

  /// There may be something to do.
  void wake() {
    synchronized (lock) {
      if (!running && leads && !closed && writes < WRITES_MAX) {
        running = true;
        execute(this::run);
      }
    }
  }

  private void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more work, the executor is closed");
    }
  }

  private void run() {
    while (true) {
      Step step;
      synchronized (lock) {
        if (!leads || closed || writes >= WRITES_MAX) {
          running = false;
          return;
        }
        step = step();
        if (step.write() == null && step.ask() == null) {
          running = false;
          wakeAt(step.later() ? clock.instant().plus(UNREADY) : due.get());
          return;
        }
        writes++;
      }
      Runnable write = write(step);
      execute(() -> carryOut(write));
    }
  }

  private Runnable write(Step step) {
    @Nullable Supplier<Runnable> ask = step.ask();
    @Nullable Runnable write = step.write();
    boolean done = false;
    try {
      if (ask != null) {
        write = ask.get();
      }
      done = true;
    } catch (RuntimeException e) {
      LOG.error("the scheduler could not ask, it goes on", e);
      done = true;
    } finally {
      if (!done) {
        synchronized (lock) {
          running = false;
          writes--;
          wakeAt(clock.instant().plus(UNREADY));
        }
      }
    }
    return write == null ? () -> {} : write;
  }

  /// Whatever goes wrong, it goes on: while this candidate holds the lease nobody else would.
  private Step step() {
    boolean done = false;
    try {
      Step step = next.get();
      done = true;
      return step;
    } catch (RuntimeException e) {
      LOG.error("the scheduler could not go on, it tries again", e);
      done = true;
      return Step.LATER;
    } finally {
      if (!done) {
        running = false;
        wakeAt(clock.instant().plus(UNREADY));
      }
    }
  }

  private void carryOut(Runnable write) {
    try {
      write.run();
    } catch (Api.RefusedException e) {
      LOG.info("what became of a pod was not written: {}", e.toString());
    } catch (RuntimeException e) {
      LOG.warn("what became of a pod was not written", e);
    } finally {
      synchronized (lock) {
        writes--;
        wake();
      }
    }
  }

  private void wakeAt(@Nullable Instant at) {
    if (at == null || (timer != null && !at.isBefore(timerAt))) {
      return;
    }
    if (timer != null) {
      timer.cancel(false);
    }
    // Also when the clock was set back and all times seem far away.
    long millis =
        Math.clamp(Duration.between(clock.instant(), at).toMillis(), 1, LOOK_EVERY.toMillis());
    timerAt = at;
    try {
      timer = executor.schedule(this::timeIsUp, millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("no more timers, the executor is closed");
    }
  }

  private void timeIsUp() {
    synchronized (lock) {
      timer = null;
      timerAt = Instant.MAX;
      wake();
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }
}
