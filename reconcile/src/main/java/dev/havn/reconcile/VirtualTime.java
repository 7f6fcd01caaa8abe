// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Time that stands still until it is moved, and an executor that works only while somebody asks it
/// to [#settle()]: one thread, one order, no waiting.
///
/// Used by one thread at a time; submitting is safe from any.
public final class VirtualTime extends AbstractExecutorService
    implements ScheduledExecutorService, InstantSource {
  private static final long STEPS_MAX = 10_000_000;

  private final Deque<Runnable> ready = new ArrayDeque<>();
  private final PriorityQueue<Timer<?>> timers =
      new PriorityQueue<>(
          Comparator.<Timer<?>, Instant>comparing(timer -> timer.due).thenComparing(t -> t.order));
  private Instant now;
  private long order;
  private boolean closed;

  public VirtualTime(Instant start) {
    this.now = start;
  }

  @Override
  public synchronized Instant instant() {
    return now;
  }

  /// Runs what is ready, and what that makes ready, until only timers are left.
  public void settle() {
    for (long step = 0; ; step++) {
      @Nullable Runnable next;
      synchronized (this) {
        next = ready.pollFirst();
      }
      if (next == null) {
        return;
      }
      if (step == STEPS_MAX) {
        throw new IllegalStateException("does not settle within " + STEPS_MAX + " steps");
      }
      next.run();
    }
  }

  /// Moves the clock, running each timer at its time and settling after each.
  public void advance(Duration duration) {
    Instant until = instant().plus(duration);
    settle();
    while (true) {
      synchronized (this) {
        @Nullable Timer<?> next = timers.peek();
        if (next == null || next.due.isAfter(until)) {
          now = until;
          break;
        }
        timers.remove();
        now = next.due.isAfter(now) ? next.due : now;
        ready.addLast(next);
      }
      settle();
    }
    settle();
  }

  /// Sets the clock without time having passed, as a machine does that slept or corrected itself:
  /// timers keep waiting for as long as they had to.
  public synchronized void jump(Duration duration) {
    now = now.plus(duration);
    List<Timer<?>> waiting = List.copyOf(timers);
    timers.clear();
    waiting.forEach(timer -> timer.due = timer.due.plus(duration));
    timers.addAll(waiting);
  }

  /// Whether nothing is ready to run.
  public synchronized boolean isSettled() {
    return ready.isEmpty();
  }

  @Override
  public synchronized void execute(Runnable command) {
    if (closed) {
      throw new RejectedExecutionException("virtual time is closed");
    }
    ready.addLast(command);
  }

  /// Runs them at once, on the caller's thread: one that waited for others would wait for itself.
  @Override
  public <T> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks) {
    List<Future<T>> done = new ArrayList<>();
    for (Callable<T> task : tasks) {
      FutureTask<T> one = new FutureTask<>(task);
      one.run();
      done.add(one);
    }
    return done;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(new Timer<>(command, null), delay, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    return add(new Timer<>(callable, null), delay, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(
      Runnable command, long initial, long period, TimeUnit unit) {
    return scheduleWithFixedDelay(command, initial, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(
      Runnable command, long initial, long delay, TimeUnit unit) {
    return add(new Timer<>(command, Duration.of(delay, unit.toChronoUnit())), initial, unit);
  }

  private synchronized <V> Timer<V> add(Timer<V> timer, long delay, TimeUnit unit) {
    timer.due = now.plus(delay, unit.toChronoUnit());
    timer.order = order++;
    timers.add(timer);
    return timer;
  }

  private synchronized void again(Timer<?> timer, Duration delay) {
    timer.due = now.plus(delay);
    timer.order = order++;
    timers.add(timer);
  }

  @Override
  public synchronized void shutdown() {
    closed = true;
  }

  @Override
  public synchronized List<Runnable> shutdownNow() {
    closed = true;
    List<Runnable> left = List.copyOf(ready);
    ready.clear();
    timers.clear();
    return left;
  }

  @Override
  public synchronized boolean isShutdown() {
    return closed;
  }

  @Override
  public synchronized boolean isTerminated() {
    return closed && ready.isEmpty();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return isTerminated();
  }

  /// A task with a time.
  private final class Timer<V> extends FutureTask<V> implements ScheduledFuture<V> {
    private final @Nullable Duration repeats;
    private Instant due = Instant.EPOCH;
    private long order;

    Timer(Callable<V> callable, @Nullable Duration repeats) {
      super(callable);
      this.repeats = repeats;
    }

    @SuppressWarnings("NullAway") // a Runnable has no result
    Timer(Runnable command, @Nullable Duration repeats) {
      super(command, null);
      this.repeats = repeats;
    }

    @Override
    public void run() {
      if (repeats == null) {
        super.run();
      } else if (runAndReset()) {
        again(this, repeats);
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      synchronized (VirtualTime.this) {
        timers.remove(this);
      }
      return super.cancel(mayInterruptIfRunning);
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(Duration.between(instant(), due));
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
