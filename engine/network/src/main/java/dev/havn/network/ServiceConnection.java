// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.addresses.AddressRange;
import dev.havn.network.policy.Policies;
import dev.havn.network.policy.Policies.Party;
import dev.havn.network.policy.Policies.Verdict;
import dev.havn.network.rules.Family;
import dev.havn.network.service.Place;
import dev.havn.network.service.ServiceRules;
import dev.havn.network.service.ServiceRules.Target;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// A connection to a Service: where it is led, and what policies say of it there. Policies see a
/// connection after it was led to an endpoint.
///
/// @param slices all that there are
/// @param address of the Service at which it comes, empty for the cluster's
/// @param protocol in small letters
record ServiceConnection(
    Service service, Collection<EndpointSlice> slices, String address, String protocol, int port) {
  private static final String SERVICE = "kubernetes.io/service-name";

  /// Of more endpoints that are treated alike not each is named.
  private static final int NAMED_MAX = 3;

  /// The Service that is meant: by its name as `service/NAME` or `NAMESPACE/service/NAME`, or by
  /// one of its addresses.
  ///
  /// @param namespace of a name without one
  static Optional<Service> find(String who, String namespace, List<Service> services) {
    if (Family.of(who).isAddress(who)) {
      String address = Family.of(who).canonical(who);
      return services.stream().filter(each -> addresses(each).contains(address)).findFirst();
    }
    String[] words = who.split("/", -1);
    int kind = words.length - 2;
    if (kind < 0 || kind > 1 || !words[kind].matches("service|services|svc")) {
      return Optional.empty();
    }
    String in = kind == 0 ? namespace : words[0];
    String name = words[kind + 1];
    return Optional.of(
        services.stream()
            .filter(
                each ->
                    each.getMetadata().getNamespace().equals(in)
                        && each.getMetadata().getName().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "there is no Service " + name + " in namespace " + in)));
  }

  private static TreeSet<String> addresses(Service service) {
    TreeSet<String> all = new TreeSet<>();
    if (isHeadless(service) || "ExternalName".equals(service.getSpec().getType())) {
      return all;
    }
    for (Family family : Family.values()) {
      all.addAll(ServiceRules.clusterAddresses(family, service));
      all.addAll(ServiceRules.balancerAddresses(family, service));
      service.getSpec().getExternalIPs().stream()
          .filter(family::isAddress)
          .map(family::canonical)
          .forEach(all::add);
    }
    return all;
  }

  private static boolean isHeadless(Service service) {
    return "None".equals(service.getSpec().getClusterIP());
  }

  /// @param sender the node of who connects; one without a name for who is on none
  /// @throws IllegalArgumentException when the Service leads nothing anywhere
  Verdict decide(Policies world, Party from, Place sender) {
    if ("ExternalName".equals(service.getSpec().getType())) {
      throw new IllegalArgumentException(
          this + " is another name of " + service.getSpec().getExternalName() + ": ask for that");
    }
    Optional<Verdict> outside = atBalancer(from);
    if (outside.isPresent()) {
      return outside.get();
    }
    Optional<ServicePort> asked =
        service.getSpec().getPorts().stream()
            .filter(each -> each.getPort() == port && protocol(each).equalsIgnoreCase(protocol))
            .findFirst();
    if (asked.isEmpty() && !isHeadless(service)) {
      return new Verdict(
          false, this + " has no port " + port + "/" + protocol + ", so it is refused");
    }
    Family family = Family.of(from.address());
    List<Target> targets =
        isHeadless(service)
            ? direct(family)
            : ServiceRules.targets(family, service, own(), asked.orElseThrow(), sender);
    return targets.isEmpty()
        ? new Verdict(
            false, this + " has no endpoint for port " + port + "/" + protocol + " that is ready")
        : decide(world, from, targets);
  }

  private static String protocol(ServicePort port) {
    return Objects.requireNonNullElse(port.getProtocol(), "TCP");
  }

  private Optional<Verdict> atBalancer(Party from) {
    Family family = Family.of(from.address());
    List<String> sources =
        service.getSpec().getLoadBalancerSourceRanges().stream()
            .map(String::strip)
            .filter(each -> Family.of(each) == family)
            .toList();
    boolean isOut =
        !sources.isEmpty()
            && ServiceRules.balancerAddresses(family, service).contains(address)
            && sources.stream()
                .noneMatch(each -> AddressRange.parse(each).contains(from.address()));
    return isOut
        ? Optional.of(
            new Verdict(false, from + " is in none of the loadBalancerSourceRanges of " + this))
        : Optional.empty();
  }

  private List<EndpointSlice> own() {
    return slices.stream()
        .filter(
            each ->
                each.getMetadata().getNamespace().equals(service.getMetadata().getNamespace())
                    && each.getMetadata().getLabels() != null
                    && service
                        .getMetadata()
                        .getName()
                        .equals(each.getMetadata().getLabels().get(SERVICE)))
        .toList();
  }

  /// Names of headless Services are those of their endpoints, at whatever port is asked for.
  private List<Target> direct(Family family) {
    TreeSet<String> all = new TreeSet<>();
    for (EndpointSlice slice : own()) {
      if (family.toString().equals(slice.getAddressType()) && slice.getEndpoints() != null) {
        slice.getEndpoints().stream()
            .filter(
                each ->
                    each.getConditions() == null
                        || !Boolean.FALSE.equals(each.getConditions().getReady()))
            .forEach(each -> all.addAll(each.getAddresses()));
      }
    }
    return all.stream()
        .filter(family::isTarget)
        .map(each -> new Target(family.canonical(each), port))
        .toList();
  }

  private Verdict decide(Policies world, Party from, List<Target> targets) {
    List<String> allowed = new ArrayList<>();
    List<String> denied = new ArrayList<>();
    for (Target each : targets) {
      Verdict verdict = world.decide(from, world.party(each.address()), protocol, each.port());
      (verdict.allowed() ? allowed : denied).add(each + ": " + verdict.reason());
    }
    String led = this + " leads port " + port + "/" + protocol + " to ";
    if (denied.isEmpty()) {
      return new Verdict(true, led + text(allowed));
    }
    return new Verdict(
        false,
        allowed.isEmpty()
            ? led + text(denied)
            : led
                + "one of %d endpoints, of which %d cannot be reached: %s"
                    .formatted(targets.size(), denied.size(), text(denied)));
  }

  private static String text(List<String> endpoints) {
    String named = endpoints.stream().limit(NAMED_MAX).collect(Collectors.joining(" | "));
    int more = endpoints.size() - NAMED_MAX;
    return more > 0 ? named + " | and " + more + " more" : named;
  }

  @Override
  public String toString() {
    return "Service "
        + service.getMetadata().getNamespace()
        + "/"
        + service.getMetadata().getName();
  }
}
