// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Says where a pod may stand.
public interface Filter {
  String name();

  /// Looks at the pod once, before nodes are looked at.
  Prepared prepare(Attempt attempt);

  /// Whether a change may let a pod stand somewhere that this plugin refused. Saying yes too often
  /// costs an attempt; saying no wrongly leaves the pod waiting for five minutes.
  boolean mayHelp(Change change, PodFacts pod);

  /// What a plugin finds in a pod.
  ///
  /// @param refused set when it may stand nowhere
  /// @param nodes the only ones it may stand on, or null for any
  /// @param check of each node, or null when there is nothing to check
  record Prepared(@Nullable Refusal refused, @Nullable Set<String> nodes, @Nullable Check check) {
    public static final Prepared NOTHING = new Prepared(null, null, null);

    public static Prepared check(Check check) {
      return new Prepared(null, null, check);
    }

    public static Prepared refused(Refusal refusal) {
      return new Prepared(refusal, null, null);
    }
  }

  /// Looks at nodes for one pod. It reads the cluster's state as it is then, so that it can be
  /// asked what would be if other pods were gone.
  @FunctionalInterface
  interface Check {
    @Nullable Refusal refusal(NodeState node);

    /// A pod has come to a node (`times` 1) or left it (-1) since the check was made.
    default void moved(PodFacts pod, NodeState node, int times) {}
  }
}
