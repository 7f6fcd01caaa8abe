// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The store: an index and the tail of the log in memory, in front of a journal that makes writes
/// durable (`open`) or forgets them (`inMemory`).
///
/// Writers hand in their wish and one of them, whoever holds the commit lock, carries out all that
/// wait: it decides each against the index and the batch so far, makes the batch durable with one
/// sync, then shows it to readers and wakes cursors. So nobody ever sees a write that a crash could
/// take back.
public final class LogStore implements Store {
  /// Events kept in memory for cursors.
  static final int LOG_EVENTS_MAX = 1 << 16;

  /// Values of these events are a small part of the heap, what is derived from them a larger one.
  private static final long LOG_BYTES_MAX =
      Math.max(16L << 20, Runtime.getRuntime().maxMemory() / 16);

  /// What watchers and paged lists may look back to, at least.
  static final Duration HISTORY_MIN = Duration.ofMinutes(5);

  /// What could not be ended because the disk takes nothing is tried again after this.
  private static final Duration EXPIRE_AGAIN = Duration.ofSeconds(10);

  private static final Duration TIDY_EVERY = Duration.ofMinutes(1);
  private static final long FIRST_REVISION = 1;

  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final Journal journal;
  private final Expiry expiry = new Expiry();

  /// Guards deciding and committing.
  private final ReentrantLock commit = new ReentrantLock();

  /// Guards what readers see; held only for short times.
  private final ReentrantLock visible = new ReentrantLock();

  private final Wishes wishes = new Wishes();
  private final VersionedIndex index = new VersionedIndex();
  private final Map<String, List<LogCursor>> cursors = new HashMap<>();
  private final Milestones milestones = new Milestones(HISTORY_MIN);
  private final Log log;

  private volatile long revision;
  private volatile long compacted;
  private volatile boolean closed;

  /// Why no more is written, once a write has failed halfway; guarded by `commit`.
  private @Nullable StoreException broken;

  /// Whether the journal will be tidied out of turn; guarded by `commit`.
  private boolean tidies;

  private LogStore(
      InstantSource clock, ScheduledExecutorService executor, Journal journal, Contents contents) {
    this.clock = clock;
    this.executor = executor;
    this.journal = journal;
    for (Journal.Write write : contents.writes()) {
      index.set(write.key(), write.revision(), write.entry());
      expiry.add(write);
    }
    this.revision = Math.max(FIRST_REVISION, contents.revision());
    this.compacted = revision;
    index.compact(revision);
    this.log = new Log(revision + 1, LOG_EVENTS_MAX, LOG_BYTES_MAX);
    long unused = milestones.pass(clock.instant(), revision);
    scheduleTidy();
    scheduleExpiry();
  }

  /// A store that ends with the process.
  public static LogStore inMemory(InstantSource clock, ScheduledExecutorService executor) {
    return inMemory(clock, executor, new Contents(List.of(), 0));
  }

  /// A store that ends with the process and begins with what another held.
  public static LogStore inMemory(
      InstantSource clock, ScheduledExecutorService executor, Contents contents) {
    return new LogStore(clock, executor, new Journal.Forgetful(), contents);
  }

  /// A store in a folder, made when it is absent.
  ///
  /// @throws StoreException when the folder is unusable, in use, damaged or of an unknown format
  public static LogStore open(Path folder, InstantSource clock, ScheduledExecutorService executor) {
    FileJournal journal = FileJournal.open(folder, clock);
    return new LogStore(clock, executor, journal, journal.takeFound());
  }

  @Override
  public Outcome put(String key, byte[] value, long expected, @Nullable Duration ttl) {
    long expires = ttl == null ? 0 : clock.millis() + ttl.toMillis();
    return submit(new Wish(key, value, expected, expires));
  }

  @Override
  public Outcome delete(String key, long expected) {
    return submit(new Wish(key, null, expected, 0));
  }

  /// Whoever gets the commit lock carries out all that wait; the others sleep until their own wish
  /// is done or the lock is free again.
  private Outcome submit(Wish wish) {
    wishes.add(wish);
    while (!wish.isDone()) {
      if (commit.tryLock()) {
        try {
          while (!wish.isDone()) {
            commitBatch();
          }
        } finally {
          releaseCommit();
        }
      } else {
        wish.await();
      }
    }
    return wish.outcome();
  }

  /// Frees the commit lock and wakes one who may have found it taken.
  private void releaseCommit() {
    commit.unlock();
    wishes.wakeNext();
  }

  /// Decides, makes durable, shows: for all wishes that wait now. Whatever goes wrong, nobody waits
  /// for ever.
  private void commitBatch() {
    List<Wish> batch = wishes.takeBatch();
    List<Outcome> outcomes = new ArrayList<>(batch.size());
    List<Runnable> wakes = new ArrayList<>();
    try {
      carryOut(batch, outcomes, wakes);
    } catch (StoreException e) {
      batch.forEach(wish -> wish.fail(e));
      return;
    } catch (RuntimeException | Error e) {
      // Disk and memory may disagree now, and the next write would be given a revision twice.
      broken = new StoreException("a write failed halfway (" + e + "): start Havn again", e);
      batch.forEach(wish -> wish.fail(broken));
      throw e;
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).complete(outcomes.get(i));
    }
    wakes.forEach(Runnable::run);
    if (journal.isLong() && !tidies) {
      tidies = true;
      executor.execute(this::tidyJournal);
    }
  }

  private void carryOut(List<Wish> batch, List<Outcome> outcomes, List<Runnable> wakes) {
    List<Journal.Write> writes = new ArrayList<>(batch.size());
    List<Event> events = new ArrayList<>(batch.size());
    Map<String, Event> overlay = new HashMap<>();
    for (Wish wish : batch) {
      outcomes.add(decide(wish, writes, events, overlay));
    }
    if (broken != null) {
      throw broken;
    }
    if (closed) {
      throw new StoreException("the store is closed", null);
    }
    if (!writes.isEmpty()) {
      journal.append(writes);
      show(writes, events, wakes);
    }
  }

  private Outcome decide(
      Wish wish, List<Journal.Write> writes, List<Event> events, Map<String, Event> overlay) {
    @Nullable Event earlier = overlay.get(wish.key());
    @Nullable Entry before = earlier == null ? index.get(wish.key()) : earlier.current();
    long current = before == null ? 0 : before.revision();
    boolean absentDelete = wish.value() == null && before == null;
    if ((wish.expected() != ANY && wish.expected() != current) || absentDelete) {
      return new Outcome.Mismatch(before);
    }
    long next = revision + writes.size() + 1;
    @Nullable Entry after = null;
    if (wish.value() != null) {
      long created = before == null ? next : before.createRevision();
      after = new Entry(wish.key(), wish.value(), created, next);
    }
    Event event = new Event(next, before, after);
    overlay.put(wish.key(), event);
    events.add(event);
    writes.add(new Journal.Write(next, wish.key(), after, wish.expiresMillis()));
    if (after != null) {
      return new Outcome.Done(after, next);
    }
    return before == null ? new Outcome.Mismatch(null) : new Outcome.Done(before, next);
  }

  private void show(List<Journal.Write> writes, List<Event> events, List<Runnable> wakes) {
    visible.lock();
    try {
      for (int i = 0; i < writes.size(); i++) {
        Journal.Write write = writes.get(i);
        index.set(write.key(), write.revision(), write.entry());
        log.append(events.get(i));
        revision = write.revision();
      }
      if (log.first() - 1 > compacted) {
        compacted = log.first() - 1;
        index.compact(compacted);
      }
      cursors.forEach(
          (prefix, group) -> {
            if (events.stream().anyMatch(event -> event.key().startsWith(prefix))) {
              group.forEach(cursor -> cursor.takeWake(wakes));
            }
          });
    } finally {
      visible.unlock();
    }
    if (writes.stream().filter(expiry::add).count() > 0) {
      wakes.add(this::scheduleExpiry);
    }
  }

  @Override
  public @Nullable Entry get(String key) {
    return index.get(key);
  }

  @Override
  public Page range(String prefix, String after, int limit, long at) {
    visible.lock();
    try {
      long read = at == 0 ? revision : at;
      if (read > revision) {
        throw new FutureRevisionException(read, revision);
      }
      if (read < compacted) {
        throw new CompactedException(read, compacted);
      }
      VersionedIndex.Slice slice = index.range(prefix, after, limit, read);
      return new Page(slice.entries(), read, slice.more());
    } finally {
      visible.unlock();
    }
  }

  /// How long the disk took to make writes durable.
  public Durations syncs() {
    return journal.syncs();
  }

  @Override
  public long count(String prefix) {
    return index.count(prefix);
  }

  @Override
  public long revision() {
    return revision;
  }

  @Override
  public long compactedRevision() {
    return compacted;
  }

  @Override
  public Cursor watch(String prefix, long after) {
    visible.lock();
    try {
      if (after < compacted) {
        throw new CompactedException(after, compacted);
      }
      LogCursor cursor = new LogCursor(prefix, after);
      cursors.computeIfAbsent(prefix, _ -> new ArrayList<>()).add(cursor);
      return cursor;
    } finally {
      visible.unlock();
    }
  }

  @Override
  public void compact(long before) {
    visible.lock();
    try {
      long target = Math.min(before, revision);
      if (target > compacted) {
        compacted = target;
        index.compact(target);
        log.dropBefore(target + 1);
      }
    } finally {
      visible.unlock();
    }
  }

  @Override
  public void close() {
    commit.lock();
    try {
      if (!closed) {
        closed = true;
        journal.close();
      }
    } finally {
      releaseCommit();
    }
  }

  private void scheduleTidy() {
    executor.schedule(this::tidy, TIDY_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /// Forgets history that is older than promised and lets the journal shorten itself. A time that
  /// fails must not be the last.
  private void tidy() {
    if (closed) {
      return;
    }
    try {
      forgetHistory();
      tidyJournal();
    } finally {
      scheduleTidy();
    }
  }

  private void forgetHistory() {
    long forget = milestones.pass(clock.instant(), revision);
    if (forget > 0) {
      compact(forget);
    }
  }

  private void tidyJournal() {
    commit.lock();
    try {
      tidies = false;
      if (!closed) {
        journal.tidy(new Snapshot());
      }
    } finally {
      releaseCommit();
    }
  }

  /// What the store holds now.
  public Contents contents() {
    commit.lock();
    try {
      return new Contents(new Snapshot().entries(), revision);
    } finally {
      releaseCommit();
    }
  }

  private final class Snapshot implements Journal.State {
    @Override
    public long revision() {
      return revision;
    }

    @Override
    public List<Journal.Write> entries() {
      Collection<Entry> entries = index.range("", "", 0, revision).entries();
      return entries.stream()
          .map(entry -> new Journal.Write(entry.revision(), entry.key(), entry, expiry.of(entry)))
          .toList();
    }
  }

  private void scheduleExpiry() {
    long next = expiry.next();
    if (next > 0 && !closed) {
      long wait = Math.max(0, next - clock.millis());
      executor.schedule(this::expire, wait, TimeUnit.MILLISECONDS);
    }
  }

  private void expire() {
    List<Expiry.Due> ended = expiry.take(clock.millis());
    for (int i = 0; i < ended.size() && !closed; i++) {
      try {
        delete(ended.get(i).key(), ended.get(i).revision());
      } catch (StoreException diskFull) {
        expiry.putBack(ended.subList(i, ended.size()));
        executor.schedule(this::expire, EXPIRE_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
        return;
      }
    }
    scheduleExpiry();
  }

  /// A place in the log; its fields are guarded by the store's `visible` lock.
  private final class LogCursor implements Cursor {
    private final String prefix;
    private long next;
    private long seen;
    private boolean open = true;
    private @Nullable Runnable wake;

    LogCursor(String prefix, long after) {
      this.prefix = prefix;
      this.next = after + 1;
      this.seen = after;
    }

    @Override
    public List<Event> poll(int max) {
      List<Event> found = new ArrayList<>();
      visible.lock();
      try {
        if (next < log.first() && next <= revision) {
          throw new CompactedException(next - 1, compacted);
        }
        next = Math.max(next, log.read(next, prefix, max, found));
        seen = Math.max(seen, next - 1);
      } finally {
        visible.unlock();
      }
      return found;
    }

    @Override
    public long revision() {
      return seen;
    }

    @Override
    public void onReady(Runnable ready) {
      visible.lock();
      try {
        if (!open) {
          return;
        }
        if (!hasMore()) {
          wake = ready;
          return;
        }
      } finally {
        visible.unlock();
      }
      ready.run();
    }

    /// Whether an event that matches waits; skips those that do not.
    private boolean hasMore() {
      if (next < log.first()) {
        return next <= revision;
      }
      List<Event> one = new ArrayList<>(1);
      long after = log.read(next, prefix, 1, one);
      next = Math.max(next, one.isEmpty() ? after : after - 1);
      return !one.isEmpty();
    }

    private void takeWake(List<Runnable> wakes) {
      if (wake != null) {
        wakes.add(wake);
        wake = null;
      }
    }

    @Override
    public void close() {
      visible.lock();
      try {
        open = false;
        wake = null;
        @Nullable List<LogCursor> group = cursors.get(prefix);
        if (group != null && group.remove(this) && group.isEmpty()) {
          cursors.remove(prefix);
        }
      } finally {
        visible.unlock();
      }
    }
  }
}
