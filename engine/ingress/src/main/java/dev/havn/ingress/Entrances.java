// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The addresses under which doors are known. Where the cluster has a network each owner of doors
/// gets a Service of type LoadBalancer without a selector, whose one endpoint is this process: so
/// that the address comes from where all of them come from, and packets are led as all are.
final class Entrances {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String SERVICE_NAME = "kubernetes.io/service-name";
  private static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  private static final String SLICE_MANAGED_BY = "endpointslice.kubernetes.io/managed-by";

  private static final String LABELS = "labels";
  private static final String ANNOTATIONS = "annotations";

  private final Exposure exposure;
  private final Informer<Service> services;
  private final Informer<EndpointSlice> slices;
  private final Api api;

  /// Where an owner's ports are reached.
  ///
  /// @param addresses one at least, the cluster's own family first
  /// @param ports by what was asked for; the same where the addresses are the owner's own
  record Entrance(List<String> addresses, Map<Integer, Integer> ports) {}

  /// @param metadata of the Service and its endpoints, completed by the caller: labels,
  ///   annotations, owners
  record Wanted(String namespace, String name, Consumer<ObjectNode> metadata) {}

  Entrances(
      Exposure exposure, Informer<Service> services, Informer<EndpointSlice> slices, Api api) {
    this.exposure = exposure;
    this.services = services;
    this.slices = slices;
    this.api = api;
  }

  /// @param bound the ports of the process by those that are asked for
  /// @return null while there is no address yet
  @Nullable Entrance of(Wanted wanted, Map<Integer, Integer> bound) {
    return switch (exposure) {
      case Exposure.Loopback _ -> bound.isEmpty() ? null : new Entrance(List.of(LOOPBACK), bound);
      case Exposure.Balanced balanced -> balanced(wanted, bound, balanced.addresses());
    };
  }

  /// Whether somebody else has a Service of that name.
  boolean isTaken(Wanted wanted) {
    @Nullable Service service = services.get(wanted.namespace(), wanted.name());
    return service != null && !isOurs(service);
  }

  private @Nullable Entrance balanced(
      Wanted wanted, Map<Integer, Integer> bound, List<String> ofProcess) {
    @Nullable Service service = services.get(wanted.namespace(), wanted.name());
    if (bound.isEmpty()) {
      if (service != null && isOurs(service)) {
        api.delete(path(wanted), Api.object());
      }
      return null;
    }
    if (service == null) {
      api.create(
          Api.path(Service.class, wanted.namespace(), ""),
          body(wanted, bound, ofProcess).toString());
    } else if (!isOurs(service)) {
      return null;
    } else {
      update(wanted, service, bound);
    }
    for (int i = 0; i < ofProcess.size(); i++) {
      // No Service has a dot in its name.
      lead(wanted, wanted.name() + (i == 0 ? "" : ".second"), bound, ofProcess.get(i));
    }
    List<String> addresses = service == null ? List.of() : addresses(service);
    return addresses.isEmpty() ? null : new Entrance(addresses, same(bound));
  }

  private void update(Wanted wanted, Service service, Map<Integer, Integer> bound) {
    ObjectNode patch = Api.object();
    if (!samePorts(service, bound)) {
      patch.putObject("spec").set("ports", ports(bound));
    }
    ObjectNode metadata = Api.object();
    metadata.putObject(LABELS).put(MANAGED_BY, "havn");
    wanted.metadata().accept(metadata);
    ObjectNode said = metadata.retain(LABELS, ANNOTATIONS);
    if (!Api.says(api.toTree(service.getMetadata()), said)) {
      patch.set("metadata", said);
    }
    if (!patch.isEmpty()) {
      api.merge(path(wanted), patch);
    }
  }

  private static Map<Integer, Integer> same(Map<Integer, Integer> bound) {
    Map<Integer, Integer> ports = new java.util.LinkedHashMap<>();
    bound.keySet().forEach(port -> ports.put(port, port));
    return ports;
  }

  static boolean isOurs(Service service) {
    return service.getMetadata().getLabels() != null
        && "havn".equals(service.getMetadata().getLabels().get(MANAGED_BY));
  }

  private static List<String> addresses(Service service) {
    if (service.getStatus() == null || service.getStatus().getLoadBalancer() == null) {
      return List.of();
    }
    List<LoadBalancerIngress> all = service.getStatus().getLoadBalancer().getIngress();
    return all == null
        ? List.of()
        : all.stream().map(LoadBalancerIngress::getIp).filter(Objects::nonNull).toList();
  }

  private static String path(Wanted wanted) {
    return Api.path(Service.class, wanted.namespace(), wanted.name());
  }

  private static boolean samePorts(Service service, Map<Integer, Integer> bound) {
    return service.getSpec().getPorts().stream()
        .map(each -> Objects.requireNonNullElse(each.getPort(), 0))
        .sorted()
        .toList()
        .equals(bound.keySet().stream().sorted().toList());
  }

  private static ObjectNode body(
      Wanted wanted, Map<Integer, Integer> bound, List<String> ofProcess) {
    ObjectNode service = Api.object().put("kind", "Service").put("apiVersion", "v1");
    ObjectNode metadata = service.putObject("metadata").put("name", wanted.name());
    metadata.putObject(LABELS).put(MANAGED_BY, "havn");
    wanted.metadata().accept(metadata);
    ObjectNode spec = service.putObject("spec").put("type", "LoadBalancer");
    spec.put("loadBalancerClass", "havn.dev/local").put("allocateLoadBalancerNodePorts", false);
    if (ofProcess.size() > 1) {
      spec.put("ipFamilyPolicy", "PreferDualStack");
    }
    spec.set("ports", ports(bound));
    return service;
  }

  private static ArrayNode ports(Map<Integer, Integer> bound) {
    ArrayNode ports = Api.object().putArray("ports");
    bound.forEach(
        (port, process) ->
            ports
                .addObject()
                .put("name", "port-" + port)
                .put("port", port)
                .put("targetPort", process)
                .put("protocol", "TCP"));
    return ports;
  }

  private void lead(
      Wanted wanted, String name, Map<Integer, Integer> bound, String processAddress) {
    ObjectNode slice =
        Api.object().put("kind", "EndpointSlice").put("apiVersion", "discovery.k8s.io/v1");
    ObjectNode metadata = slice.putObject("metadata").put("name", name);
    metadata
        .putObject(LABELS)
        .put(SERVICE_NAME, wanted.name())
        .put(SLICE_MANAGED_BY, "ingress.havn.dev");
    wanted.metadata().accept(metadata);
    slice.put("addressType", processAddress.contains(":") ? "IPv6" : "IPv4");
    ObjectNode endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(processAddress);
    endpoint.putObject("conditions").put("ready", true);
    ArrayNode ports = slice.putArray("ports");
    bound.forEach(
        (port, process) ->
            ports
                .addObject()
                .put("name", "port-" + port)
                .put("port", process)
                .put("protocol", "TCP"));
    @Nullable EndpointSlice there = slices.get(wanted.namespace(), name);
    if (there == null) {
      api.create(Api.path(EndpointSlice.class, wanted.namespace(), ""), slice.toString());
    } else if (!leads(there, bound, processAddress)) {
      slice.remove("metadata");
      slice.remove("addressType");
      api.merge(Api.path(EndpointSlice.class, wanted.namespace(), name), slice);
    }
  }

  private static boolean leads(
      EndpointSlice slice, Map<Integer, Integer> bound, String processAddress) {
    return slice.getEndpoints().size() == 1
        && slice.getEndpoints().getFirst().getAddresses().equals(List.of(processAddress))
        && slice.getPorts().stream()
            .map(each -> Objects.requireNonNullElse(each.getPort(), 0))
            .sorted()
            .toList()
            .equals(bound.values().stream().sorted().toList());
  }
}
