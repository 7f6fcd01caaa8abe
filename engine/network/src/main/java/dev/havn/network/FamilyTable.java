// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import dev.havn.network.service.Place;
import dev.havn.network.service.ServiceRules;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The table of one family of addresses in one network namespace: what each object of the cluster
/// means in it.
///
/// Threads: one at a time.
final class FamilyTable {
  private static final Logger LOG = LoggerFactory.getLogger(FamilyTable.class);

  private final Family family;
  private final Frame frame;
  private final Set<String> nodes;
  private final Map<String, String> addresses;
  private final Sources sources;
  private final RuleKeeper rules;
  private final Map<Mark, ServiceRules> known = new HashMap<>();
  private boolean begun;

  /// What the rules are of.
  record Sources(
      Informer<Service> services,
      Informer<Pod> pods,
      Informer<Node> nodes,
      ServiceEndpoints endpoints,
      PolicyWatch policies,
      StaleFlows flows,
      HealthDoors doors) {}

  /// @param nodes whose pods are in the namespace
  /// @param addresses of nodes by their names
  FamilyTable(
      Frame frame,
      Set<String> nodes,
      Map<String, String> addresses,
      Sources sources,
      Commands commands) {
    this.family = frame.family();
    this.frame = frame;
    this.nodes = nodes;
    this.addresses = addresses;
    this.sources = sources;
    this.rules = new RuleKeeper(frame, commands);
  }

  /// Gives the kernel the rules of those that are marked.
  ///
  /// @param all nodes of this machine
  /// @param nameServer of the cluster, null for none
  void bring(Set<Mark> now, List<Place> all, @Nullable PolicyPod nameServer) {
    List<Place> places =
        all.stream()
            .filter(each -> nodes.contains(each.node()))
            .map(
                each ->
                    new Place(
                        each.node(),
                        each.link(),
                        addresses.getOrDefault(each.node(), each.address()),
                        each.zone()))
            .toList();
    Map<String, Rules> changes = new HashMap<>();
    Map<Mark, ServiceRules> fresh = new HashMap<>();
    for (Mark each : now) {
      try {
        switch (each.kind()) {
          case POD -> changes.put(each.owner(), ofPod(each.key(), places));
          case SERVICE -> {
            ServiceRules of = ofService(each.key(), places);
            fresh.put(each, of);
            changes.put(each.owner(), of.rules());
          }
          case POLICIES, POLICED -> {
            // Together, below.
          }
        }
      } catch (RuntimeException e) {
        // All others must not wait for one that cannot be understood.
        LOG.error("the rules of {} stay as they are", each, e);
      }
    }
    try {
      changes.putAll(sources.policies().changes(family, now, nameServer));
    } catch (RuntimeException e) {
      LOG.error("the rules of policies stay as they are", e);
    }
    if (frame.plugged()) {
      changes.put("MACHINES", Overlay.machines(family, sources.nodes().list()));
    }
    if (now.isEmpty()) {
      rules.look();
    }
    rules.change(changes);
    fresh.forEach(this::follow);
    begun = true;
  }

  private Rules ofPod(Reconciler.Key key, List<Place> places) {
    @Nullable Pod pod = sources.pods().get(key.namespace(), key.name());
    if (pod == null || frame.plugged()) {
      return Rules.NONE;
    }
    String node = Objects.requireNonNullElse(pod.getSpec().getNodeName(), "");
    Optional<Place> place = places.stream().filter(each -> each.node().equals(node)).findFirst();
    return HostPortRules.of(family, pod, place.orElse(null));
  }

  private ServiceRules ofService(Reconciler.Key key, List<Place> places) {
    @Nullable Service service = sources.services().get(key.namespace(), key.name());
    return service == null
        ? ServiceRules.NONE
        : ServiceRules.of(
            family,
            service,
            sources.endpoints().of(key),
            places,
            frame.plugged() ? "" : frame.links(),
            address -> frame.isAllotted(address, addresses.values()));
  }

  /// What follows from rules that the kernel has.
  private void follow(Mark mark, ServiceRules now) {
    ServiceRules before = known.getOrDefault(mark, ServiceRules.NONE);
    if (now.equals(ServiceRules.NONE)) {
      known.remove(mark);
    } else {
      known.put(mark, now);
    }
    if (begun) {
      sources.flows().delete(StaleFlows.between(before.datagrams(), now.datagrams()));
    }
    sources.doors().set(family + " " + mark.owner(), now.health().orElse(null));
  }
}
