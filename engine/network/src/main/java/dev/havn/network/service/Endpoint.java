// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Ipv4;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointHints;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForNode;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where a packet to one port of a Service may go.
///
/// @param node where it runs, empty when that is not known
/// @param zones whose clients are to use it; empty without hints
/// @param nodes whose clients are to use it; empty without hints
record Endpoint(
    String address,
    int port,
    String node,
    boolean ready,
    boolean serving,
    boolean terminating,
    Set<String> zones,
    Set<String> nodes) {

  private static final Comparator<Endpoint> ORDER =
      Comparator.comparing(Endpoint::address).thenComparing(Endpoint::port);

  /// `address:port`, by which it is told from others.
  String target() {
    return Family.of(address).target(address, port);
  }

  /// Of one port of a Service, those of one family, in the order of their addresses; each once.
  /// Slices are anybody's who may write them, with any number as a port: those to which no packet
  /// can or may be led are left out.
  static List<Endpoint> of(Family family, Collection<EndpointSlice> slices, ServicePort wanted) {
    TreeMap<String, Endpoint> all = new TreeMap<>();
    for (EndpointSlice slice : slices) {
      if (!family.toString().equals(slice.getAddressType())) {
        continue;
      }
      for (EndpointPort port : given(slice.getPorts())) {
        if (port.getPort() != null && Ipv4.isPort(port.getPort()) && isSame(port, wanted)) {
          for (var each : given(slice.getEndpoints())) {
            String address = each.getAddresses().getFirst();
            if (family.isTarget(address)) {
              Endpoint endpoint = of(each, family.canonical(address), port.getPort());
              all.merge(endpoint.target(), endpoint, (one, other) -> one.ready() ? one : other);
            }
          }
        }
      }
    }
    return all.values().stream().sorted(ORDER).toList();
  }

  /// Of a slice without endpoints or ports the list is not there, whatever the model says.
  private static <T> List<T> given(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static boolean isSame(EndpointPort port, ServicePort wanted) {
    return or(port.getName()).equals(or(wanted.getName()))
        && Objects.requireNonNullElse(port.getProtocol(), "TCP")
            .equals(Objects.requireNonNullElse(wanted.getProtocol(), "TCP"));
  }

  private static String or(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static Endpoint of(
      io.fabric8.kubernetes.api.model.discovery.v1.Endpoint endpoint, String address, int port) {
    @Nullable EndpointConditions conditions = endpoint.getConditions();
    boolean ready = conditions == null || !Boolean.FALSE.equals(conditions.getReady());
    boolean serving =
        conditions == null || conditions.getServing() == null ? ready : conditions.getServing();
    boolean terminating = conditions != null && Boolean.TRUE.equals(conditions.getTerminating());
    @Nullable EndpointHints hints = endpoint.getHints();
    return new Endpoint(
        address,
        port,
        or(endpoint.getNodeName()),
        ready,
        serving,
        terminating,
        hints == null
            ? Set.of()
            : hints.getForZones().stream().map(ForZone::getName).collect(Collectors.toSet()),
        hints == null
            ? Set.of()
            : hints.getForNodes().stream().map(ForNode::getName).collect(Collectors.toSet()));
  }
}
