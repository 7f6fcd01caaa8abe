// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

/// Which nodes count for something, by their labels, names and taints alone. Rules that say the
/// same are equal, so that what was counted for one pod is there for the next that is like it.
@FunctionalInterface
public interface NodeRule {
  boolean includes(NodeState node);
}
