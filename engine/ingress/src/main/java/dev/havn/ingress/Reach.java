// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import io.fabric8.kubernetes.api.model.Pod;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Where the Services of a namespace may lead: to its own pods wherever they are, else to no pod,
/// no machine and no Service of the cluster.
///
/// @param podsAt an address
/// @param isClusters whether an address belongs to the cluster in another way
record Reach(Function<String, List<Pod>> podsAt, Predicate<String> isClusters) {
  private static final Set<String> OVER = Set.of("Succeeded", "Failed");

  boolean allows(String namespace, String written) {
    if (!isTarget(written)) {
      return false;
    }
    String address = normal(written);
    List<Pod> pods =
        podsAt.apply(address).stream()
            .filter(each -> !OVER.contains(String.valueOf(each.getStatus().getPhase())))
            .toList();
    return pods.isEmpty()
        ? !isClusters.test(address)
        : pods.stream().anyMatch(each -> namespace.equals(each.getMetadata().getNamespace()));
  }

  private static boolean isTarget(String address) {
    try {
      InetAddress literal = InetAddress.ofLiteral(address);
      return !literal.isAnyLocalAddress()
          && !literal.isLoopbackAddress()
          && !literal.isLinkLocalAddress()
          && !literal.isMulticastAddress();
    } catch (IllegalArgumentException noAddress) {
      return false;
    }
  }

  /// Of this machine, as they are now.
  static Set<String> ofThisMachine() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .map(each -> normal(each.getHostAddress().replaceFirst("%.*", "")))
          .collect(Collectors.toSet());
    } catch (SocketException e) {
      throw new IllegalStateException("the machine's addresses cannot be read", e);
    }
  }

  static List<String> addresses(Pod pod) {
    return pod.getStatus() == null || pod.getStatus().getPodIPs() == null
        ? List.of()
        : pod.getStatus().getPodIPs().stream().map(each -> normal(each.getIp())).toList();
  }

  /// One text for each address: those of IPv6 can be written in many ways.
  static String normal(String address) {
    try {
      return address.indexOf(':') < 0 ? address : InetAddress.ofLiteral(address).getHostAddress();
    } catch (IllegalArgumentException noAddress) {
      return address;
    }
  }
}
