// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// To whom the addresses of the cluster belong, from caches that a cluster with a network has
/// anyway.
final class ClusterAddresses {
  private static final String BY_ADDRESS = "ingress-address";

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Informer<Service> services;
  private final Index<Pod> podsAt;
  private final Index<Node> nodesAt;
  private final Index<Service> servicesAt;

  ClusterAddresses(Informers informers) {
    this.pods = informers.of(Pod.class);
    this.nodes = informers.of(Node.class);
    this.services = informers.of(Service.class);
    this.podsAt = pods.index(BY_ADDRESS, Reach::addresses);
    this.nodesAt = nodes.index(BY_ADDRESS, ClusterAddresses::of);
    this.servicesAt = services.index(BY_ADDRESS, ClusterAddresses::of);
  }

  private static List<String> of(Node node) {
    return node.getStatus() == null || node.getStatus().getAddresses() == null
        ? List.of()
        : node.getStatus().getAddresses().stream()
            .map(NodeAddress::getAddress)
            .map(Reach::normal)
            .toList();
  }

  private static List<String> of(Service service) {
    List<String> all = Objects.requireNonNullElse(service.getSpec().getClusterIPs(), List.of());
    return all.stream().map(Reach::normal).toList();
  }

  boolean hasSynced() {
    return pods.hasSynced() && nodes.hasSynced() && services.hasSynced();
  }

  void whenSynced(Runnable task) {
    pods.whenSynced(task);
    nodes.whenSynced(task);
    services.whenSynced(task);
  }

  /// Of pods in the machine's network only: that an address is a machine's is known before they are
  /// there, so what leads to them has to be looked at again.
  void onChange(Runnable task) {
    pods.onChange(
        (before, after) -> {
          if (usesMachine(before) || usesMachine(after)) {
            task.run();
          }
        });
  }

  private static boolean usesMachine(@Nullable Pod pod) {
    return pod != null && Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
  }

  Reach reach() {
    Set<String> machine = Reach.ofThisMachine();
    return new Reach(
        podsAt::list,
        address ->
            machine.contains(address)
                || !nodesAt.list(address).isEmpty()
                || !servicesAt.list(address).isEmpty());
  }
}
