// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/// The current state and what is kept of the past: each key with its versions, newest first.
///
/// For example, after `put a` (2), `put b` (3), `put a` (4), `delete b` (5):
///
/// ```
/// a -> [4: value] [2: value]
/// b -> [5: gone ] [3: value]
/// ```
///
/// Reading at revision 3 finds `a` as of 2 and `b` as of 3. Compacting at 5 leaves `a -> [4:
/// value]`.
///
/// One writer at a time, and none while a range is read: [#get] and [#count] look at the newest
/// version only and may be called at any time.
final class VersionedIndex {
  /// A value, or its absence, since a revision.
  private static final class Version {
    private final long revision;
    private final @Nullable Entry entry;
    private @Nullable Version older;

    Version(long revision, @Nullable Entry entry, @Nullable Version older) {
      this.revision = revision;
      this.entry = entry;
      this.older = older;
    }
  }

  /// The versions of one key.
  private static final class Chain {
    private volatile Version newest;

    Chain(Version newest) {
      this.newest = newest;
    }
  }

  private final NavigableMap<String, Chain> inOrder = new ConcurrentSkipListMap<>(Keys.ORDER);

  /// The same chains: keys are long and begin alike, and most are asked for one by one.
  private final Map<String, Chain> byKey = new ConcurrentHashMap<>();

  /// Versions that make something to forget: what is older than they, and absence itself. A key
  /// that is written again and again has a chain as long as history, so forgetting must not walk
  /// it.
  private final Deque<Superseding> superseding = new ArrayDeque<>();

  private record Superseding(String key, Version version) {}

  @Nullable Entry get(String key) {
    @Nullable Chain chain = byKey.get(key);
    return chain == null ? null : chain.newest.entry;
  }

  /// As of a revision; like a range not while something is set.
  @Nullable Entry get(String key, long revision) {
    @Nullable Chain chain = byKey.get(key);
    return chain == null ? null : at(chain.newest, revision);
  }

  /// Notes a value, or with null its absence, since `revision`.
  void set(String key, long revision, @Nullable Entry entry) {
    @Nullable Chain chain = byKey.get(key);
    Version version = new Version(revision, entry, chain == null ? null : chain.newest);
    if (chain == null) {
      Chain begun = new Chain(version);
      inOrder.put(key, begun);
      byKey.put(key, begun);
    } else {
      chain.newest = version;
    }
    if (chain != null || entry == null) {
      superseding.addLast(new Superseding(key, version));
    }
  }

  /// Entries from just after `after` with `prefix`, as of `revision`.
  ///
  /// @param limit the most entries, 0 for all
  Slice range(String prefix, String after, int limit, long revision) {
    List<Entry> found = new ArrayList<>(limit > 0 ? Math.min(limit, 1_024) : 16);
    long more = 0;
    boolean inside = Keys.ORDER.compare(after, prefix) >= 0;
    NavigableMap<String, Chain> tail = inOrder.tailMap(inside ? after : prefix, !inside);
    for (Map.Entry<String, Chain> each : tail.entrySet()) {
      if (!each.getKey().startsWith(prefix)) {
        break;
      }
      @Nullable Entry entry = at(each.getValue().newest, revision);
      if (entry == null) {
        continue;
      }
      if (limit > 0 && found.size() == limit) {
        more++;
      } else {
        found.add(entry);
      }
    }
    return new Slice(found, more);
  }

  /// @param more how many entries come after these
  record Slice(List<Entry> entries, long more) {}

  long count(String prefix) {
    long count = 0;
    for (Map.Entry<String, Chain> each : inOrder.tailMap(prefix, true).entrySet()) {
      if (!each.getKey().startsWith(prefix)) {
        break;
      }
      count += each.getValue().newest.entry == null ? 0 : 1;
    }
    return count;
  }

  /// Forgets what was superseded at or before `revision`.
  void compact(long revision) {
    while (!superseding.isEmpty() && superseding.getFirst().version().revision <= revision) {
      Superseding first = superseding.removeFirst();
      first.version().older = null;
      @Nullable Chain chain = byKey.get(first.key());
      if (first.version().entry == null && chain != null && chain.newest == first.version()) {
        byKey.remove(first.key());
        inOrder.remove(first.key());
      }
    }
  }

  private static @Nullable Entry at(Version newest, long revision) {
    for (@Nullable Version version = newest; version != null; version = version.older) {
      if (version.revision <= revision) {
        return version.entry;
      }
    }
    return null;
  }
}
