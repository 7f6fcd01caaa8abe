// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import java.util.List;

/// How long nodes may keep what they have read, by how many there are. The bounds of two sizes
/// overlap, so that a node which comes and goes does not change the answer for all each time.
final class ClusterSizes {
  private static final List<Size> SIZES =
      List.of(
          new Size(0, 100, 0),
          new Size(90, 500, 15),
          new Size(450, 1_000, 30),
          new Size(900, 2_000, 60),
          new Size(1_800, Integer.MAX_VALUE, 300));

  private int size;

  /// @param nodesMin below which a cluster is of the size before
  /// @param nodesMax above which it is of the next
  private record Size(int nodesMin, int nodesMax, int seconds) {}

  /// The answer for so many nodes.
  synchronized int seconds(int count) {
    while (count > SIZES.get(size).nodesMax()) {
      size++;
    }
    while (count < SIZES.get(size).nodesMin()) {
      size--;
    }
    return SIZES.get(size).seconds();
  }

  /// Whether the answer is another one now.
  synchronized boolean changes(int count) {
    int before = size;
    seconds(count);
    return size != before;
  }
}
