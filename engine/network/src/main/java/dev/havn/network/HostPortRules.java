// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Ipv4;
import dev.havn.network.rules.Rules;
import dev.havn.network.service.Place;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Host ports of a pod. One without an address is reached at its node's, and at those of the
/// machine, which all nodes share: there it is the first pod's. The API takes any text for an
/// address; what is none has no rules.
final class HostPortRules {
  private static final String ANY = "0.0.0.0";
  private static final String ANY_6 = "::";

  private HostPortRules() {}

  /// @param family of the addresses that are meant
  /// @param place the pod's node, null when it is not of this machine
  static Rules of(Family family, Pod pod, @Nullable Place place) {
    Optional<String> found =
        place == null || !Pods.hasOwnAddress(pod)
            ? Optional.empty()
            : Pods.addresses(pod).stream().filter(family::isTarget).findFirst();
    if (place == null || found.isEmpty()) {
      return Rules.NONE;
    }
    String own = family.canonical(found.get());
    Rules.Builder rules = new Rules.Builder();
    ports(pod)
        .forEach(
            port -> {
              String protocol =
                  Objects.requireNonNullElse(port.getProtocol(), "TCP").toLowerCase(Locale.ROOT);
              String at = protocol + " . " + port.getHostPort();
              String target = own + " . " + port.getContainerPort();
              String address = Objects.requireNonNullElse(port.getHostIP(), "");
              if (address.isEmpty() || address.equals(family == Family.IPV4 ? ANY : ANY_6)) {
                rules.element("host-ports", place.address() + " . " + at, target);
                rules.element("machine-ports", at, target);
              } else if (family.isAddress(address)) {
                rules.element("host-ports", family.canonical(address) + " . " + at, target);
              }
            });
    Rules all = rules.build();
    if (all.equals(Rules.NONE)) {
      return Rules.NONE;
    }
    return rules.element("hairpins", own + " . " + own, "").build();
  }

  private static Stream<ContainerPort> ports(Pod pod) {
    Stream<Container> sidecars =
        pod.getSpec().getInitContainers().stream()
            .filter(each -> "Always".equals(each.getRestartPolicy()));
    return Stream.concat(pod.getSpec().getContainers().stream(), sidecars)
        .flatMap(container -> container.getPorts().stream())
        .filter(port -> port.getHostPort() != null && Ipv4.isPort(port.getHostPort()));
  }
}
