// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a pod has of its node, as its spec would say it: as a whole (KEP-5419), null where it asks
/// for nothing so, and by container (KEP-1287). A pod that was changed meanwhile asks for more or
/// less than that.
record Allocation(
    @Nullable ResourceRequirements whole, Map<String, ResourceRequirements> containers) {
  private static final ResourceRequirements NOTHING = new ResourceRequirements();

  /// All that a pod asks for.
  static Allocation of(Pod pod) {
    Map<String, ResourceRequirements> containers = new HashMap<>();
    Restarts.containers(pod).forEach(each -> containers.put(each.getName(), own(each)));
    return new Allocation(pod.getSpec().getResources(), containers);
  }

  /// What a pod has as its status tells, and all that it asks for where that tells nothing.
  static Allocation ofStatus(Pod pod) {
    Allocation asked = of(pod);
    if (pod.getStatus() == null) {
      return asked;
    }
    Map<String, ResourceRequirements> containers = new HashMap<>(asked.containers());
    Stream.concat(
            pod.getStatus().getInitContainerStatuses().stream(),
            pod.getStatus().getContainerStatuses().stream())
        .filter(each -> each.getResources() != null)
        .forEach(
            each -> containers.computeIfPresent(each.getName(), (_, asks) -> amended(asks, each)));
    @Nullable ResourceRequirements shown = pod.getStatus().getResources();
    @Nullable ResourceRequirements whole = asked.whole();
    if (whole != null && shown != null) {
      whole =
          amended(
              whole,
              PodTotals.without(pod.getSpec().getOverhead(), shown.getRequests()),
              PodTotals.without(pod.getSpec().getOverhead(), shown.getLimits()));
    }
    return new Allocation(whole, containers);
  }

  private static ResourceRequirements amended(ResourceRequirements asks, ContainerStatus has) {
    ResourceRequirements shown = has.getResources();
    return amended(asks, shown.getRequests(), shown.getLimits());
  }

  private static ResourceRequirements amended(
      ResourceRequirements asks,
      @Nullable Map<String, Quantity> requests,
      @Nullable Map<String, Quantity> limits) {
    return new ResourceRequirementsBuilder(asks)
        .withRequests(amended(asks.getRequests(), requests))
        .withLimits(amended(asks.getLimits(), limits))
        .build();
  }

  /// No resize takes an amount away, so what is not asked for now never was.
  private static Map<String, Quantity> amended(
      @Nullable Map<String, Quantity> asks, @Nullable Map<String, Quantity> has) {
    Map<String, Quantity> amounts = new HashMap<>(asks == null ? Map.of() : asks);
    for (String name : ContainerResources.RESIZABLE) {
      @Nullable Quantity shown = has == null ? null : has.get(name);
      if (shown == null) {
        amounts.remove(name);
      } else {
        amounts.computeIfPresent(name, (_, _) -> shown);
      }
    }
    return amounts;
  }

  private static ResourceRequirements own(Container container) {
    return container.getResources() == null ? NOTHING : container.getResources();
  }

  /// Whether a pod asks for just this.
  boolean suits(Pod pod) {
    return ContainerResources.same(whole, pod.getSpec().getResources())
        && Restarts.containers(pod)
            .allMatch(
                each ->
                    ContainerResources.same(
                        containers.getOrDefault(each.getName(), own(each)), own(each)));
  }

  /// The pod as if it asked for just this.
  Pod on(Pod pod) {
    if (suits(pod)) {
      return pod;
    }
    return new PodBuilder(pod)
        .editSpec()
        .withResources(whole)
        .withInitContainers(on(pod.getSpec().getInitContainers()))
        .withContainers(on(pod.getSpec().getContainers()))
        .endSpec()
        .build();
  }

  private List<Container> on(List<Container> all) {
    return all.stream()
        .map(
            each ->
                new ContainerBuilder(each)
                    .withResources(containers.getOrDefault(each.getName(), own(each)))
                    .build())
        .toList();
  }
}
