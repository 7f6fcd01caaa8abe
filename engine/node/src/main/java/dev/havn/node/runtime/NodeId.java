// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

/// What marks everything a node makes outside its folder: the cluster's id and the node's number,
/// ten characters, so that a link's name has room for a pod.
///
/// @param cluster eight hexadecimal digits
/// @param node from 0
public record NodeId(String cluster, int node) {
  private static final int RADIX = 36;
  private static final int NODES_MAX = RADIX * RADIX;

  public NodeId {
    if (!cluster.matches("[0-9a-f]{8}") || node < 0 || node >= NODES_MAX) {
      throw new IllegalArgumentException("cluster " + cluster + ", node " + node);
    }
  }

  /// Two characters for the number, always: else one node's names would begin like another's.
  @Override
  public String toString() {
    String number = Integer.toString(node, RADIX);
    return cluster + (number.length() == 1 ? "0" : "") + number;
  }

  /// The control group of a pod.
  String cgroup(String podUid) {
    return "havn-" + this + "/" + podUid;
  }

  /// The metric of the cluster's routes, by which they are told from those of another.
  long metric() {
    return Math.max(1, Long.parseLong(cluster, 16));
  }
}
