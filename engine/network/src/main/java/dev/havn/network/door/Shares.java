// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.door;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

/// How much all clients together may hold, and how much of it one of them. Threads: any.
public final class Shares {
  private final int all;
  private final int each;
  private final Map<InetAddress, Integer> held = new HashMap<>();
  private CompletableFuture<Boolean> nobody = new CompletableFuture<>();
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
      nobody.complete(true);
    }
  }

  /// Completes when nobody holds anything any more.
  public synchronized Future<Boolean> nobody() {
    nobody = new CompletableFuture<>();
    if (sum == 0) {
      nobody.complete(true);
    }
    return nobody;
  }
}
