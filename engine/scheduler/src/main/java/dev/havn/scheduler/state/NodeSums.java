// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.Arrays;

/// A number for each node, good until its node changes.
public final class NodeSums {
  private long[] versions = new long[16];
  private long[] sums = new long[16];

  /// Whether the node is as it was when its number was put.
  public boolean knows(NodeState node) {
    return node.slot() < versions.length && versions[node.slot()] == node.version();
  }

  /// Only of a node that it knows.
  public long get(NodeState node) {
    return sums[node.slot()];
  }

  public void put(NodeState node, long sum) {
    if (node.slot() >= versions.length) {
      int length = Math.max(node.slot() + 1, 2 * versions.length);
      versions = Arrays.copyOf(versions, length);
      sums = Arrays.copyOf(sums, length);
    }
    versions[node.slot()] = node.version();
    sums[node.slot()] = sum;
  }
}
