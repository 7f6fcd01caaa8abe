// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What one Service means for packets.
///
/// All nodes of a network namespace share one table, so what differs between nodes is told by the
/// bridge that a packet comes from. What is sent in the namespace itself comes from none, and
/// counts as sent by all nodes there.
///
/// @param rules for the kernel
/// @param datagrams where UDP flows to an address and port of the Service may go
/// @param health what the Service's health-check node port answers, if it has one
public record ServiceRules(
    Rules rules, SortedMap<Flow, SortedSet<String>> datagrams, Optional<Health> health) {
  public static final ServiceRules NONE =
      new ServiceRules(Rules.NONE, new TreeMap<>(), Optional.empty());

  /// An address and port that UDP is sent to.
  public record Flow(String address, int port) implements Comparable<Flow> {
    @Override
    public int compareTo(Flow other) {
      int byAddress = address.compareTo(other.address);
      return byAddress != 0 ? byAddress : Integer.compare(port, other.port);
    }
  }

  /// How many endpoints each node has, by its address.
  public record Health(String namespace, String name, int port, Map<String, Integer> endpoints) {}

  /// Where a connection may be led.
  public record Target(String address, int port) {
    @Override
    public String toString() {
      return Family.of(address).target(address, port);
    }
  }

  /// Where a connection to the cluster's address and a port of a Service may be led.
  ///
  /// @param sender the node of who connects; one without a name for who is on none
  public static List<Target> targets(
      Family family,
      Service service,
      Collection<EndpointSlice> slices,
      ServicePort port,
      Place sender) {
    Choice choice = new Choice(Endpoint.of(family, slices, port));
    boolean staysInside = "Local".equals(service.getSpec().getInternalTrafficPolicy());
    List<Endpoint> led =
        sender.node().isEmpty()
            ? choice.everywhere()
            : staysInside ? choice.on(sender) : choice.near(sender);
    return led.stream().map(each -> new Target(each.address(), each.port())).toList();
  }

  /// @param family of the addresses that are meant; a Service may have those of two
  /// @param pods a pattern that the bridges of all pods match, such as `hv0123abcd*`; empty where
  ///   plugins make the links of pods
  /// @param isAllotted whether the cluster gives an address to Services itself: nobody else's
  ///   packets are to be had by naming it as an external address
  public static ServiceRules of(
      Family family,
      Service service,
      Collection<EndpointSlice> slices,
      List<Place> places,
      String pods,
      Predicate<String> isAllotted) {
    if (!isServed(service) || !has(family, service)) {
      return NONE;
    }
    Rules.Builder rules = new Rules.Builder();
    SortedMap<Flow, SortedSet<String>> datagrams = new TreeMap<>();
    List<String> outer = outerAddresses(family, service, isAllotted);
    for (ServicePort port : service.getSpec().getPorts()) {
      Choice choice = new Choice(Endpoint.of(family, slices, port));
      PortName name = PortName.of(service, port);
      new PortRules(family, service, port, name, choice, places, pods, outer, rules).add();
      if (name.protocol().equals("udp")) {
        SortedSet<String> targets = new TreeSet<>();
        choice.everywhere().forEach(each -> targets.add(each.address()));
        addresses(family, service, outer)
            .forEach(each -> datagrams.put(new Flow(each, port.getPort()), targets));
        @Nullable Integer nodePort = port.getNodePort();
        if (nodePort != null && nodePort > 0) {
          places.forEach(each -> datagrams.put(new Flow(each.address(), nodePort), targets));
        }
      }
    }
    return new ServiceRules(rules.build(), datagrams, health(family, service, slices, places));
  }

  /// Whether packets to the Service are this machine's to lead anywhere.
  private static boolean isServed(Service service) {
    String address = service.getSpec().getClusterIP();
    Map<String, String> labels =
        Objects.requireNonNullElse(service.getMetadata().getLabels(), Map.of());
    return !"ExternalName".equals(service.getSpec().getType())
        && address != null
        && !address.isEmpty()
        && !address.equals("None")
        && !labels.containsKey("service.kubernetes.io/service-proxy-name");
  }

  /// Whether it has addresses of a family; one that nobody has told its families has what its
  /// address is of.
  private static boolean has(Family family, Service service) {
    List<String> families = service.getSpec().getIpFamilies();
    return families == null || families.isEmpty()
        ? Family.of(service.getSpec().getClusterIP()) == family
        : families.contains(family.toString());
  }

  /// All addresses but those of nodes.
  private static List<String> addresses(Family family, Service service, List<String> outer) {
    TreeSet<String> all = new TreeSet<>(clusterAddresses(family, service));
    all.addAll(outer);
    return List.copyOf(all);
  }

  public static List<String> clusterAddresses(Family family, Service service) {
    List<String> all = service.getSpec().getClusterIPs();
    return (all.isEmpty() ? List.of(service.getSpec().getClusterIP()) : all)
        .stream().filter(family::isAddress).map(family::canonical).toList();
  }

  public static List<String> balancerAddresses(Family family, Service service) {
    if (!"LoadBalancer".equals(service.getSpec().getType())
        || service.getStatus() == null
        || service.getStatus().getLoadBalancer() == null) {
      return List.of();
    }
    return service.getStatus().getLoadBalancer().getIngress().stream()
        .filter(each -> !"Proxy".equals(each.getIpMode()))
        .map(each -> each.getIp())
        .filter(each -> each != null && family.isAddress(each))
        .map(family::canonical)
        .toList();
  }

  private static List<String> outerAddresses(
      Family family, Service service, Predicate<String> isAllotted) {
    TreeSet<String> all = new TreeSet<>(balancerAddresses(family, service));
    service.getSpec().getExternalIPs().stream()
        .filter(each -> family.isAddress(each) && !isAllotted.test(each))
        .map(family::canonical)
        .forEach(all::add);
    return List.copyOf(all);
  }

  private static Optional<Health> health(
      Family family, Service service, Collection<EndpointSlice> slices, List<Place> places) {
    @Nullable Integer port = service.getSpec().getHealthCheckNodePort();
    if (port == null || port == 0 || service.getSpec().getPorts().isEmpty()) {
      return Optional.empty();
    }
    Choice choice =
        new Choice(Endpoint.of(family, slices, service.getSpec().getPorts().getFirst()));
    Map<String, Integer> counts = new TreeMap<>();
    for (Place place : places) {
      counts.put(
          place.address(),
          (int)
              choice.endpoints().stream()
                  .filter(each -> each.ready() && each.node().equals(place.node()))
                  .count());
    }
    return Optional.of(
        new Health(
            service.getMetadata().getNamespace(), service.getMetadata().getName(), port, counts));
  }
}
