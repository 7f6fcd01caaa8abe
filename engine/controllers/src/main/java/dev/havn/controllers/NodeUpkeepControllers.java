// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.addresses.Ranges;
import dev.havn.controllers.nodes.ImageArchitectures;
import dev.havn.controllers.nodes.NodeArrivals;
import dev.havn.controllers.nodes.NodeRanges;
import dev.havn.controllers.nodes.NodeTtl;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import org.jspecify.annotations.Nullable;

/// What nodes are told and given when they come.
///
/// @param pods the addresses of all pods
record NodeUpkeepControllers(Wiring wiring, Ranges pods) {
  void add() {
    Informer<Node> nodes = wiring.informers().of(Node.class);
    NodeTtl answer = new NodeTtl(nodes, wiring.api("ttl-controller"));
    Controller ttl = wiring.add("ttl", answer, Wiring.WORKERS, nodes);
    nodes.onChange(
        (before, after) -> {
          if (after != null) {
            ttl.add(Informer.keyOf(after));
          }
          if ((before == null || after == null) && answer.changes()) {
            nodes.list().forEach(each -> ttl.add(Informer.keyOf(each)));
          }
        });
    Api api = wiring.api("node-controller");
    Events events = new Events(api, "node-controller", "", wiring.clock());
    Wiring.watch(nodes, wiring.add("node-arrivals", new NodeArrivals(nodes, events), 1, nodes));
    Events ranges = new Events(api, "cidrAllocator", "", wiring.clock());
    NodeRanges given = new NodeRanges(nodes, api, ranges, pods);
    Controller ipam = wiring.add("node-ipam", given, 1, nodes);
    Wiring.watch(nodes, ipam);
    nodes.onChange(
        (before, after) -> {
          @Nullable Node now = after == null ? before : after;
          boolean hasNow =
              before != null && !NodeRanges.has(before) && after != null && NodeRanges.has(after);
          if (now != null && (after == null || hasNow)) {
            given.served(now.getMetadata().getName()).ifPresent(ipam::add);
          }
        });
    architectures(nodes, events);
  }

  private void architectures(Informer<Node> nodes, Events events) {
    Informer<Pod> pods = wiring.informers().podOutlines();
    ImageArchitectures warning = new ImageArchitectures(pods, nodes, events);
    Controller controller = wiring.add("image-architectures", warning, 1, pods, nodes);
    pods.onChange(
        (before, after) -> {
          if (warning.concerns(before, after)) {
            controller.add(Informer.keyOf(after == null ? Wiring.notNull(before) : after));
          }
        });
  }
}
