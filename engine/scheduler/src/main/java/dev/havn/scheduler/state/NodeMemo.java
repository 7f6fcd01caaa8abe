// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What was found out about nodes, each finding good until its node changes.
public final class NodeMemo<T> {
  private long[] versions = new long[16];
  private @Nullable Object[] findings = new Object[16];

  /// Whether the node is as it was when something was found out about it.
  public boolean knows(NodeState node) {
    return node.slot() < versions.length && versions[node.slot()] == node.version();
  }

  /// What was found out; only of a node that it knows.
  @SuppressWarnings("unchecked") // what is put is a T
  public @Nullable T get(NodeState node) {
    return (T) findings[node.slot()];
  }

  public void put(NodeState node, @Nullable T finding) {
    if (node.slot() >= versions.length) {
      int length = Math.max(node.slot() + 1, 2 * versions.length);
      versions = Arrays.copyOf(versions, length);
      findings = Arrays.copyOf(findings, length);
    }
    versions[node.slot()] = node.version();
    findings[node.slot()] = finding;
  }
}
