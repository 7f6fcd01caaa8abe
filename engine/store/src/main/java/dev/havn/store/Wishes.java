// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Writes that wait for their turn. Anybody adds, whoever holds the store's commit lock takes.
final class Wishes {
  /// Writes made durable by one sync.
  private static final int BATCH_WRITES_MAX = 1_024;

  /// Values that are put together in memory before they are written.
  private static final int BATCH_BYTES_MAX = 16 << 20;

  private final ConcurrentLinkedQueue<Wish> waiting = new ConcurrentLinkedQueue<>();

  void add(Wish wish) {
    waiting.add(wish);
  }

  /// Takes the first that wait, at least one if any does.
  List<Wish> takeBatch() {
    List<Wish> batch = new ArrayList<>();
    long bytes = 0;
    while (batch.size() < BATCH_WRITES_MAX && bytes < BATCH_BYTES_MAX) {
      @Nullable Wish wish = waiting.poll();
      if (wish == null) {
        break;
      }
      batch.add(wish);
      byte @Nullable [] value = wish.value();
      bytes += value == null ? 0 : value.length;
    }
    return batch;
  }

  /// Wakes one who may have found the commit lock taken.
  void wakeNext() {
    @Nullable Wish next = waiting.peek();
    if (next != null) {
      next.wake();
    }
  }
}
