// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Policies;
import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Follows all that policies speak of. While there are none, it costs nothing. When pods change, of
/// the policies' rules only those are looked at that may be about them.
final class PolicyWatch {
  private static final Map<String, String> NAME_SERVER = Map.of("k8s-app", "kube-dns");

  private final Informer<NetworkPolicy> policies;
  private final Informer<Pod> pods;
  private final Informer<Namespace> namespaces;
  private final Map<Family, Known> known = new EnumMap<>(Family.class);

  /// Families of which not all is known since something failed.
  private final Set<Family> doubtful = EnumSet.noneOf(Family.class);

  /// What stands in the book of a family.
  ///
  /// @param pods as the rules that are there saw them
  /// @param owners of rules
  private record Known(Map<Reconciler.Key, List<PolicyPod>> pods, Set<String> owners) {}

  /// @param changed is told what rules may have to be others
  PolicyWatch(Informers informers, Consumer<Mark> changed) {
    this.policies = informers.of(NetworkPolicy.class);
    this.pods = informers.podOutlines();
    this.namespaces = informers.of(Namespace.class);
    Mark all = new Mark(Mark.Kind.POLICIES, Network.ALL);
    policies.onChange((_, _) -> changed.accept(all));
    pods.onChange(
        (before, after) -> {
          @Nullable Pod pod = after == null ? before : after;
          if (pod != null && areThere() && !seen(before).equals(seen(after))) {
            changed.accept(new Mark(Mark.Kind.POLICED, Informer.keyOf(pod)));
          }
        });
    namespaces.onChange(
        (before, after) -> {
          if (areThere() && !Objects.equals(labels(before), labels(after))) {
            changed.accept(all);
          }
        });
  }

  private boolean areThere() {
    return policies.count() > 0;
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
    List<PolicyPod> all = new ArrayList<>();
    pods.forEach(each -> all.addAll(seen(each)));
    return new Policies(policies, all, labels(namespaces));
  }

  private static Map<String, Map<String, String>> labels(List<Namespace> namespaces) {
    Map<String, Map<String, String>> labels = new HashMap<>();
    namespaces.forEach(
        each ->
            labels.put(
                each.getMetadata().getName(),
                Objects.requireNonNullElse(each.getMetadata().getLabels(), Map.of())));
    return labels;
  }

  /// What is to be changed in the book of a family; nothing for who had rules and has none any
  /// more.
  ///
  /// @param nameServer null for none
  Map<String, Rules> changes(Family family, Set<Mark> marks, @Nullable PolicyPod nameServer) {
    Set<Reconciler.Key> some =
        marks.stream()
            .filter(each -> each.kind() == Mark.Kind.POLICED)
            .map(Mark::key)
            .collect(Collectors.toSet());
    boolean isWhole = marks.stream().anyMatch(each -> each.kind() == Mark.Kind.POLICIES);
    if (!isWhole && some.isEmpty()) {
      return Map.of();
    }
    @Nullable Known last = known.get(family);
    boolean isKnown = doubtful.add(family);
    Map<String, Rules> changes =
        isWhole || !isKnown || last == null
            ? all(family, nameServer)
            : some(family, some, last, nameServer);
    doubtful.remove(family);
    return changes;
  }

  private Map<String, Rules> all(Family family, @Nullable PolicyPod nameServer) {
    List<NetworkPolicy> now = policies.list();
    Map<Reconciler.Key, List<PolicyPod>> seen = new HashMap<>();
    if (!now.isEmpty()) {
      pods.list().forEach(each -> seen.put(Informer.keyOf(each), seen(each)));
    }
    Map<String, Rules> rules =
        now.isEmpty() ? Map.of() : world(now, seen, nameServer).rules(family);
    Map<String, Rules> changes = new HashMap<>(rules);
    @Nullable Known last = known.put(family, new Known(seen, new HashSet<>(rules.keySet())));
    if (last != null) {
      last.owners().forEach(each -> changes.putIfAbsent(each, Rules.NONE));
    }
    return changes;
  }

  private Map<String, Rules> some(
      Family family, Set<Reconciler.Key> changed, Known last, @Nullable PolicyPod nameServer) {
    List<NetworkPolicy> now = policies.list();
    if (now.isEmpty()) {
      return Map.of();
    }
    Set<PolicyPod> concerned = new HashSet<>();
    for (Reconciler.Key each : changed) {
      List<PolicyPod> after = seen(pods.get(each.namespace(), each.name()));
      concerned.addAll(after);
      @Nullable List<PolicyPod> before =
          after.isEmpty() ? last.pods().remove(each) : last.pods().put(each, after);
      concerned.addAll(before == null ? List.of() : before);
    }
    Map<String, Rules> changes = world(now, last.pods(), nameServer).rules(family, concerned);
    changes.forEach(
        (owner, rules) -> {
          boolean unused =
              rules.equals(Rules.NONE) ? last.owners().remove(owner) : last.owners().add(owner);
        });
    return changes;
  }

  private Policies world(
      List<NetworkPolicy> now,
      Map<Reconciler.Key, List<PolicyPod>> seen,
      @Nullable PolicyPod nameServer) {
    List<PolicyPod> all = new ArrayList<>();
    seen.values().forEach(all::addAll);
    if (nameServer != null) {
      all.add(nameServer);
    }
    return new Policies(now, all, labels(namespaces.list()));
  }
}
