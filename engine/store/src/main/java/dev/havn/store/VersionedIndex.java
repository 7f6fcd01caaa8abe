// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
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
/// One writer at a time; readers see each key's chain as a whole.
final class VersionedIndex {
  /// A value, or its absence, since a revision.
  private record Version(long revision, @Nullable Entry entry, @Nullable Version older) {}

  private final NavigableMap<String, Version> chains = new ConcurrentSkipListMap<>(Keys.ORDER);

  /// Keys whose chain holds something to forget, with the revision that made it so.
  private final Deque<Superseded> superseded = new ArrayDeque<>();

  private record Superseded(long revision, String key) {}

  @Nullable Entry get(String key) {
    @Nullable Version newest = chains.get(key);
    return newest == null ? null : newest.entry();
  }

  /// Notes a value, or with null its absence, since `revision`.
  void set(String key, long revision, @Nullable Entry entry) {
    @Nullable Version before = chains.get(key);
    chains.put(key, new Version(revision, entry, before));
    if (before != null || entry == null) {
      superseded.addLast(new Superseded(revision, key));
    }
  }

  /// Entries from just after `after` with `prefix`, as of `revision`.
  ///
  /// @param limit the most entries, 0 for all
  Slice range(String prefix, String after, int limit, long revision) {
    List<Entry> found = new ArrayList<>(limit > 0 ? Math.min(limit, 1_024) : 16);
    long more = 0;
    boolean inside = Keys.ORDER.compare(after, prefix) >= 0;
    NavigableMap<String, Version> tail = chains.tailMap(inside ? after : prefix, !inside);
    for (Map.Entry<String, Version> each : tail.entrySet()) {
      if (!each.getKey().startsWith(prefix)) {
        break;
      }
      @Nullable Entry entry = at(each.getValue(), revision);
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
    for (Map.Entry<String, Version> each : chains.tailMap(prefix, true).entrySet()) {
      if (!each.getKey().startsWith(prefix)) {
        break;
      }
      count += each.getValue().entry() == null ? 0 : 1;
    }
    return count;
  }

  /// Forgets what was superseded at or before `revision`.
  void compact(long revision) {
    while (!superseded.isEmpty() && superseded.getFirst().revision() <= revision) {
      String key = superseded.removeFirst().key();
      @Nullable Version newest = chains.get(key);
      if (newest == null) {
        continue;
      }
      @Nullable Version kept = cut(newest, revision);
      if (kept == null) {
        chains.remove(key);
      } else if (kept != newest) {
        chains.put(key, kept);
      }
    }
  }

  private static @Nullable Entry at(Version newest, long revision) {
    for (@Nullable Version version = newest; version != null; version = version.older()) {
      if (version.revision() <= revision) {
        return version.entry();
      }
    }
    return null;
  }

  /// The chain without versions that nobody can read at `revision` or later.
  private static @Nullable Version cut(Version version, long revision) {
    if (version.revision() <= revision) {
      return version.entry() == null
          ? null
          : version.older() == null
              ? version
              : new Version(version.revision(), version.entry(), null);
    }
    @Nullable Version older = version.older();
    if (older == null) {
      return version;
    }
    @Nullable Version cut = cut(older, revision);
    return cut == older ? version : new Version(version.revision(), version.entry(), cut);
  }
}
