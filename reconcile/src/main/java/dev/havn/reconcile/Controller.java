// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import dev.havn.reconcile.Reconciler.Key;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A work queue in front of a reconciler. A key waits at most once, is worked on by one worker at a
/// time, and is looked at again when it was added meanwhile. Failures are tried again after 5 ms,
/// doubling up to 1000 s, where nothing else is said. First come, first served, so that no key
/// starves another.
///
/// What it holds is bounded by the objects there are: a key has one place in the queue, one timer
/// (the earlier one stays) and one count of failures, which ends with the next success.
public final class Controller {
  private static final Logger LOG = LoggerFactory.getLogger(Controller.class);
  private static final Doubling BACKOFF =
      new Doubling(Duration.ofMillis(5), Duration.ofSeconds(1_000));

  /// Of what is measured, in seconds, from ten nanoseconds to ten seconds: Kubernetes' own.
  private static final List<Double> BOUNDS = Histogram.growing(10e-9, 10, 10);

  private final String name;
  private final Reconciler reconciler;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final int workersMax;
  private final Doubling pauses;

  private final Deque<Key> waiting = new ArrayDeque<>();

  /// Keys to be looked at, since when.
  private final Map<Key, Instant> dirty = new HashMap<>();

  /// Keys that are worked on, since when.
  private final Map<Key, Instant> busy = new HashMap<>();

  private final Map<Key, Integer> failures = new HashMap<>();
  private final Map<Key, ScheduledFuture<?>> later = new HashMap<>();
  private final LongAdder adds = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private final Histogram waits = new Histogram(BOUNDS);
  private final Histogram works = new Histogram(BOUNDS);
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private int workers;
  private int awaited;
  private boolean paused;
  private boolean closed;

  /// What the queue has seen.
  ///
  /// @param depth keys that wait now
  /// @param adds keys that were added, ever
  /// @param retries failures, ever
  /// @param times null where they are not measured
  public record Counts(String name, int depth, long adds, long retries, @Nullable Times times) {
    /// With those of another queue of the same kind.
    public Counts plus(Counts other) {
      return new Counts(
          name,
          depth + other.depth,
          adds + other.adds,
          retries + other.retries,
          times == null || other.times == null ? null : times.plus(other.times));
    }
  }

  /// How long things take.
  ///
  /// @param waits of keys in the queue
  /// @param works of the reconciler on a key
  /// @param unfinishedSeconds for how long those keys have been worked on that are now, together
  /// @param longestSeconds of one of them
  public record Times(
      Histogram.Counts waits,
      Histogram.Counts works,
      double unfinishedSeconds,
      double longestSeconds) {
    Times plus(Times other) {
      return new Times(
          waits.plus(other.waits),
          works.plus(other.works),
          unfinishedSeconds + other.unfinishedSeconds,
          Math.max(longestSeconds, other.longestSeconds));
    }
  }

  /// @param name for the log
  /// @param clock by which waits and work are measured
  /// @param workersMax how many keys are worked on at once
  public Controller(
      String name,
      Reconciler reconciler,
      InstantSource clock,
      ScheduledExecutorService executor,
      int workersMax) {
    this(name, reconciler, clock, executor, workersMax, BACKOFF);
  }

  /// @param pauseMax the longest pause after failures, for what must not stand still for long after
  ///   an outage
  public Controller(
      String name,
      Reconciler reconciler,
      InstantSource clock,
      ScheduledExecutorService executor,
      int workersMax,
      Duration pauseMax) {
    this(name, reconciler, clock, executor, workersMax, new Doubling(BACKOFF.first(), pauseMax));
  }

  /// @param pauses after failures
  public Controller(
      String name,
      Reconciler reconciler,
      InstantSource clock,
      ScheduledExecutorService executor,
      int workersMax,
      Doubling pauses) {
    this.pauses = pauses;
    this.name = name;
    this.reconciler = reconciler;
    this.clock = clock;
    this.executor = executor;
    this.workersMax = workersMax;
  }

  /// Looks at `key` soon.
  public synchronized void add(Key key) {
    if (closed || dirty.containsKey(key)) {
      return;
    }
    dirty.put(key, clock.instant());
    adds.increment();
    if (!busy.containsKey(key)) {
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
    } else if (why instanceof Api.RefusedException || wait.compareTo(pauses.first()) > 0) {
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
    Instant now = clock.instant();
    @Nullable Instant since = dirty.remove(key);
    if (since != null) {
      waits.record(Duration.between(since, now));
    }
    busy.put(key, now);
    return key;
  }

  private synchronized void done(Key key) {
    @Nullable Instant since = busy.remove(key);
    if (since != null) {
      works.record(Duration.between(since, clock.instant()));
    }
    if (dirty.containsKey(key)) {
      waiting.addLast(key);
    }
    endIfIdle();
  }

  private synchronized void forget(Key key) {
    failures.remove(key);
  }

  private synchronized Duration failed(Key key) {
    retries.increment();
    return pauses.after(failures.merge(key, 1, Integer::sum));
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
    return new Counts(name, waiting.size(), adds.sum(), retries.sum(), times());
  }

  private Times times() {
    Instant now = clock.instant();
    double[] running =
        busy.values().stream()
            .mapToDouble(since -> Histogram.seconds(Duration.between(since, now)))
            .toArray();
    return new Times(
        waits.counts(),
        works.counts(),
        DoubleStream.of(running).sum(),
        DoubleStream.of(running).max().orElse(0));
  }

  /// Takes no more work; what is being worked on is finished, see [#ended()].
  public synchronized void close() {
    closed = true;
    waiting.clear();
    dirty.clear();
    later.values().forEach(timer -> timer.cancel(false));
    later.clear();
    endIfIdle();
  }

  private synchronized void endIfIdle() {
    if (closed && busy.isEmpty()) {
      ended.complete(null);
    }
  }

  /// Is complete once the controller is closed and nothing is worked on any more.
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }
}
