// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import dev.havn.reconcile.Reconciler.Key;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A work queue in front of a reconciler. A key waits at most once, is worked on by one worker at a
/// time, and is looked at again when it was added meanwhile. Failures are tried again after 5 ms,
/// doubling up to 1000 s. First come, first served, so that no key starves another.
public final class Controller {
  private static final Logger LOG = LoggerFactory.getLogger(Controller.class);
  private static final long BACKOFF_MIN_MILLIS = 5;
  private static final long BACKOFF_MAX_MILLIS = 1_000_000;

  private final String name;
  private final Reconciler reconciler;
  private final ScheduledExecutorService executor;
  private final int workersMax;

  private final Deque<Key> waiting = new ArrayDeque<>();
  private final Set<Key> dirty = new HashSet<>();
  private final Set<Key> busy = new HashSet<>();
  private final Map<Key, Integer> failures = new HashMap<>();
  private final Map<Key, ScheduledFuture<?>> again = new HashMap<>();
  private int workers;
  private boolean closed;

  /// @param name for the log
  /// @param workersMax how many keys are worked on at once
  public Controller(
      String name, Reconciler reconciler, ScheduledExecutorService executor, int workersMax) {
    this.name = name;
    this.reconciler = reconciler;
    this.executor = executor;
    this.workersMax = workersMax;
  }

  /// Looks at `key` soon.
  public synchronized void add(Key key) {
    if (closed || !dirty.add(key) || busy.contains(key)) {
      return;
    }
    waiting.addLast(key);
    if (workers < workersMax) {
      workers++;
      execute(this::work);
    }
  }

  /// Looks at `key` after some time.
  public void addAfter(Key key, Duration delay) {
    try {
      var unused =
          executor.schedule(() -> add(key), Math.max(0, delay.toMillis()), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{}: {} is not looked at again, the executor is closed", name, key);
    }
  }

  /// Each look says anew when the next one is due: an older wish is forgotten, so that a key that
  /// is looked at often does not gather timers.
  private synchronized void lookAgain(Key key, @Nullable Duration delay) {
    @Nullable ScheduledFuture<?> before = again.remove(key);
    if (before != null) {
      before.cancel(false);
    }
    if (delay == null || closed) {
      return;
    }
    try {
      long millis = Math.max(0, delay.toMillis());
      again.put(key, executor.schedule(() -> add(key), millis, TimeUnit.MILLISECONDS));
    } catch (RejectedExecutionException closing) {
      LOG.debug("{}: {} is not looked at again, the executor is closed", name, key);
    }
  }

  private void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException closing) {
      LOG.debug("{}: no more work, the executor is closed", name);
    }
  }

  private void work() {
    @Nullable Key key = take();
    if (key == null) {
      return;
    }
    try {
      Reconciler.Result result = reconciler.reconcile(key);
      forget(key);
      lookAgain(key, result.again());
    } catch (RuntimeException e) {
      Duration wait = failed(key);
      LOG.info("{}: {} again in {} ms: {}", name, key, wait.toMillis(), e.toString());
      LOG.debug("{}: {}", name, key, e);
      lookAgain(key, wait);
    } finally {
      done(key);
    }
    execute(this::work);
  }

  private synchronized @Nullable Key take() {
    @Nullable Key key = closed ? null : waiting.pollFirst();
    if (key == null) {
      workers--;
      return null;
    }
    dirty.remove(key);
    busy.add(key);
    return key;
  }

  private synchronized void done(Key key) {
    busy.remove(key);
    if (dirty.contains(key)) {
      waiting.addLast(key);
    }
  }

  private synchronized void forget(Key key) {
    failures.remove(key);
  }

  private synchronized Duration failed(Key key) {
    int times = failures.merge(key, 1, Integer::sum);
    return Duration.ofMillis(
        Math.min(BACKOFF_MAX_MILLIS, BACKOFF_MIN_MILLIS << Math.min(times - 1, 20)));
  }

  /// Whether nothing waits and nothing is worked on.
  public synchronized boolean isIdle() {
    return waiting.isEmpty() && busy.isEmpty();
  }

  /// Takes no more work; what is being worked on is finished.
  public synchronized void close() {
    closed = true;
    waiting.clear();
    dirty.clear();
    again.values().forEach(timer -> timer.cancel(false));
    again.clear();
  }
}
