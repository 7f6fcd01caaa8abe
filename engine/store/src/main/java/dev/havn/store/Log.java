// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The tail of the log in memory: events in order of their revision, in a ring that grows up to a
/// bound and then drops its oldest. It also drops them when the values that they alone still hold,
/// those before each event, are too large together: some thousand large objects would fill the
/// heap.
///
/// Revisions rise, but not always by one: of an etcd that others use too only some are ours, and
/// one of its revisions may be several events. Where they are consecutive an event is found by
/// subtraction, else by bisection.
///
/// Guarded by the view's lock for appending; readers take the same lock for the short time of
/// copying a batch.
final class Log {
  private static final int FIRST_CAPACITY_EVENTS = 1 << 10;

  private final int capacityMax;
  private final long bytesMax;
  private long bytes;
  private @Nullable Event[] ring = new @Nullable Event[FIRST_CAPACITY_EVENTS];

  /// Places in the ring, counted since the beginning: of the oldest event, and of the next.
  private long head;

  private long tail;

  /// Every event of this revision and of those after it is here.
  private long first;

  private long next;

  /// @param first the revision of the first event to come
  /// @param bytesMax of the values before each event
  Log(long first, int capacityMax, long bytesMax) {
    this.bytesMax = bytesMax;
    this.first = first;
    this.next = first;
    this.capacityMax = capacityMax;
  }

  void append(Event event) {
    boolean follows = event.revision() >= next || (tail > head && isLast(event.revision()));
    assert follows : event.revision() + " after " + (next - 1);
    if (tail - head == ring.length) {
      if (ring.length < capacityMax) {
        grow();
      } else {
        dropFirst();
      }
    }
    ring[index(tail)] = event;
    tail++;
    next = event.revision() + 1;
    bytes += event.supersededBytes();
    while (bytes > bytesMax && head < tail - 1) {
      dropFirst();
    }
  }

  private boolean isLast(long revision) {
    return at(tail - 1).revision() == revision;
  }

  /// Notes that there is nothing more up to a revision.
  void advance(long revision) {
    next = Math.max(next, revision + 1);
  }

  /// The last revision, none after `before`, that has to go so that the values that are here and
  /// not in the present are no larger than `kept`; 0 when none has to.
  long excess(long kept, long before) {
    long left = bytes;
    long last = 0;
    for (long place = head; place < tail && left > kept; place++) {
      Event event = at(place);
      if (event.revision() > before) {
        break;
      }
      left -= event.supersededBytes();
      last = event.revision();
    }
    return last;
  }

  /// The oldest revision that is still here.
  long first() {
    return first;
  }

  void dropBefore(long revision) {
    while (head < tail && at(head).revision() < revision) {
      dropFirst();
    }
    first = Math.max(first, Math.min(revision, next));
  }

  private void dropFirst() {
    Event event = at(head);
    bytes -= event.supersededBytes();
    ring[index(head)] = null;
    head++;
    first = event.revision() + 1;
  }

  /// Adds events from `from` on that start with `prefix` to `found`: at most `max`, save that those
  /// of one revision stay together.
  ///
  /// @return the revision from which to go on
  long read(long from, String prefix, int max, List<Event> found) {
    long last = Long.MIN_VALUE;
    for (long place = placeOf(from); place < tail; place++) {
      Event event = at(place);
      if (found.size() >= max && event.revision() != last) {
        return event.revision();
      }
      last = event.revision();
      if (event.key().startsWith(prefix)) {
        found.add(event);
      }
    }
    return Math.max(from, next);
  }

  /// The revision, from `from` on, of the first event that starts with `prefix`, or of the next
  /// event to come.
  long find(long from, String prefix) {
    for (long place = placeOf(from); place < tail; place++) {
      Event event = at(place);
      if (event.key().startsWith(prefix)) {
        return event.revision();
      }
    }
    return Math.max(from, next);
  }

  /// Whether an event at or after `from` is here.
  boolean reaches(long from) {
    return tail > head && at(tail - 1).revision() >= from;
  }

  /// The place of the oldest event that is not before a revision.
  private long placeOf(long revision) {
    if (tail == head || at(head).revision() >= revision) {
      return head;
    }
    long guess = head + revision - at(head).revision();
    if (guess < tail && at(guess).revision() == revision && at(guess - 1).revision() < revision) {
      return guess;
    }
    long low = head;
    long high = tail;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (at(middle).revision() < revision) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private Event at(long place) {
    return Objects.requireNonNull(ring[index(place)]);
  }

  private int index(long place) {
    return (int) (place & (ring.length - 1));
  }

  private void grow() {
    @Nullable Event[] larger = new @Nullable Event[ring.length * 2];
    for (long place = head; place < tail; place++) {
      larger[(int) (place & (larger.length - 1))] = ring[index(place)];
    }
    ring = larger;
  }
}
