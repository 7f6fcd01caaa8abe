// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tail of the log in memory: events in order of their revision, in a ring that grows up to a
/// bound and then drops its oldest. It also drops them when their values are too large together:
/// some thousand large objects would fill the heap.
///
/// The revisions are consecutive, so an event is found by subtraction. Guarded by the store's lock
/// for appending; readers take the same lock for the short time of copying a batch.
final class Log {
  private static final int FIRST_CAPACITY_EVENTS = 1 << 10;

  private final int capacityMax;
  private final long bytesMax;
  private long bytes;
  private @Nullable Event[] ring = new @Nullable Event[FIRST_CAPACITY_EVENTS];
  private long first;
  private long next;

  /// @param first the revision of the first event to come
  /// @param bytesMax of the values before and after each event
  Log(long first, int capacityMax, long bytesMax) {
    this.bytesMax = bytesMax;
    this.first = first;
    this.next = first;
    this.capacityMax = capacityMax;
  }

  void append(Event event) {
    assert event.revision() == next : event.revision() + " after " + (next - 1);
    if (next - first == ring.length) {
      if (ring.length < capacityMax) {
        grow();
      } else {
        dropFirst();
      }
    }
    ring[index(next)] = event;
    next++;
    bytes += event.bytes();
    while (bytes > bytesMax && first < next - 1) {
      dropFirst();
    }
  }

  /// The oldest revision that is still here.
  long first() {
    return first;
  }

  /// The revision of the next event.
  long next() {
    return next;
  }

  void dropBefore(long revision) {
    while (first < Math.min(revision, next)) {
      dropFirst();
    }
  }

  private void dropFirst() {
    @Nullable Event event = ring[index(first)];
    bytes -= event == null ? 0 : event.bytes();
    ring[index(first)] = null;
    first++;
  }

  /// Adds events from `from` on that start with `prefix` to `found`, at most `max`.
  ///
  /// @return the revision after the last one looked at
  long read(long from, String prefix, int max, List<Event> found) {
    long revision = from;
    while (revision < next && found.size() < max) {
      @Nullable Event event = ring[index(revision)];
      if (event != null && event.key().startsWith(prefix)) {
        found.add(event);
      }
      revision++;
    }
    return revision;
  }

  private int index(long revision) {
    return (int) (revision & (ring.length - 1));
  }

  private void grow() {
    @Nullable Event[] larger = new @Nullable Event[ring.length * 2];
    for (long revision = first; revision < next; revision++) {
      larger[(int) (revision & (larger.length - 1))] = ring[index(revision)];
    }
    ring = larger;
  }
}
