// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The store: an index and the tail of the log in memory, in front of a journal that makes writes
/// durable (`open`) or forgets them (`inMemory`).
///
/// Writers hand in their wish and one of them, whoever holds the commit lock, carries out all that
/// wait: it decides each against the index and the batch so far, makes the batch durable with one
/// sync, then shows it to readers and wakes cursors. So nobody ever sees a write that a crash could
/// take back.
public final class LogStore implements Store {
  /// What could not be ended because the disk takes nothing is tried again after this.
  private static final Duration EXPIRE_AGAIN = Duration.ofSeconds(10);

  private static final Duration TIDY_EVERY = Duration.ofMinutes(1);
  private static final long FIRST_REVISION = 1;

  private final InstantSource clock;
  private final Sealing sealing;
  private final ScheduledExecutorService executor;
  private final Journal journal;
  private final Expiry expiry = new Expiry();

  /// Guards deciding and committing.
  private final ReentrantLock commit = new ReentrantLock();

  private final Wishes wishes = new Wishes();
  private final View view;
  private final Milestones milestones = new Milestones();
  private final Map<String, ReentrantLock> alone = new ConcurrentHashMap<>();

  private volatile boolean closed;

  /// Why no more is written, once a write has failed halfway; guarded by `commit`.
  private @Nullable StoreException broken;

  /// Whether the journal will be tidied out of turn; guarded by `commit`.
  private boolean tidies;

  private LogStore(
      InstantSource clock,
      ScheduledExecutorService executor,
      Sealing sealing,
      Journal journal,
      Contents contents) {
    this.sealing = sealing;
    this.clock = clock;
    this.executor = executor;
    this.journal = journal;
    List<Entry> entries = new ArrayList<>(contents.writes().size());
    for (Journal.Write write : contents.writes()) {
      entries.add(Objects.requireNonNull(write.entry(), "contents hold no deletes"));
      expiry.add(write);
    }
    this.view = new View(entries, Math.max(FIRST_REVISION, contents.revision()));
    milestones.pass(clock.instant(), view.revision(), View.HISTORY);
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
    return new LogStore(clock, executor, Sealing.NONE, new Journal.Forgetful(), contents);
  }

  /// A store in a folder, made when it is absent.
  ///
  /// @throws StoreException when the folder is unusable, in use, damaged or of an unknown format
  public static LogStore open(Path folder, InstantSource clock, ScheduledExecutorService executor) {
    return open(folder, Sealing.NONE, clock, executor);
  }

  /// The same, with values sealed on the disk.
  ///
  /// @throws StoreException when the folder is unusable, in use, damaged or of an unknown format
  public static LogStore open(
      Path folder, Sealing sealing, InstantSource clock, ScheduledExecutorService executor) {
    FileJournal journal = FileJournal.open(folder, sealing, clock);
    return new LogStore(clock, executor, sealing, journal, journal.takeFound());
  }

  @Override
  public Outcome put(String key, byte[] value, long expected, @Nullable Duration ttl) {
    long expires = ttl == null ? 0 : clock.millis() + ttl.toMillis();
    return submit(new Wish(key, value, sealing.seal(key, value), expected, expires));
  }

  @Override
  public Outcome delete(String key, long expected) {
    return submit(new Wish(key, null, null, expected, 0));
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
    @Nullable Entry before = earlier == null ? view.get(wish.key()) : earlier.current();
    long current = before == null ? 0 : before.revision();
    boolean absentDelete = wish.value() == null && before == null;
    if ((wish.expected() != ANY && wish.expected() != current) || absentDelete) {
      return new Outcome.Mismatch(before);
    }
    long next = view.revision() + writes.size() + 1;
    @Nullable Entry after = null;
    byte @Nullable [] kept = null;
    if (wish.value() != null && wish.sealed() != null) {
      long created = before == null ? next : before.createRevision();
      after = Entry.sealed(wish.key(), wish.value(), created, next, wish.sealed().by());
      kept = wish.sealed().bytes();
    }
    Event event = new Event(next, before, after);
    overlay.put(wish.key(), event);
    events.add(event);
    writes.add(new Journal.Write(next, wish.key(), after, wish.expiresMillis(), kept));
    if (after != null) {
      return new Outcome.Done(after, next);
    }
    return before == null ? new Outcome.Mismatch(null) : new Outcome.Done(before, next);
  }

  private void show(List<Journal.Write> writes, List<Event> events, List<Runnable> wakes) {
    view.show(events, events.getLast().revision(), wakes);
    boolean expires = false;
    for (Journal.Write write : writes) {
      expires |= expiry.add(write);
    }
    if (expires) {
      wakes.add(this::scheduleExpiry);
    }
  }

  @Override
  public @Nullable Entry get(String key) {
    return view.get(key);
  }

  @Override
  public Page range(String prefix, String after, int limit, long at) {
    return view.range(prefix, after, limit, at);
  }

  /// How long the disk took to make writes durable.
  public Durations syncs() {
    return journal.syncs();
  }

  @Override
  public long count(String prefix) {
    return view.count(prefix);
  }

  @Override
  public long revision() {
    return view.revision();
  }

  @Override
  public long compactedRevision() {
    return view.compactedRevision();
  }

  @Override
  public Cursor watch(String prefix, long after) {
    return view.watch(prefix, after);
  }

  @Override
  public void compact(long before) {
    view.compact(before);
  }

  @Override
  public boolean isCurrent(Entry entry) {
    return sealing.isCurrent(entry.key(), entry.sealedBy());
  }

  /// Nobody else writes here, so everything acknowledged is shown.
  @Override
  public void refresh() {}

  @Override
  public <T> T alone(String name, Supplier<T> work) {
    ReentrantLock lock = alone.computeIfAbsent(name, _ -> new ReentrantLock());
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
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
    Instant now = clock.instant();
    milestones.pass(now, view.revision(), View.HISTORY);
    view.compact(milestones.olderThan(View.HISTORY, now));
    view.shorten(milestones.olderThan(View.HISTORY_MIN, now));
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
      return new Contents(new Snapshot().entries(), view.revision());
    } finally {
      releaseCommit();
    }
  }

  @Override
  public Contents kept() {
    Contents all = contents();
    return new Contents(
        all.writes().stream().map(write -> write.kept(sealing)).toList(), all.revision());
  }

  /// Makes a store of what another held, as it was kept there.
  ///
  /// @param folder of which nothing is there yet
  /// @param revision from which it goes on
  public static void restore(Path folder, Contents contents, long revision) {
    FileJournal.restore(folder, contents.writes(), revision);
  }

  private final class Snapshot implements Journal.State {
    @Override
    public long revision() {
      return view.revision();
    }

    @Override
    public List<Journal.Write> entries() {
      Collection<Entry> entries = view.range("", "", 0, 0).entries();
      return entries.stream()
          .map(
              entry ->
                  new Journal.Write(entry.revision(), entry.key(), entry, expiry.of(entry), null))
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
}
