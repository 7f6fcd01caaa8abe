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
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A work queue in front of a reconciler. A key waits at most once, is worked on by one worker at a
/// time, and is looked at again when it was added meanwhile. Failures are tried again after 5 ms,
/// doubling up to 1000 s. First come, first served, so that no key starves another.
///
/// What it holds is bounded by the objects there are: a key has one place in the queue, one timer
/// (the earlier one stays) and one count of failures, which ends with the next success.
public final class Controller {
  private static final Logger LOG = LoggerFactory.getLogger(Controller.class);
  private static final Doubling BACKOFF =
      new Doubling(Duration.ofMillis(5), Duration.ofSeconds(1_000));

  private final String name;
  private final Reconciler reconciler;
  private final ScheduledExecutorService executor;
  private final int workersMax;
  private final long pauseMaxMillis;

  private final Deque<Key> waiting = new ArrayDeque<>();
  private final Set<Key> dirty = new HashSet<>();
  private final Set<Key> busy = new HashSet<>();
  private final Map<Key, Integer> failures = new HashMap<>();
  private final Map<Key, ScheduledFuture<?>> later = new HashMap<>();
  private final LongAdder adds = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private int workers;
  private int awaited;
  private boolean paused;
  private boolean closed;

  /// What the queue has seen.
  ///
  /// @param depth keys that wait now
  /// @param adds keys that were added, ever
  /// @param retries failures, ever
  public record Counts(String name, int depth, long adds, long retries) {
    /// With those of another queue of the same kind.
    public Counts plus(Counts other) {
      return new Counts(name, depth + other.depth, adds + other.adds, retries + other.retries);
    }
  }

  /// @param name for the log
  /// @param workersMax how many keys are worked on at once
  public Controller(
      String name, Reconciler reconciler, ScheduledExecutorService executor, int workersMax) {
    this(name, reconciler, executor, workersMax, BACKOFF.most());
  }

  /// @param pauseMax the longest pause after failures, for what must not stand still for long after
  ///   an outage
  public Controller(
      String name,
      Reconciler reconciler,
      ScheduledExecutorService executor,
      int workersMax,
      Duration pauseMax) {
    this.pauseMaxMillis = pauseMax.toMillis();
    this.name = name;
    this.reconciler = reconciler;
    this.executor = executor;
    this.workersMax = workersMax;
  }

  /// Looks at `key` soon.
  public synchronized void add(Key key) {
    if (closed || !dirty.add(key)) {
      return;
    }
    adds.increment();
    if (!busy.contains(key)) {
      waiting.addLast(key);
      employ();
    }
  }

  private void employ() {
    while (!paused
        && awaited == 0
        && workers < workersMax
        && workers < waiting.size() + busy.size()) {
      workers++;
      execute(this::work);
    }
  }

  /// Looks at `key` after some time, or earlier when that was asked for before.
  public synchronized void addAfter(Key key, Duration delay) {
    long millis = Math.max(0, delay.toMillis());
    @Nullable ScheduledFuture<?> known = later.get(key);
    if (closed || (known != null && known.getDelay(TimeUnit.MILLISECONDS) <= millis)) {
      return;
    }
    if (known != null) {
      known.cancel(false);
    }
    try {
      later.put(key, executor.schedule(() -> due(key), millis, TimeUnit.MILLISECONDS));
    } catch (RejectedExecutionException closing) {
      LOG.debug("{}: {} is not looked at again, the executor is closed", name, key);
    }
  }

  private synchronized void due(Key key) {
    later.remove(key);
    add(key);
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
      if (result.again() != null) {
        addAfter(key, result.again());
      }
    } catch (RuntimeException e) {
      tryAgain(key, e);
    } catch (Error e) {
      tryAgain(key, e);
      throw e;
    } finally {
      done(key);
      execute(this::work);
    }
  }

  /// What is no answer of the API is a fault of ours: the first time it says where it comes from.
  private void tryAgain(Key key, Throwable why) {
    Duration wait = failed(key);
    if (why instanceof Api.RefusedException refused && refused.isStale()) {
      LOG.debug("{}: {} has changed meanwhile, again in {} ms", name, key, wait.toMillis());
    } else if (why instanceof Api.RefusedException || wait.compareTo(BACKOFF.first()) > 0) {
      LOG.info("{}: {} again in {} ms: {}", name, key, wait.toMillis(), why.toString());
    } else {
      LOG.warn("{}: {} again in {} ms", name, key, wait.toMillis(), why);
    }
    addAfter(key, wait);
  }

  private synchronized @Nullable Key take() {
    @Nullable Key key = closed || paused || awaited > 0 ? null : waiting.pollFirst();
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
    retries.increment();
    Duration pause = BACKOFF.after(failures.merge(key, 1, Integer::sum));
    return pause.toMillis() > pauseMaxMillis ? Duration.ofMillis(pauseMaxMillis) : pause;
  }

  /// Begins no work before a cache has been told all that there is; keys wait. What an empty cache
  /// does not show is not gone.
  ///
  /// @param whenThere runs what it is given, once the cache is there
  public void awaits(Consumer<Runnable> whenThere) {
    synchronized (this) {
      awaited++;
    }
    whenThere.accept(this::came);
  }

  private synchronized void came() {
    awaited--;
    employ();
  }

  /// Begins no more work, until [#resume()]; keys wait.
  public synchronized void pause() {
    paused = true;
  }

  public synchronized void resume() {
    paused = false;
    employ();
  }

  /// Whether nothing waits and nothing is worked on.
  public synchronized boolean isIdle() {
    return waiting.isEmpty() && busy.isEmpty();
  }

  public synchronized Counts counts() {
    return new Counts(name, waiting.size(), adds.sum(), retries.sum());
  }

  /// Takes no more work; what is being worked on is finished.
  public synchronized void close() {
    closed = true;
    waiting.clear();
    dirty.clear();
    later.values().forEach(timer -> timer.cancel(false));
    later.clear();
  }
}
