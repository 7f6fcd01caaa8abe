// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/// When entries end by themselves, soonest first.
final class Expiry {
  private final PriorityQueue<Due> queue =
      new PriorityQueue<>(Comparator.comparingLong(Due::millis).thenComparingLong(Due::revision));
  private final Map<Long, Long> byRevision = new HashMap<>();

  /// @param millis since the epoch
  /// @param revision of the value that ends; a newer one has an end of its own
  record Due(long millis, String key, long revision) {}

  /// Notes a write that ends; whether it is now the first to do so.
  synchronized boolean add(Journal.Write write) {
    if (write.expiresMillis() == 0 || write.entry() == null) {
      return false;
    }
    Due due = new Due(write.expiresMillis(), write.key(), write.revision());
    queue.add(due);
    byRevision.put(due.revision(), due.millis());
    return due.equals(queue.peek());
  }

  /// The soonest end in milliseconds since the epoch, 0 when there is none.
  synchronized long next() {
    Due due = queue.peek();
    return due == null ? 0 : due.millis();
  }

  /// Takes what has ended.
  synchronized List<Due> take(long nowMillis) {
    List<Due> ended = new ArrayList<>();
    for (Due due = queue.peek(); due != null && due.millis() <= nowMillis; due = queue.peek()) {
      ended.add(queue.remove());
      byRevision.remove(due.revision());
    }
    return ended;
  }

  /// Takes back what could not be ended.
  synchronized void putBack(List<Due> left) {
    for (Due due : left) {
      queue.add(due);
      byRevision.put(due.revision(), due.millis());
    }
  }

  /// The end of an entry, 0 for never.
  synchronized long of(Entry entry) {
    return byRevision.getOrDefault(entry.revision(), 0L);
  }
}
