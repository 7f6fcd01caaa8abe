// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What readers of a store see, whatever makes its writes durable: the current state with its
/// recent past, the tail of the log, and the cursors on it. Who writes shows here what is durable,
/// in order.
///
/// Safe for many threads; one at a time may [#show].
final class View {
  /// Events kept in memory for cursors.
  static final int LOG_EVENTS_MAX = 1 << 16;

  /// What these events have superseded is a small part of the heap, what was derived from it a
  /// larger one.
  private static final long LOG_BYTES_MAX =
      Math.max(16L << 20, Runtime.getRuntime().maxMemory() / 16);

  /// What watchers and paged lists may look back to.
  static final Duration HISTORY = Duration.ofMinutes(5);

  /// The same when the past is large: kube-apiserver's cache keeps this much when it is busy.
  static final Duration HISTORY_MIN = Duration.ofSeconds(75);

  /// What the past may take when it is older than that; less on a small heap, whose past is bounded
  /// by [#LOG_BYTES_MAX] in any case.
  static final long HISTORY_BYTES = 32L << 20;

  /// Guards what readers see; held only for short times.
  private final ReentrantLock visible = new ReentrantLock();

  private final Map<String, List<ViewCursor>> cursors = new HashMap<>();
  private final PriorityQueue<Waiter> waiters = new PriorityQueue<>();
  private volatile VersionedIndex index;
  private Log log;
  private volatile long revision;
  private volatile long compacted;

  private record Waiter(long revision, CompletableFuture<Void> reached)
      implements Comparable<Waiter> {
    @Override
    public int compareTo(Waiter other) {
      return Long.compare(revision, other.revision);
    }
  }

  View(Collection<Entry> entries, long revision) {
    this.index = index(entries, revision);
    this.revision = revision;
    this.compacted = revision;
    this.log = new Log(revision + 1, LOG_EVENTS_MAX, LOG_BYTES_MAX);
  }

  private static VersionedIndex index(Collection<Entry> entries, long revision) {
    VersionedIndex index = new VersionedIndex();
    entries.forEach(entry -> index.set(entry.key(), entry.revision(), entry));
    index.compact(revision);
    return index;
  }

  /// Adds what was written, and that nothing else was up to `reached`.
  ///
  /// @param events in order of their revisions, after all that were shown before
  /// @param wakes takes what is to be run by the caller when it holds no lock
  void show(List<Event> events, long reached, List<Runnable> wakes) {
    visible.lock();
    try {
      for (Event event : events) {
        index.set(event.key(), event.revision(), event.current());
        log.append(event);
      }
      log.advance(reached);
      if (!events.isEmpty()) {
        takeWakes(events, wakes);
      }
      // Who waits for this revision finds every cursor told.
      revision = Math.max(revision, reached);
      if (log.first() - 1 > compacted) {
        compacted = log.first() - 1;
        index.compact(compacted);
      }
      while (!waiters.isEmpty() && waiters.element().revision() <= revision) {
        CompletableFuture<Void> waiter = waiters.remove().reached();
        wakes.add(() -> waiter.complete(null));
      }
    } finally {
      visible.unlock();
    }
  }

  private void takeWakes(List<Event> events, List<Runnable> wakes) {
    cursors.forEach(
        (prefix, group) -> {
          if (isBelow(events, prefix)) {
            for (ViewCursor cursor : group) {
              cursor.tell(wakes);
            }
          }
        });
  }

  private static boolean isBelow(List<Event> events, String prefix) {
    for (Event event : events) {
      if (event.key().startsWith(prefix)) {
        return true;
      }
    }
    return false;
  }

  /// Begins anew with other contents: what lies between is not known, so every cursor is too late.
  void replace(Collection<Entry> entries, long reached, List<Runnable> wakes) {
    visible.lock();
    try {
      index = index(entries, reached);
      log = new Log(reached + 1, LOG_EVENTS_MAX, LOG_BYTES_MAX);
      compacted = reached;
      revision = reached;
      cursors.values().forEach(group -> group.forEach(cursor -> cursor.lose(wakes)));
      while (!waiters.isEmpty() && waiters.element().revision() <= revision) {
        CompletableFuture<Void> waiter = waiters.remove().reached();
        wakes.add(() -> waiter.complete(null));
      }
    } finally {
      visible.unlock();
    }
  }

  /// Done when everything up to a revision is shown.
  CompletableFuture<Void> reached(long wanted) {
    if (wanted <= revision) {
      return CompletableFuture.completedFuture(null);
    }
    visible.lock();
    try {
      Waiter waiter = new Waiter(wanted, new CompletableFuture<>());
      if (wanted <= revision) {
        waiter.reached().complete(null);
      } else {
        waiters.add(waiter);
      }
      return waiter.reached();
    } finally {
      visible.unlock();
    }
  }

  /// Takes back a wait.
  void forget(CompletableFuture<Void> reached) {
    visible.lock();
    try {
      waiters.removeIf(waiter -> waiter.reached() == reached);
    } finally {
      visible.unlock();
    }
  }

  @Nullable Entry get(String key) {
    return index.get(key);
  }

  /// The entry of a key as of a revision that is still kept.
  @Nullable Entry get(String key, long at) {
    visible.lock();
    try {
      return index.get(key, at);
    } finally {
      visible.unlock();
    }
  }

  Page range(String prefix, String after, int limit, long at) {
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

  long count(String prefix) {
    return index.count(prefix);
  }

  long revision() {
    return revision;
  }

  long compactedRevision() {
    return compacted;
  }

  /// Forgets the oldest part of the past while it is large, but nothing after a revision.
  void shorten(long before) {
    compact(largeUntil(before));
  }

  private long largeUntil(long before) {
    visible.lock();
    try {
      return log.excess(HISTORY_BYTES, before);
    } finally {
      visible.unlock();
    }
  }

  void compact(long before) {
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

  Cursor watch(String prefix, long after) {
    visible.lock();
    try {
      if (after < compacted) {
        throw new CompactedException(after, compacted);
      }
      ViewCursor cursor = new ViewCursor(prefix, after);
      cursors.computeIfAbsent(prefix, _ -> new ArrayList<>()).add(cursor);
      return cursor;
    } finally {
      visible.unlock();
    }
  }

  /// A place in the log; its fields are guarded by `visible`.
  private final class ViewCursor implements Cursor {
    private final String prefix;
    private long next;
    private long seen;
    private boolean open = true;
    private boolean lost;
    private volatile boolean behind;
    private @Nullable Runnable wake;

    ViewCursor(String prefix, long after) {
      this.prefix = prefix;
      this.next = after + 1;
      this.seen = after;
      this.behind = after < revision;
    }

    @Override
    public boolean isBehind() {
      return behind;
    }

    @Override
    public List<Event> poll(int max) {
      List<Event> found = new ArrayList<>();
      visible.lock();
      try {
        if (isLate()) {
          throw new CompactedException(next - 1, compacted);
        }
        next = Math.max(next, log.read(next, prefix, max, found));
        seen = Math.max(seen, next - 1);
        behind = found.size() == max;
      } finally {
        visible.unlock();
      }
      return found;
    }

    private boolean isLate() {
      catchUp();
      return lost || (next < log.first() && next <= revision);
    }

    /// One that has read all that its prefix had has missed nothing, however much of the rest is
    /// forgotten.
    private void catchUp() {
      if (!behind) {
        next = Math.max(next, log.first());
      }
    }

    /// Something of its prefix is in the log.
    private void tell(List<Runnable> wakes) {
      catchUp();
      behind = true;
      takeWake(wakes);
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

    /// Whether an event that matches waits, or the news that there will be none; skips those that
    /// do not match.
    private boolean hasMore() {
      if (isLate()) {
        return true;
      }
      next = Math.max(next, log.find(next, prefix));
      behind = log.reaches(next);
      return behind;
    }

    private void takeWake(List<Runnable> wakes) {
      if (wake != null) {
        wakes.add(wake);
        wake = null;
      }
    }

    private void lose(List<Runnable> wakes) {
      lost = true;
      behind = true;
      takeWake(wakes);
    }

    @Override
    public void close() {
      visible.lock();
      try {
        open = false;
        wake = null;
        @Nullable List<ViewCursor> group = cursors.get(prefix);
        if (group != null && group.remove(this) && group.isEmpty()) {
          cursors.remove(prefix);
        }
      } finally {
        visible.unlock();
      }
    }
  }
}
