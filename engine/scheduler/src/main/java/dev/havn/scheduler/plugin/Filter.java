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

  /// Whether a change is of a kind that may help any pod that this plugin refused. Asked once,
  /// before all those pods are asked about with [#mayHelp]: what concerns none of them must not
  /// cost more when more of them wait.
  boolean concerns(Change change);

  /// Whether a change may let a pod stand somewhere that this plugin refused. Saying yes too often
  /// costs an attempt; saying no wrongly leaves the pod waiting for five minutes.
  boolean mayHelp(Change change, PodFacts pod);

  /// What a plugin finds in a pod.
  ///
  /// @param refused set when it may stand nowhere
  /// @param nodes the only ones it may stand on, or null for any
  /// @param check of each node, or null when there is nothing to check
  /// @param ofNode whether the check depends on nothing but the pod's shape, the node and the pods
  ///   there
  /// @param quiet whether a refusal is not worth a word, as what is missing is on its way
  record Prepared(
      @Nullable Refusal refused,
      @Nullable Set<String> nodes,
      @Nullable Check check,
      boolean ofNode,
      boolean quiet) {
    public static final Prepared NOTHING = new Prepared(null, null, null, true, false);

    public static Prepared check(Check check) {
      return new Prepared(null, null, check, false, false);
    }

    public static Prepared ofNode(Check check) {
      return new Prepared(null, null, check, true, false);
    }

    public static Prepared refused(Refusal refusal) {
      return new Prepared(refusal, null, null, false, false);
    }

    public static Prepared waiting(Refusal refusal) {
      return new Prepared(refusal, null, null, false, true);
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
