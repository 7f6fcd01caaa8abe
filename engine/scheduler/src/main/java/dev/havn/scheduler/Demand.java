// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a pod takes of a node, computed once per pod: the sum of its containers, or the largest of
/// its init containers where that is more, and its overhead.
///
/// @param amounts by resource: `cpu` in thousandths, everything else in whole units
/// @param scored what `cpu` and `memory` count for when nodes are compared: containers that ask for
///   nothing count as 100 m and 200 MB
/// @param ports host ports that must be free
record Demand(Map<String, Long> amounts, Map<String, Long> scored, Set<HostPort> ports) {
  private static final Map<String, Long> WHEN_UNSAID =
      Map.of("cpu", 100L, "memory", 200L * 1024 * 1024);

  /// A port of the node's own address.
  ///
  /// @param address `0.0.0.0` for all of them
  record HostPort(String protocol, int number, String address) {
    static final String ANY = "0.0.0.0";

    boolean conflicts(HostPort other) {
      return number == other.number
          && protocol.equals(other.protocol)
          && (address.equals(ANY) || other.address.equals(ANY) || address.equals(other.address));
    }
  }

  static Demand of(Pod pod) {
    return new Demand(total(pod, Map.of()), total(pod, WHEN_UNSAID), ports(pod));
  }

  private static Map<String, Long> total(Pod pod, Map<String, Long> whenUnsaid) {
    Map<String, Long> total = new HashMap<>();
    for (Container container : pod.getSpec().getContainers()) {
      requests(container, whenUnsaid)
          .forEach((name, amount) -> total.merge(name, amount, Long::sum));
    }
    Map<String, Long> sidecars = new HashMap<>();
    Map<String, Long> peak = new HashMap<>();
    for (Container container : pod.getSpec().getInitContainers()) {
      Map<String, Long> requests = requests(container, whenUnsaid);
      if ("Always".equals(container.getRestartPolicy())) {
        requests.forEach((name, amount) -> total.merge(name, amount, Long::sum));
        requests.forEach((name, amount) -> sidecars.merge(name, amount, Long::sum));
        sidecars.forEach((name, amount) -> peak.merge(name, amount, Math::max));
      } else {
        requests.forEach(
            (name, amount) ->
                peak.merge(name, amount + sidecars.getOrDefault(name, 0L), Math::max));
      }
    }
    peak.forEach((name, amount) -> total.merge(name, amount, Math::max));
    if (pod.getSpec().getOverhead() != null) {
      pod.getSpec()
          .getOverhead()
          .forEach((name, amount) -> total.merge(name, units(name, amount), Long::sum));
    }
    return total;
  }

  private static Map<String, Long> requests(Container container, Map<String, Long> whenUnsaid) {
    Map<String, Long> requests = new HashMap<>(whenUnsaid);
    if (container.getResources() != null && container.getResources().getRequests() != null) {
      container
          .getResources()
          .getRequests()
          .forEach((name, amount) -> requests.put(name, units(name, amount)));
    }
    return requests;
  }

  static long units(String resource, Quantity quantity) {
    BigDecimal amount = Quantity.getAmountInBytes(quantity);
    BigDecimal scaled = resource.equals("cpu") ? amount.movePointRight(3) : amount;
    return scaled.setScale(0, RoundingMode.UP).min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue();
  }

  private static Set<HostPort> ports(Pod pod) {
    Set<HostPort> ports = new HashSet<>();
    List<Container> holders = new ArrayList<>(pod.getSpec().getContainers());
    pod.getSpec().getInitContainers().stream()
        .filter(container -> "Always".equals(container.getRestartPolicy()))
        .forEach(holders::add);
    for (Container container : holders) {
      for (ContainerPort port : container.getPorts()) {
        if (port.getHostPort() != null && port.getHostPort() > 0) {
          String address = port.getHostIP();
          ports.add(
              new HostPort(
                  port.getProtocol() == null ? "TCP" : port.getProtocol(),
                  port.getHostPort(),
                  address == null || address.isEmpty() ? HostPort.ANY : address));
        }
      }
    }
    return ports;
  }
}
