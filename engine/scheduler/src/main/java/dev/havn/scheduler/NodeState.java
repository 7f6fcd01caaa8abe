// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// A node and what its pods have taken.
final class NodeState {
  private final Node node;
  private final Map<String, BigDecimal> allocatable = new HashMap<>();
  private final Map<String, BigDecimal> requested = new HashMap<>();
  private final Set<String> hostPorts = new HashSet<>();
  private int pods;

  NodeState(Node node) {
    this.node = node;
    if (node.getStatus() != null && node.getStatus().getAllocatable() != null) {
      node.getStatus()
          .getAllocatable()
          .forEach((name, amount) -> allocatable.put(name, Quantity.getAmountInBytes(amount)));
    }
  }

  void add(Pod pod) {
    Requests.of(pod).forEach((name, amount) -> requested.merge(name, amount, BigDecimal::add));
    hostPorts.addAll(ports(pod));
    pods++;
  }

  static Set<String> ports(Pod pod) {
    Set<String> ports = new HashSet<>();
    pod.getSpec().getContainers().stream()
        .flatMap(container -> container.getPorts().stream())
        .filter(port -> port.getHostPort() != null && port.getHostPort() > 0)
        .forEach(port -> ports.add(portKey(port)));
    return ports;
  }

  private static String portKey(ContainerPort port) {
    String address = port.getHostIP() == null ? "0.0.0.0" : port.getHostIP();
    return port.getProtocol() + "/" + port.getHostPort() + "/" + address;
  }

  Node node() {
    return node;
  }

  String name() {
    return node.getMetadata().getName();
  }

  int pods() {
    return pods;
  }

  Set<String> hostPorts() {
    return hostPorts;
  }

  BigDecimal allocatable(String resource) {
    return allocatable.getOrDefault(resource, BigDecimal.ZERO);
  }

  BigDecimal requested(String resource) {
    return requested.getOrDefault(resource, BigDecimal.ZERO);
  }

  /// What would be left of a resource.
  BigDecimal free(String resource) {
    return allocatable(resource).subtract(requested(resource));
  }
}
