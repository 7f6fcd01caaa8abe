// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

/// Of many nodes enough are looked at to find a share that fits; the next pod begins where the last
/// one stopped, as kube-scheduler does it.
final class Sampling {
  private static final int ALWAYS_LOOKED_AT = 100;
  private static final int PERCENT_MAX = 50;
  private static final int PERCENT_MIN = 5;
  private static final int NODES_PER_PERCENT_LESS = 125;
  private static final int ALL = 100;

  private int start;

  /// @param percentage 0 adapts to how many nodes there are
  static int enough(int nodes, int percentage) {
    if (nodes < ALWAYS_LOOKED_AT || percentage >= ALL) {
      return nodes;
    }
    int percent =
        percentage == 0
            ? Math.max(PERCENT_MIN, PERCENT_MAX - nodes / NODES_PER_PERCENT_LESS)
            : percentage;
    return Math.max(ALWAYS_LOOKED_AT, nodes * percent / ALL);
  }

  int start(int nodes) {
    return nodes == 0 ? 0 : start % nodes;
  }

  void looked(int count, int nodes) {
    start = nodes == 0 ? 0 : (start + count) % nodes;
  }
}
