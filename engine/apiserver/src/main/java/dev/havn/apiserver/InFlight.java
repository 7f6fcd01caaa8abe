// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The requests that a server which is to stop waits for: those from outside that do not last.
final class InFlight {
  private final AtomicInteger count = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();
  private volatile boolean draining;

  void begin() {
    count.incrementAndGet();
  }

  void end() {
    if (count.decrementAndGet() == 0 && draining) {
      lock.lock();
      none.signalAll();
      lock.unlock();
    }
  }

  /// Whether the server is to stop.
  boolean isDraining() {
    return draining;
  }

  /// Waits until there is none, but no longer than told.
  ///
  /// @return how many are left
  int drain(Duration within) {
    draining = true;
    lock.lock();
    try {
      long nanos = within.toNanos();
      // A request that ends sees `draining`, which is set before the count is looked at, or has
      // lowered the count before: no signal is lost.
      while (count.get() > 0 && nanos > 0) {
        nanos = none.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    return count.get();
  }
}
