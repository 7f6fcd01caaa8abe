// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Something that happened in the cluster, after which pods that fitted nowhere may fit.
public sealed interface Change {

  /// A node came, changed or went; of the latter only those aspects that count.
  ///
  /// @param node null when it went
  record OfNode(@Nullable NodeState node, Set<Aspect> aspects) implements Change {
    public boolean has(Aspect aspect) {
      return aspects.contains(Aspect.ADDED) || aspects.contains(aspect);
    }
  }

  /// What of a node changed.
  enum Aspect {
    ADDED,
    REMOVED,
    LABELS,
    /// or whether it is cordoned
    TAINTS,
    ALLOCATABLE,
    /// what of Kubernetes it declares that it can do
    FEATURES
  }

  /// A pod that has a node.
  ///
  /// @param before what it was, or null when it has just got its node
  /// @param after what it is, or null when it is gone
  /// @param node where it stands or stood, or what was kept free for it; null when that is unknown
  record OfPod(@Nullable PodFacts before, @Nullable PodFacts after, @Nullable String node)
      implements Change {
    public boolean isGone() {
      return after == null;
    }

    /// Whether the pod, as it was or as it is, stands on a node and asks for less now.
    public boolean frees() {
      return before != null
          && (after == null || !after.demand().amounts().equals(before.demand().amounts()));
    }
  }

  /// The waiting pod itself was changed.
  record OfItself(PodFacts before, PodFacts after) implements Change {}

  /// An object came or changed that says what of storage or devices there is.
  ///
  /// @param before null when it came
  record OfObject(@Nullable HasMetadata before, HasMetadata after) implements Change {}

  /// An object went that stood for something taken, such as a volume attached to a node.
  record OfGone(HasMetadata object) implements Change {}

  /// Empty when nothing that counts changed, as with a heartbeat.
  static Set<Aspect> aspects(@Nullable Node before, Node after) {
    if (before == null) {
      return Set.of(Aspect.ADDED);
    }
    Set<Aspect> aspects = EnumSet.noneOf(Aspect.class);
    if (!Objects.equals(before.getMetadata().getLabels(), after.getMetadata().getLabels())) {
      aspects.add(Aspect.LABELS);
    }
    if (!Objects.equals(before.getSpec(), after.getSpec())) {
      aspects.add(Aspect.TAINTS);
    }
    if (!Objects.equals(
        before.getStatus() == null ? null : before.getStatus().getAllocatable(),
        after.getStatus() == null ? null : after.getStatus().getAllocatable())) {
      aspects.add(Aspect.ALLOCATABLE);
    }
    if (!Objects.equals(features(before), features(after))) {
      aspects.add(Aspect.FEATURES);
    }
    return aspects;
  }

  private static @Nullable List<String> features(Node node) {
    return node.getStatus() == null ? null : node.getStatus().getDeclaredFeatures();
  }
}
