// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A node and what its pods have taken, kept as pods come and go. Not safe for several threads: see
/// [Placements].
final class NodeState {
  private final Map<String, Long> requested = new HashMap<>();
  private final Map<String, Long> scored = new HashMap<>();
  private final List<Demand.HostPort> ports = new ArrayList<>();
  private Map<String, Long> allocatable = Map.of();
  private Node node;
  private int pods;

  NodeState(Node node) {
    this.node = node;
    update(node);
  }

  void update(Node changed) {
    node = changed;
    Map<String, Long> amounts = new HashMap<>();
    if (node.getStatus() != null && node.getStatus().getAllocatable() != null) {
      node.getStatus()
          .getAllocatable()
          .forEach((name, amount) -> amounts.put(name, Demand.units(name, amount)));
    }
    allocatable = amounts;
  }

  void add(Demand demand) {
    demand.amounts().forEach((name, amount) -> requested.merge(name, amount, Long::sum));
    demand.scored().forEach((name, amount) -> scored.merge(name, amount, Long::sum));
    ports.addAll(demand.ports());
    pods++;
  }

  void remove(Demand demand) {
    demand.amounts().forEach((name, amount) -> requested.merge(name, -amount, Long::sum));
    demand.scored().forEach((name, amount) -> scored.merge(name, -amount, Long::sum));
    demand.ports().forEach(ports::remove);
    pods--;
  }

  Node node() {
    return node;
  }

  String name() {
    return node.getMetadata().getName();
  }

  Map<String, String> labels() {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  List<Taint> taints() {
    return node.getSpec() == null ? List.of() : node.getSpec().getTaints();
  }

  boolean isCordoned() {
    return node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable());
  }

  int pods() {
    return pods;
  }

  boolean isFree(Demand.HostPort wanted) {
    return ports.stream().noneMatch(wanted::conflicts);
  }

  long allocatable(String resource) {
    return allocatable.getOrDefault(resource, 0L);
  }

  long requested(String resource) {
    return requested.getOrDefault(resource, 0L);
  }

  /// As [Demand#scored] counts.
  long scored(String resource) {
    return scored.getOrDefault(resource, 0L);
  }

  /// What would be left of a resource.
  long free(String resource) {
    return allocatable(resource) - requested(resource);
  }
}
