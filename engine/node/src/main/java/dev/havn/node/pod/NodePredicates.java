// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.reconcile.NodeSelectors;
import dev.havn.reconcile.Tolerance;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerExtendedResourceRequest;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// What a node looks at by itself before it takes a pod, which the scheduler has looked at only
/// when it was asked: a pod that names its node, or comes from a file, has never met it. A kubelet
/// calls these the general predicates; its words and order.
///
/// @param node as the API has it
/// @param others the pods that have their place on it
/// @param ofPlugins whether plugins count a resource, who say so themselves
/// @param ports gives a pod the machine's ports that it wants, or says why not
record NodePredicates(
    Node node,
    List<Pod> others,
    Predicate<String> ofPlugins,
    Function<Pod, Optional<Ending>> ports) {
  private static final String PODS = "pods";
  private static final String CPU = "cpu";
  private static final List<String> OWN = List.of(CPU, "memory", "ephemeral-storage");

  /// The first reason why not; empty when a pod fits.
  Optional<Ending> refusal(Pod pod) {
    return shortage(pod)
        .or(() -> unselected(pod))
        .or(() -> ports.apply(pod))
        .or(() -> untolerated(pod));
  }

  private Optional<Ending> shortage(Pod pod) {
    Pod counted = unclaimed(pod);
    return tooMany()
        .or(() -> wanted(counted).flatMap(each -> shortage(counted, each).stream()).findFirst());
  }

  private Optional<Ending> tooMany() {
    BigDecimal most = ContainerResources.amount(allocatable(), PODS);
    return allocatable().containsKey(PODS) && most.longValue() < others.size() + 1
        ? Optional.of(ending(PODS, BigDecimal.ONE, BigDecimal.valueOf(others.size()), most))
        : Optional.empty();
  }

  /// The names of resources that a pod asks for and that the node counts. An extended resource that
  /// it does not know is somebody else's to count, for the whole cluster or by claims.
  private Stream<String> wanted(Pod pod) {
    Set<String> others = new TreeSet<>();
    Restarts.containers(pod)
        .filter(each -> each.getResources() != null && each.getResources().getRequests() != null)
        .forEach(each -> others.addAll(each.getResources().getRequests().keySet()));
    OWN.forEach(others::remove);
    others.removeIf(
        each ->
            each.indexOf('/') > 0 && (!allocatable().containsKey(each) || ofPlugins.test(each)));
    return Stream.concat(OWN.stream(), others.stream());
  }

  /// A pod without the requests that a ResourceClaim stands for (KEP-5004), as one does for some of
  /// its containers.
  private static Pod unclaimed(Pod pod) {
    if (pod.getStatus() == null || pod.getStatus().getExtendedResourceClaimStatus() == null) {
      return pod;
    }
    var mappings = pod.getStatus().getExtendedResourceClaimStatus().getRequestMappings();
    return pod.edit()
        .editSpec()
        .withContainers(unclaimed(pod.getSpec().getContainers(), mappings))
        .withInitContainers(unclaimed(pod.getSpec().getInitContainers(), mappings))
        .endSpec()
        .build();
  }

  private static List<Container> unclaimed(
      List<Container> containers, List<ContainerExtendedResourceRequest> mappings) {
    return containers.stream()
        .map(
            each -> {
              ContainerBuilder container = new ContainerBuilder(each);
              mappings.stream()
                  .filter(mapping -> each.getName().equals(mapping.getContainerName()))
                  .forEach(
                      mapping ->
                          container
                              .editOrNewResources()
                              .removeFromRequests(mapping.getResourceName())
                              .endResources());
              return container.build();
            })
        .toList();
  }

  private Optional<Ending> shortage(Pod pod, String name) {
    BigDecimal wanted = ContainerResources.requestOfPod(pod, name);
    if (wanted.signum() <= 0) {
      return Optional.empty();
    }
    BigDecimal used =
        others.stream()
            .map(each -> ContainerResources.requestOfPod(each, name))
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal most = ContainerResources.amount(allocatable(), name);
    return used.add(wanted).compareTo(most) > 0
        ? Optional.of(ending(name, wanted, used, most))
        : Optional.empty();
  }

  private Map<String, Quantity> allocatable() {
    return node.getStatus() == null || node.getStatus().getAllocatable() == null
        ? Map.of()
        : node.getStatus().getAllocatable();
  }

  private static Ending ending(String name, BigDecimal wanted, BigDecimal used, BigDecimal most) {
    return new Ending(
        "OutOf" + name,
        "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
            .formatted(name, number(name, wanted), number(name, used), number(name, most)));
  }

  /// Processors in thousandths, all else as it is.
  private static long number(String name, BigDecimal amount) {
    BigDecimal shown = name.equals(CPU) ? amount.movePointRight(3) : amount;
    return shown.setScale(0, RoundingMode.CEILING).longValue();
  }

  private Optional<Ending> unselected(Pod pod) {
    Map<String, String> labels =
        node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
    return NodeSelectors.allow(pod.getSpec(), node.getMetadata().getName(), labels)
        ? Optional.empty()
        : failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  }

  /// Of taints only those count that would drive a pod out again, and none for pods from files.
  private Optional<Ending> untolerated(Pod pod) {
    List<Taint> taints = node.getSpec() == null ? List.of() : node.getSpec().getTaints();
    boolean tolerates =
        StaticPods.isStatic(pod)
            || taints.stream()
                .filter(each -> "NoExecute".equals(each.getEffect()))
                .allMatch(
                    taint ->
                        pod.getSpec().getTolerations().stream()
                            .anyMatch(each -> Tolerance.of(each, taint)));
    return tolerates
        ? Optional.empty()
        : failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  }

  private static Optional<Ending> failed(String predicate, String why) {
    return Optional.of(new Ending(predicate, "Predicate " + predicate + " failed: " + why));
  }
}
