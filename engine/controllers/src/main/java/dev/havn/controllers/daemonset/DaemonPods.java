// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.controllers.replicas.PodState;
import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The pods of a DaemonSet, and the nodes they are for.
final class DaemonPods {
  static final String REVISION = "controller-revision-hash";
  static final String GENERATION = "pod-template-generation";
  private static final String NAME_FIELD = "metadata.name";

  /// Those on their node first, then the older.
  static final Comparator<Pod> OLDEST_FIRST =
      Comparator.comparing((Pod pod) -> isEmpty(pod.getSpec().getNodeName()))
          .thenComparing(
              pod -> Objects.requireNonNullElse(pod.getMetadata().getCreationTimestamp(), ""))
          .thenComparing(pod -> pod.getMetadata().getName());

  private DaemonPods() {}

  /// A pod that the scheduler can put on one node only.
  static Pod pod(Desired desired, String node, String hash) {
    Pod pod =
        PodTemplates.pod(
            desired.set().getSpec().getTemplate(),
            desired.set().getMetadata().getNamespace(),
            PodTemplates.controller("apps/v1", "DaemonSet", desired.set().getMetadata()));
    PodBuilder bound =
        new PodBuilder(pod)
            .editMetadata()
            .addToLabels(REVISION, hash)
            .endMetadata()
            .editSpec()
            .withAffinity(onto(node, pod.getSpec().getAffinity()))
            .withTolerations(Tolerations.of(pod.getSpec()))
            .endSpec();
    @Nullable Long generation = desired.templateGeneration();
    if (generation != null) {
      bound.editMetadata().addToLabels(GENERATION, String.valueOf(generation)).endMetadata();
    }
    return bound.build();
  }

  /// The template's affinity, its requirements replaced: the node has met them already.
  private static Affinity onto(String node, @Nullable Affinity affinity) {
    NodeSelector selector =
        new NodeSelectorBuilder()
            .addNewNodeSelectorTerm()
            .withMatchFields(new NodeSelectorRequirement(NAME_FIELD, "In", List.of(node)))
            .endNodeSelectorTerm()
            .build();
    return (affinity == null ? new AffinityBuilder() : new AffinityBuilder(affinity))
        .editOrNewNodeAffinity()
        .withRequiredDuringSchedulingIgnoredDuringExecution(selector)
        .endNodeAffinity()
        .build();
  }

  /// By node. What has finished and is being deleted counts no more.
  static Map<String, List<Pod>> byNode(List<Pod> pods) {
    Map<String, List<Pod>> byNode = new TreeMap<>();
    for (Pod pod : pods) {
      if (!PodState.isFinished(pod) || !PodState.isTerminating(pod)) {
        node(pod).ifPresent(node -> byNode.computeIfAbsent(node, _ -> new ArrayList<>()).add(pod));
      }
    }
    return byNode;
  }

  /// The node a pod is on, or for.
  private static Optional<String> node(Pod pod) {
    if (!isEmpty(pod.getSpec().getNodeName())) {
      return Optional.of(pod.getSpec().getNodeName());
    }
    @Nullable Affinity affinity = pod.getSpec().getAffinity();
    @Nullable NodeSelector required =
        affinity == null || affinity.getNodeAffinity() == null
            ? null
            : affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
    return required == null
        ? Optional.empty()
        : required.getNodeSelectorTerms().stream()
            .flatMap(term -> term.getMatchFields().stream())
            .filter(each -> each.getKey().equals(NAME_FIELD) && each.getOperator().equals("In"))
            .findFirst()
            .filter(each -> each.getValues().size() == 1)
            .map(each -> each.getValues().getFirst());
  }

  static boolean isOnNode(Pod pod) {
    return !isEmpty(pod.getSpec().getNodeName());
  }

  private static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }

  static String revision(Pod pod) {
    return label(pod, REVISION);
  }

  /// Whether a pod is made of the template as it stands.
  static boolean isUpdated(Desired desired, Pod pod, String hash) {
    @Nullable Long generation = desired.templateGeneration();
    return (!hash.isEmpty() && revision(pod).equals(hash))
        || (generation != null && label(pod, GENERATION).equals(String.valueOf(generation)));
  }

  private static String label(Pod pod, String key) {
    @Nullable Map<String, String> labels = pod.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(key, "");
  }
}
