// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Of Services that name no pods, and of their addresses.
final class NetworkScenarios {
  private static final String SERVICES = "/api/v1/namespaces/NS/services";
  private static final String ENDPOINTS = "/api/v1/namespaces/NS/endpoints";
  private static final String SLICES = "/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices";
  private static final String RANGES = "/apis/networking.k8s.io/v1/servicecidrs";
  private static final String ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses";
  private static final int RANGES_MAX = 250;
  private static final int NODE_PORTS_MAX = 2_700;

  private NetworkScenarios() {}

  private static String service(String name, String more) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %s, namespace: NS}
    spec: {ports: [{port: 80}]%s}
    ---
    """
        .formatted(name, more);
  }

  private static String endpoints(String name, String subset) {
    return """
    apiVersion: v1
    kind: Endpoints
    metadata: {name: %s, namespace: NS}
    subsets: [{%s, ports: [{port: 8080}]}]
    ---
    """
        .formatted(name, subset);
  }

  /// What each Service leads to, one line for each address of each slice.
  private static Map<String, List<String>> slices(Place place) {
    Map<String, List<String>> slices = new TreeMap<>();
    for (JsonNode slice : place.list(SLICES)) {
      JsonNode labels = slice.path("metadata").path("labels");
      List<String> lines =
          slices.computeIfAbsent(
              labels.path("kubernetes.io/service-name").asText()
                  + " by "
                  + labels.path("endpointslice.kubernetes.io/managed-by").asText(),
              _ -> new ArrayList<>());
      for (JsonNode each : slice.path("endpoints")) {
        lines.add(
            each.path("addresses").path(0).asText()
                + ":"
                + slice.path("ports").path(0).path("port").asText()
                + (each.path("conditions").path("ready").asBoolean() ? "" : " not ready"));
      }
      lines.sort(null);
    }
    return slices;
  }

  static Scenario mirrors() {
    return Scenario.of(
        NetworkScenarios::slices,
        Scenario.make(service("web", "") + service("gone", "") + service("chooses", "")),
        Scenario.make(
            endpoints("web", "addresses: [{ip: 192.0.2.1}, {ip: 192.0.2.2}]")
                + endpoints("gone", "addresses: [{ip: 192.0.2.3}]")
                + endpoints("late", "addresses: [{ip: 192.0.2.4}]")
                + endpoints("chooses", "addresses: [{ip: 192.0.2.5}]")),
        Scenario.patch(
            ENDPOINTS + "/web",
            """
            subsets:
            - addresses: [{ip: 192.0.2.2}, {ip: 192.0.2.6}]
              notReadyAddresses: [{ip: 192.0.2.7}]
              ports: [{port: 8081}]
            """),
        Scenario.make(service("late", "")),
        Scenario.delete(ENDPOINTS + "/gone"),
        Scenario.patch(SERVICES + "/chooses", "spec: {selector: {app: none}}"),
        place -> {
          for (JsonNode each : place.list(SLICES)) {
            if (Scenario.nameOf(each).startsWith("web-")) {
              place.delete(SLICES + "/" + Scenario.nameOf(each));
            }
          }
        });
  }

  /// Sixteen addresses that no other place has.
  private static String range(Place place, int number) {
    int of = Integer.parseInt(place.name().substring("place-".length()));
    return "10.%d.%d.%d".formatted(100 + of / RANGES_MAX, of % RANGES_MAX, number * 16);
  }

  private static Act rangeOf(String name, int number) {
    return place ->
        place.make(
            """
            apiVersion: networking.k8s.io/v1
            kind: ServiceCIDR
            metadata: {name: NS-%s}
            spec: {cidrs: [%s/28]}
            """
                .formatted(name, range(place, number)));
  }

  /// Somebody makes a Service of a range and tries again until the range is there.
  private static void wish(Place place, String name, int number, int last) {
    String address = range(place, number).replaceFirst("[0-9]+$", "" + (number * 16 + last));
    if (isWanted(place, name) && !place.has(SERVICES + "/" + name)) {
      try {
        place.make(service(name, ", clusterIP: " + address));
      } catch (io.fabric8.kubernetes.client.KubernetesClientException e) {
        if (e.getCode() != 422) {
          throw e;
        }
      }
    }
  }

  private static boolean isWanted(Place place, String name) {
    return place.has("/api/v1/namespaces/NS/configmaps/want-" + name);
  }

  private static Act want(String name) {
    return Scenario.make(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: want-%s, namespace: NS}"
            .formatted(name));
  }

  private static Act unwant(String name) {
    return place -> {
      place.delete("/api/v1/namespaces/NS/configmaps/want-" + name);
      place.delete(SERVICES + "/" + name);
    };
  }

  private static void wishes(Place place) {
    wish(place, "a", 0, 5);
    wish(place, "b", 1, 5);
    wish(place, "c", 1, 6);
    wish(place, "d", 2, 5);
    if (isWanted(place, "end-of-waits") && place.has(SERVICES + "/d")) {
      place.delete(RANGES + "/NS-waits");
    }
  }

  private static Object ranges(Place place) {
    Map<String, Object> facts = new TreeMap<>();
    for (JsonNode each : place.list(RANGES)) {
      facts.put(
          "range " + place.plain(Scenario.nameOf(each)),
          (each.path("metadata").has("deletionTimestamp") ? "ends " : "stays ")
              + each.path("metadata").path("finalizers")
              + each.path("status").path("conditions").findValuesAsText("status"));
    }
    JsonNode all = place.bench().api().get(ADDRESSES).path("items");
    for (JsonNode each : all) {
      JsonNode parent = each.path("spec").path("parentRef");
      if (parent.path("namespace").asText().equals(place.name())) {
        facts.merge(
            "of " + parent.path("name").asText(),
            lastPart(Scenario.nameOf(each)),
            (one, other) -> one + " and " + other);
      }
    }
    for (JsonNode each : place.list(SERVICES)) {
      facts.put(
          "service " + Scenario.nameOf(each),
          lastPart(each.path("spec").path("clusterIP").asText()));
    }
    return facts;
  }

  private static String lastPart(String address) {
    return Stream.of(address.split("\\.")).reduce((_, last) -> last).orElse("");
  }

  /// One that no other place asks for.
  private static int nodePort(Place place) {
    int of = Integer.parseInt(place.name().substring("place-".length()));
    return 30_000 + of % NODE_PORTS_MAX;
  }

  private static void wishPort(Place place) {
    if (isWanted(place, "port") && !place.has(SERVICES + "/takes")) {
      try {
        place.make(serviceAtPort("takes", place));
      } catch (io.fabric8.kubernetes.client.KubernetesClientException e) {
        if (e.getCode() != 422) {
          throw e;
        }
      }
    }
  }

  private static String serviceAtPort(String name, Place place) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %s, namespace: NS}
    spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}
    """
        .formatted(name, nodePort(place));
  }

  private static Object ports(Place place) {
    Map<String, Object> facts = new TreeMap<>();
    for (JsonNode each : place.list(SERVICES)) {
      JsonNode spec = each.path("spec");
      int port = spec.path("ports").path(0).path("nodePort").asInt();
      facts.put(
          Scenario.nameOf(each),
          spec.path("type").asText()
              + (port == 0 ? " none" : port == nodePort(place) ? " asked" : " given")
              + each.path("status").path("loadBalancer").findValuesAsText("ip"));
    }
    return facts;
  }

  /// A port that one Service gives up and another waits for, and addresses of a balancer that go
  /// with it.
  static Scenario ports() {
    return Scenario.of(
            NetworkScenarios::ports,
            place -> place.make(serviceAtPort("gives", place)),
            want("port"),
            Scenario.make(
                service("keeps", ", type: NodePort")
                    + service("balances", ", type: LoadBalancer")
                    + service("balanced", ", type: LoadBalancer")),
            Scenario.patch(
                SERVICES + "/balances/status",
                "status: {loadBalancer: {ingress: [{ip: 192.0.2.8}]}}"),
            Scenario.patch(
                SERVICES + "/balanced/status",
                "status: {loadBalancer: {ingress: [{ip: 192.0.2.9}]}}"),
            Scenario.patch(SERVICES + "/balanced", "spec: {type: ClusterIP}"),
            Scenario.patch(SERVICES + "/gives", "spec: {type: ClusterIP}"))
        .playing(NetworkScenarios::wishPort);
  }

  /// A range that stays, one that goes after its last Service, and one that waits for it.
  static Scenario addresses() {
    return Scenario.of(
            NetworkScenarios::ranges,
            rangeOf("stays", 0),
            rangeOf("goes", 1),
            rangeOf("waits", 2),
            want("a"),
            want("b"),
            want("c"),
            want("d"),
            unwant("b"),
            want("end-of-waits"),
            Scenario.delete(RANGES + "/NS-goes"),
            unwant("c"))
        .playing(NetworkScenarios::wishes);
  }
}
