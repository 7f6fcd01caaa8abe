// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

/// A sum for each domain of a topology, over pods that stand there. Pods on nodes without the label
/// count nowhere.
public final class Tally {
  private final Topology topology;
  private final Sums sums = new Sums();
  private long total;

  /// The least sum of a domain that is used and how many have it; not known when `holders` is 0.
  private long least;

  private int holders;
  private long version;

  Tally(Topology topology) {
    this.topology = topology;
  }

  void add(NodeState node, long amount) {
    int domain = topology.of(node);
    if (domain == Topology.NONE) {
      return;
    }
    long now = sums.add(domain, amount, topology.bound());
    total += amount;
    if (holders > 0 && amount != 0) {
      follow(now - amount, now);
    }
  }

  private void follow(long before, long now) {
    holders -= before == least ? 1 : 0;
    if (now < least) {
      least = now;
      holders = 1;
    } else if (now == least) {
      holders++;
    }
  }

  public Topology topology() {
    return topology;
  }

  public long at(int domain) {
    return sums.at(domain);
  }

  /// What stands where a node is; 0 for a node without the label.
  public long at(NodeState node) {
    return at(topology.of(node));
  }

  public long total() {
    return total;
  }

  /// Of the emptiest domain; a number beyond all when there is none.
  public long least() {
    if (holders > 0 && version == topology.version()) {
      return least;
    }
    least = Integer.MAX_VALUE;
    holders = 0;
    version = topology.version();
    int bound = topology.bound();
    for (int domain = 0; domain < bound; domain++) {
      if (topology.isUsed(domain)) {
        long sum = sums.at(domain);
        holders = sum < least ? 1 : holders + (sum == least ? 1 : 0);
        least = Math.min(least, sum);
      }
    }
    return least;
  }
}
