// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The change from the slices that are there to those that should be: endpoints stay in the slice
/// where they stand, new ones fill slices with room, and a slice is left behind even when there is
/// nothing to publish (KEP-752).
///
/// @param family of all addresses in these slices
/// @param create contents of new slices
/// @param update new contents by the name of their slice
/// @param delete names
/// @param hints of the mode `Auto`, null where another counts
record SlicePlan(
    String family,
    List<ObjectNode> create,
    Map<String, ObjectNode> update,
    List<String> delete,
    @Nullable ZoneHints hints) {
  static final int ENDPOINTS_MAX = 100;

  /// A slice that is there, as JSON.
  record Slice(String name, JsonNode content) {
    JsonNode ports() {
      return content.path("ports");
    }
  }

  /// @param family `IPv4` or `IPv6`; pods without an address of it are left out
  /// @param present slices of this family
  /// @param zoneOf the zone of a node, or null
  /// @param shares of zones, which few Services ask for
  static SlicePlan of(
      String family,
      Service service,
      List<Pod> pods,
      List<Slice> present,
      Function<String, @Nullable String> zoneOf,
      Supplier<ZoneShares> shares) {
    List<Slice> left = new ArrayList<>(present);
    Map<JsonNode, Map<String, ObjectNode>> wanted = wanted(family, service, pods, zoneOf);
    @Nullable ZoneHints hints = null;
    if (ZoneModes.isAuto(service)) {
      List<ObjectNode> all = new ArrayList<>();
      wanted.values().forEach(each -> all.addAll(each.values()));
      hints = ZoneHints.give(all, shares.get());
    }
    SlicePlan plan =
        new SlicePlan(family, new ArrayList<>(), new LinkedHashMap<>(), new ArrayList<>(), hints);
    wanted.forEach(
        (ports, endpoints) -> {
          List<Slice> same = left.stream().filter(each -> samePorts(each.ports(), ports)).toList();
          left.removeAll(same);
          plan.distribute(ports, endpoints, same);
        });
    boolean publishes = !wanted.isEmpty();
    for (Slice slice : left) {
      if (publishes) {
        plan.delete.add(slice.name());
      } else if (slice.content().path("endpoints").isEmpty()) {
        publishes = true;
      } else {
        plan.update.put(slice.name(), plan.content(Api.object().arrayNode(), List.of()));
        publishes = true;
      }
    }
    if (!publishes) {
      plan.create.add(plan.content(Api.object().arrayNode(), List.of()));
    }
    plan.reuse();
    return plan;
  }

  /// Who follows a slice sees its ports change at once, and not one go before another comes.
  private void reuse() {
    while (!create.isEmpty() && !delete.isEmpty()) {
      update.put(delete.removeFirst(), create.removeLast());
    }
  }

  /// Endpoints by the uid of their pod, by the ports they are reached at.
  private static Map<JsonNode, Map<String, ObjectNode>> wanted(
      String family, Service service, List<Pod> pods, Function<String, @Nullable String> zoneOf) {
    Map<JsonNode, Map<String, ObjectNode>> wanted = new LinkedHashMap<>();
    for (Pod pod : pods) {
      Backends.address(pod, family)
          .ifPresent(
              address ->
                  wanted
                      .computeIfAbsent(ports(service, pod), _ -> new LinkedHashMap<>())
                      .put(pod.getMetadata().getUid(), endpoint(service, pod, address, zoneOf)));
    }
    return wanted;
  }

  private static ArrayNode ports(Service service, Pod pod) {
    ArrayNode ports = Api.object().arrayNode();
    for (Backends.Port port : Backends.ports(service, pod)) {
      ObjectNode shown = ports.addObject();
      shown.put("name", port.name()).put("protocol", port.protocol()).put("port", port.number());
      if (port.appProtocol() != null) {
        shown.put("appProtocol", port.appProtocol());
      }
    }
    return ports;
  }

  private static ObjectNode endpoint(
      Service service, Pod pod, String address, Function<String, @Nullable String> zoneOf) {
    ObjectNode endpoint = Api.object();
    endpoint.putArray("addresses").add(address);
    boolean serving = PodState.isReady(pod);
    boolean terminating = PodState.isTerminating(pod);
    endpoint
        .putObject("conditions")
        .put("ready", Backends.publishesAll(service) || (serving && !terminating))
        .put("serving", serving)
        .put("terminating", terminating);
    Backends.hostname(service, pod).ifPresent(name -> endpoint.put("hostname", name));
    endpoint.set("targetRef", Backends.reference(pod));
    String node = pod.getSpec().getNodeName();
    if (node != null) {
      endpoint.put("nodeName", node);
      @Nullable String zone = zoneOf.apply(node);
      if (zone != null) {
        endpoint.put("zone", zone);
      }
    }
    if (endpoint.path("conditions").path("ready").asBoolean() && !ZoneModes.isAuto(service)) {
      hint(service.getSpec().getTrafficDistribution(), endpoint);
    }
    return endpoint;
  }

  /// For whom an endpoint is meant, when the Service wants its traffic to stay near (KEP-4444,
  /// KEP-3015): those of its zone, and where that is asked for, of its node before all others.
  private static void hint(@Nullable String distribution, ObjectNode endpoint) {
    if (distribution == null || distribution.isEmpty()) {
      return;
    }
    if (endpoint.has("zone")) {
      endpoint
          .withObjectProperty("hints")
          .withArrayProperty("forZones")
          .addObject()
          .set("name", endpoint.get("zone"));
    }
    if (distribution.equals("PreferSameNode") && endpoint.has("nodeName")) {
      endpoint
          .withObjectProperty("hints")
          .withArrayProperty("forNodes")
          .addObject()
          .set("name", endpoint.get("nodeName"));
    }
  }

  private static boolean samePorts(JsonNode one, JsonNode other) {
    return one.equals(other) || (one.isEmpty() && other.isEmpty());
  }

  private void distribute(JsonNode ports, Map<String, ObjectNode> endpoints, List<Slice> slices) {
    Map<String, ObjectNode> unplaced = new LinkedHashMap<>(endpoints);
    Map<Slice, List<ObjectNode>> kept = new LinkedHashMap<>();
    for (Slice slice : slices) {
      List<ObjectNode> here = new ArrayList<>();
      for (JsonNode endpoint : slice.content().path("endpoints")) {
        @Nullable ObjectNode now = unplaced.remove(endpoint.path("targetRef").path("uid").asText());
        if (now != null) {
          here.add(now);
        }
      }
      kept.put(slice, here);
    }
    Deque<ObjectNode> fresh = new ArrayDeque<>(unplaced.values());
    kept.forEach(
        (slice, here) -> {
          while (here.size() < ENDPOINTS_MAX && !fresh.isEmpty()) {
            here.add(fresh.removeFirst());
          }
          if (here.isEmpty()) {
            delete.add(slice.name());
          } else {
            ObjectNode content = content(ports, here);
            if (!content.path("endpoints").equals(slice.content().path("endpoints"))) {
              update.put(slice.name(), content);
            }
          }
        });
    while (!fresh.isEmpty()) {
      List<ObjectNode> here = new ArrayList<>();
      while (here.size() < ENDPOINTS_MAX && !fresh.isEmpty()) {
        here.add(fresh.removeFirst());
      }
      create.add(content(ports, here));
    }
  }

  private ObjectNode content(JsonNode ports, List<ObjectNode> endpoints) {
    ObjectNode content = Api.object().put("addressType", family);
    content.putArray("endpoints").addAll(endpoints);
    content.set("ports", ports);
    return content;
  }
}
