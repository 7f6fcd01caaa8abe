// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.nodes.NodeLifecycle;
import dev.havn.controllers.nodes.NodePods;
import dev.havn.controllers.nodes.PodGarbage;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;

/// What follows from nodes that fall silent, are tainted or are gone.
record NodeControllers(Wiring wiring) {
  /// As many as Kubernetes takes: thousands of nodes may come, or fall silent, at once.
  private static final int LIFECYCLE_WORKERS = 8;

  void add() {
    Informer<Node> nodes = wiring.informers().of(Node.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Api api = wiring.api("node-controller");
    Events events = new Events(api, "node-controller", "", wiring.clock());
    NodeLifecycle watching =
        new NodeLifecycle(
            nodes,
            wiring.informers().of(Lease.class),
            pods,
            api,
            events,
            wiring.clock(),
            wiring.options().nodes());
    wiring.onLead(watching::forget);
    Controller lifecycle =
        wiring.add(
            "node_lifecycle_controller",
            watching,
            LIFECYCLE_WORKERS,
            nodes,
            wiring.informers().of(Lease.class),
            pods);
    Wiring.watch(nodes, lifecycle);
    evictions(nodes);
    Controller garbage =
        wiring.add(
            "pod-garbage-collector",
            new PodGarbage(
                pods,
                nodes,
                wiring.api("pod-garbage-collector"),
                wiring.clock(),
                wiring.options().finishedPods()),
            1,
            pods,
            nodes);
    garbage.add(PodGarbage.ALL);
  }

  private void evictions(Informer<Node> nodes) {
    Informer<Pod> pods = wiring.informers().podOutlines();
    NodePods onNodes = NodePods.of(pods);
    Api api = wiring.api("node-controller");
    Events events = new Events(api, "taint-eviction-controller", "", wiring.clock());
    TaintEviction eviction = new TaintEviction(pods, nodes, api, events, wiring.clock());
    wiring.onLead(eviction::forget);
    Controller evictions = wiring.add("taint-eviction", eviction, Wiring.WORKERS, pods, nodes);
    pods.onChange(
        (_, after) -> {
          String node = after == null ? null : after.getSpec().getNodeName();
          if (after != null && node != null && TaintEviction.isTainted(nodes.get("", node))) {
            evictions.add(Informer.keyOf(after));
          }
        });
    nodes.onChange(
        (before, after) -> {
          if (TaintEviction.isTainted(before) || TaintEviction.isTainted(after)) {
            String name = (after == null ? Wiring.notNull(before) : after).getMetadata().getName();
            onNodes.on(name).forEach(pod -> evictions.add(Informer.keyOf(pod)));
          }
        });
  }
}
