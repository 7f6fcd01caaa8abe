// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;

/// A port of the node's own address.
///
/// @param address `0.0.0.0` for all of them
public record HostPort(String protocol, int number, String address) {
  private static final String ANY = "0.0.0.0";

  public boolean conflicts(HostPort other) {
    return number == other.number
        && protocol.equals(other.protocol)
        && (address.equals(ANY) || other.address.equals(ANY) || address.equals(other.address));
  }

  /// What the containers of a pod hold while it runs, its sidecars' too.
  static List<HostPort> of(Pod pod) {
    List<HostPort> ports = new ArrayList<>(0);
    pod.getSpec().getContainers().forEach(container -> add(container, ports));
    for (Container container : pod.getSpec().getInitContainers()) {
      if ("Always".equals(container.getRestartPolicy())) {
        add(container, ports);
      }
    }
    return ports.isEmpty() ? List.of() : ports;
  }

  private static void add(Container container, List<HostPort> ports) {
    for (ContainerPort port : container.getPorts()) {
      if (port.getHostPort() != null && port.getHostPort() > 0) {
        String address = port.getHostIP();
        HostPort held =
            new HostPort(
                port.getProtocol() == null ? "TCP" : port.getProtocol(),
                port.getHostPort(),
                address == null || address.isEmpty() ? ANY : address);
        if (!ports.contains(held)) {
          ports.add(held);
        }
      }
    }
  }
}
