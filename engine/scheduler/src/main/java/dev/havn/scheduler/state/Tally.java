// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.Arrays;

/// A sum for each domain of a topology, over pods that stand there. Pods on nodes without the label
/// count nowhere.
public final class Tally {
  private final Topology topology;
  private long[] sums = new long[8];
  private long total;

  Tally(Topology topology) {
    this.topology = topology;
  }

  void add(NodeState node, long amount) {
    int domain = topology.of(node);
    if (domain == Topology.NONE) {
      return;
    }
    if (domain >= sums.length) {
      sums = Arrays.copyOf(sums, Math.max(domain + 1, 2 * sums.length));
    }
    sums[domain] += amount;
    total += amount;
  }

  public Topology topology() {
    return topology;
  }

  public long at(int domain) {
    return domain >= 0 && domain < sums.length ? sums[domain] : 0;
  }

  /// What stands where a node is; 0 for a node without the label.
  public long at(NodeState node) {
    return at(topology.of(node));
  }

  public long total() {
    return total;
  }
}
