// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// Whether a node may have a certificate of the cluster's authority for the addresses it asks for.
/// It says itself which are its own, so that they are is not enough: with one for an address of the
/// API server or of a Service it could take the place of these.
final class ServingAddresses {
  /// The address of the machine that a node is on, where the node has another.
  private static final String HOST = "havn.dev/host";

  private static final String NODE = "system:node:";

  private ServingAddresses() {}

  /// Names are nobody's own: a node may be called `kubernetes` or `localhost`.
  static boolean areOwn(CertificateSigner.Asked asked, List<Node> nodes, List<Service> services) {
    String name = asked.commonName().substring(NODE.length());
    if (!asked.dnsNames().isEmpty() || asked.addresses().isEmpty()) {
      return false;
    }
    // However they are spelt: an address of IPv6 has several forms.
    Set<InetAddress> own = new HashSet<>();
    Set<InetAddress> others = new HashSet<>();
    for (Node each : nodes) {
      Set<InetAddress> of = each.getMetadata().getName().equals(name) ? own : others;
      if (each.getStatus() != null) {
        each.getStatus().getAddresses().stream()
            .filter(address -> address.getType().equals("InternalIP"))
            .forEach(address -> read(address.getAddress()).ifPresent(of::add));
      }
      Map<String, String> annotations =
          Objects.requireNonNullElse(each.getMetadata().getAnnotations(), Map.of());
      if (of == others) {
        read(annotations.getOrDefault(HOST, "")).ifPresent(others::add);
      }
    }
    services.forEach(
        service ->
            service.getSpec().getClusterIPs().forEach(each -> read(each).ifPresent(others::add)));
    return asked.addresses().stream()
        .map(InetAddress::ofLiteral)
        .allMatch(each -> own.contains(each) && !others.contains(each) && !isNear(each));
  }

  /// Empty for what is no address: a node may say anything.
  private static Optional<InetAddress> read(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException none) {
      return Optional.empty();
    }
  }

  private static boolean isNear(InetAddress address) {
    return address.isAnyLocalAddress()
        || address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isMulticastAddress();
  }
}
