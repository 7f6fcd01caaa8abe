// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.util.concurrent.atomic.AtomicLong;

/// How often pods with users of their own (`hostUsers: false`) were begun, and how often that
/// failed. Safe for many threads.
public final class OwnUsersCount {
  private final AtomicLong begun = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  void begin() {
    begun.incrementAndGet();
  }

  void fail() {
    failed.incrementAndGet();
  }

  public long begun() {
    return begun.get();
  }

  public long failed() {
    return failed.get();
  }
}
