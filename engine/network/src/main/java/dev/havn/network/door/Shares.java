// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.door;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// How much all clients together may hold, and how much of it one of them. Threads: any.
public final class Shares {
  private final int all;
  private final int each;
  private final Map<InetAddress, Integer> held = new HashMap<>();
  private int sum;

  public Shares(int all, int each) {
    this.all = all;
    this.each = each;
  }

  /// @return whether the client has one more now, which is to be given back
  public synchronized boolean take(InetAddress client) {
    if (sum >= all || held.getOrDefault(client, 0) >= each) {
      return false;
    }
    sum++;
    held.merge(client, 1, Integer::sum);
    return true;
  }

  public synchronized void give(InetAddress client) {
    sum--;
    held.computeIfPresent(client, (_, count) -> count == 1 ? null : count - 1);
    if (sum == 0) {
      notifyAll();
    }
  }

  /// Waits until nobody holds anything.
  ///
  /// @param within at most so long
  public synchronized void awaitNone(Duration within) throws InterruptedException {
    long end = System.nanoTime() + within.toNanos();
    for (long left = within.toMillis(); sum > 0 && left > 0; ) {
      wait(left);
      left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }
  }
}
