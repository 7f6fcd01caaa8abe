// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Policies;
import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Follows all that policies speak of. While there are none, it costs nothing.
final class PolicyWatch {
  private static final Map<String, String> NAME_SERVER = Map.of("k8s-app", "kube-dns");

  private final Informer<NetworkPolicy> policies;
  private final Informer<Pod> pods;
  private final Informer<Namespace> namespaces;
  private final Map<Family, Set<String>> owners = new EnumMap<>(Family.class);

  /// @param changed is told that rules may have to be others
  PolicyWatch(Informers informers, Runnable changed) {
    this.policies = informers.of(NetworkPolicy.class);
    this.pods = informers.podOutlines();
    this.namespaces = informers.of(Namespace.class);
    policies.onChange((_, _) -> changed.run());
    pods.onChange((before, after) -> tell(!Objects.equals(seen(before), seen(after)), changed));
    namespaces.onChange(
        (before, after) -> tell(!Objects.equals(labels(before), labels(after)), changed));
  }

  private void tell(boolean differs, Runnable changed) {
    if (differs && !policies.list().isEmpty()) {
      changed.run();
    }
  }

  private static List<PolicyPod> seen(@Nullable Pod pod) {
    return pod == null || !Pods.hasOwnAddress(pod) ? List.of() : pods(pod);
  }

  private static @Nullable Map<String, String> labels(@Nullable HasMetadata object) {
    return object == null ? null : object.getMetadata().getLabels();
  }

  boolean haveSynced() {
    return policies.hasSynced() && pods.hasSynced() && namespaces.hasSynced();
  }

  /// A pod as policies see it, once for each of its addresses; it has some of its own.
  static List<PolicyPod> pods(Pod pod) {
    Stream<Container> sidecars =
        pod.getSpec().getInitContainers().stream()
            .filter(each -> "Always".equals(each.getRestartPolicy()));
    List<PolicyPod.NamedPort> ports =
        Stream.concat(pod.getSpec().getContainers().stream(), sidecars)
            .flatMap(each -> each.getPorts().stream())
            .filter(each -> each.getName() != null)
            .map(
                each ->
                    new PolicyPod.NamedPort(
                        each.getName(),
                        Objects.requireNonNullElse(each.getProtocol(), "TCP")
                            .toLowerCase(Locale.ROOT),
                        each.getContainerPort()))
            .toList();
    return Pods.addresses(pod).stream()
        .map(
            address ->
                new PolicyPod(
                    pod.getMetadata().getNamespace(),
                    pod.getMetadata().getName(),
                    Family.of(address).isAddress(address)
                        ? Family.of(address).canonical(address)
                        : address,
                    Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.of()),
                    ports,
                    0))
        .toList();
  }

  /// The cluster's name server, which policies mean by the labels of its usual pods.
  static PolicyPod nameServer(String address, int port) {
    return new PolicyPod("kube-system", "kube-dns", address, NAME_SERVER, List.of(), port);
  }

  /// The one of Havn on another machine, null when there is none.
  static @Nullable PolicyPod nameServer(Collection<EndpointSlice> slices) {
    for (EndpointSlice each : slices) {
      Map<String, String> labels =
          Objects.requireNonNullElse(each.getMetadata().getLabels(), Map.of());
      boolean ofHavn = "havn".equals(labels.get("endpointslice.kubernetes.io/managed-by"));
      if (ofHavn && !each.getEndpoints().isEmpty() && !each.getPorts().isEmpty()) {
        return nameServer(
            each.getEndpoints().getFirst().getAddresses().getFirst(),
            each.getPorts().getFirst().getPort());
      }
    }
    return null;
  }

  static Policies world(
      List<NetworkPolicy> policies, Collection<Pod> pods, List<Namespace> namespaces) {
    Map<String, Map<String, String>> labels = new HashMap<>();
    namespaces.forEach(
        each ->
            labels.put(
                each.getMetadata().getName(),
                Objects.requireNonNullElse(each.getMetadata().getLabels(), Map.of())));
    List<PolicyPod> all = new ArrayList<>();
    pods.stream().filter(Pods::hasOwnAddress).forEach(each -> all.addAll(pods(each)));
    return new Policies(policies, all, labels);
  }

  /// What is to stand in the book of a family now; nothing for who had rules and has none any more.
  ///
  /// @param nameServer null for none
  Map<String, Rules> changes(Family family, @Nullable PolicyPod nameServer) {
    Policies world = world(policies.list(), pods.list(), namespaces.list());
    if (nameServer != null) {
      world.pods().add(nameServer);
    }
    Map<String, Rules> rules = world.policies().isEmpty() ? Map.of() : world.rules(family);
    Map<String, Rules> changes = new HashMap<>(rules);
    owners.getOrDefault(family, Set.of()).forEach(each -> changes.putIfAbsent(each, Rules.NONE));
    owners.put(family, Set.copyOf(rules.keySet()));
    return changes;
  }
}
