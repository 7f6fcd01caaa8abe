// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.net.InetAddress;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Keeps the Endpoints object of each Service with a selector, for those who do not read slices.
public final class EndpointsReconciler implements Reconciler {
  private static final String MANAGED_BY = "endpoints.kubernetes.io/managed-by";
  private static final String CAPACITY = "endpoints.kubernetes.io/over-capacity";

  /// Addresses that Kubernetes puts into one object.
  public static final int ADDRESSES_MAX = 1_000;

  private final Informer<Service> services;
  private final Informer<Pod> pods;
  private final Informer<Endpoints> endpoints;
  private final Api api;
  private final Events events;
  private final int addressesMax;
  private final Triggers triggers = new Triggers();

  /// Whose Service has gone since they were looked at.
  private final Set<Key> left = ConcurrentHashMap.newKeySet();

  /// @param addressesMax of one object, usually [#ADDRESSES_MAX]
  public EndpointsReconciler(
      Informer<Service> services,
      Informer<Pod> pods,
      Informer<Endpoints> endpoints,
      Api api,
      Events events,
      int addressesMax) {
    this.services = services;
    this.pods = pods;
    this.endpoints = endpoints;
    this.api = api;
    this.events = events;
    this.addressesMax = addressesMax;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Service service = services.get(key.namespace(), key.name());
    @Nullable Endpoints before = endpoints.get(key.namespace(), key.name());
    if (service == null) {
      triggers.forget(key);
      if (before != null && (isOurs(before) || left.contains(key))) {
        api.delete(Api.path(Endpoints.class, key.namespace(), key.name()), Api.object());
      }
      left.remove(key);
      return Result.DONE;
    }
    left.remove(key);
    if (Backends.isKept(service)) {
      write(key, service, Backends.of(service, pods.list(key.namespace())), before);
    }
    return Result.DONE;
  }

  /// A Service is gone: its Endpoints go with it, whoever wrote them.
  public void serviceIsGone(Key key) {
    left.add(key);
  }

  /// What somebody has written by hand for no Service stays.
  private static boolean isOurs(Endpoints endpoints) {
    Map<String, String> labels = endpoints.getMetadata().getLabels();
    return labels != null && labels.containsKey(MANAGED_BY);
  }

  private void write(Key key, Service service, List<Pod> chosen, @Nullable Endpoints before) {
    FittingSubsets fitting = FittingSubsets.of(subsets(service, chosen), addressesMax);
    ArrayNode subsets = fitting.subsets();
    Optional<Instant> triggered = triggers.since(key, service, chosen);
    ObjectNode labels = Backends.labels(service, MANAGED_BY, "endpoint-controller");
    boolean over = fitting.isTruncated();
    ObjectNode object =
        before == null
            ? Api.object().put("kind", "Endpoints").put("apiVersion", "v1")
            : (ObjectNode) api.toTree(before);
    ObjectNode metadata = object.withObjectProperty("metadata");
    boolean same =
        before != null
            && labels.equals(metadata.path("labels"))
            && over == metadata.path("annotations").has(CAPACITY)
            && (subsets.equals(object.path("subsets"))
                || (subsets.isEmpty() && object.path("subsets").isEmpty()));
    if (same) {
      return;
    }
    metadata.put("name", key.name()).set("labels", labels);
    ObjectNode annotations = metadata.withObjectProperty("annotations");
    Triggers.say(metadata, triggered);
    annotations.remove(CAPACITY);
    if (over) {
      annotations.put(CAPACITY, "truncated");
    }
    object.set("subsets", subsets);
    save(key, before, object);
  }

  private void save(Key key, @Nullable Endpoints before, ObjectNode object) {
    String path = Api.path(Endpoints.class, key.namespace(), "");
    try {
      if (before == null) {
        api.create(path, object.toString());
      } else {
        api.update(path + "/" + key.name(), object);
      }
    } catch (Api.RefusedException e) {
      if (!e.isOfEndingNamespace()) {
        tell(key, before, e);
      }
      throw e;
    }
  }

  private void tell(Key key, @Nullable Endpoints before, Api.RefusedException refusal) {
    if (before != null) {
      events.warning(
          before,
          "FailedToUpdateEndpoint",
          "Failed to update endpoint %s: %s".formatted(key, refusal.getMessage()));
      return;
    }
    Endpoints planned =
        new EndpointsBuilder()
            .withNewMetadata()
            .withNamespace(key.namespace())
            .withName(key.name())
            .endMetadata()
            .build();
    events.warning(
        planned,
        "FailedToCreateEndpoint",
        "Failed to create endpoint for service %s: %s".formatted(key, refusal.getMessage()));
  }

  /// Who is Ready at a port and who is not.
  private record Addresses(ArrayNode ready, ArrayNode notReady) {
    Addresses() {
      this(Api.object().arrayNode(), Api.object().arrayNode());
    }
  }

  /// Ports with the same addresses share a subset.
  private static ArrayNode subsets(Service service, List<Pod> chosen) {
    Map<String, ObjectNode> portByText = new TreeMap<>();
    Map<String, Addresses> byPort = new TreeMap<>();
    String family = Backends.families(service).getFirst();
    for (Pod pod : chosen) {
      Optional<String> ip = Backends.address(pod, family).filter(each -> !isLoopback(each));
      if (ip.isEmpty()) {
        continue;
      }
      boolean ready = PodState.isReady(pod) && !PodState.isTerminating(pod);
      if (PodState.isTerminating(pod) && !Backends.publishesAll(service)) {
        continue;
      }
      List<ObjectNode> ports =
          Backends.ports(service, pod).stream().map(EndpointsReconciler::port).toList();
      boolean portless = service.getSpec().getPorts().isEmpty();
      for (ObjectNode port : portless ? List.of(Api.object()) : ports) {
        portByText.put(port.toString(), port);
        Addresses addresses = byPort.computeIfAbsent(port.toString(), _ -> new Addresses());
        (ready || Backends.publishesAll(service) ? addresses.ready() : addresses.notReady())
            .add(address(service, pod, ip.get()));
      }
    }
    Map<Addresses, ArrayNode> portsOf = new LinkedHashMap<>();
    byPort.forEach(
        (text, addresses) -> {
          ArrayNode ports = portsOf.computeIfAbsent(addresses, _ -> Api.object().arrayNode());
          JsonNode port = portByText.get(text);
          if (port != null && !port.isEmpty()) {
            ports.add(port);
          }
        });
    ArrayNode subsets = Api.object().arrayNode();
    portsOf.forEach(
        (addresses, ports) -> {
          ObjectNode subset = subsets.addObject();
          putUnlessEmpty(subset, "addresses", addresses.ready());
          putUnlessEmpty(subset, "notReadyAddresses", addresses.notReady());
          putUnlessEmpty(subset, "ports", ports);
        });
    return subsets;
  }

  /// A pod that is a process of the machine has such an address, which Endpoints may not hold.
  private static boolean isLoopback(String ip) {
    return InetAddress.ofLiteral(ip).isLoopbackAddress();
  }

  private static void putUnlessEmpty(ObjectNode subset, String field, ArrayNode values) {
    if (!values.isEmpty()) {
      subset.set(field, values);
    }
  }

  private static ObjectNode port(Backends.Port port) {
    ObjectNode shown = Api.object();
    if (!port.name().isEmpty()) {
      shown.put("name", port.name());
    }
    shown.put("port", port.number()).put("protocol", port.protocol());
    if (port.appProtocol() != null) {
      shown.put("appProtocol", port.appProtocol());
    }
    return shown;
  }

  private static ObjectNode address(Service service, Pod pod, String ip) {
    ObjectNode address = Api.object().put("ip", ip);
    Backends.hostname(service, pod).ifPresent(name -> address.put("hostname", name));
    if (pod.getSpec().getNodeName() != null) {
      address.put("nodeName", pod.getSpec().getNodeName());
    }
    address.set("targetRef", Backends.reference(pod));
    return address;
  }
}
