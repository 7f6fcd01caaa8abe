// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Of nodes that nobody runs, and of their pods.
final class NodeScenarios {
  private static final String NODES = "/api/v1/nodes";
  private static final String PODS = "/api/v1/namespaces/NS/pods";
  private static final int MANY = 55;

  private NodeScenarios() {}

  private static String node(String name, String more) {
    return """
    apiVersion: v1
    kind: Node
    metadata: {name: NS-%s, labels: {topology.kubernetes.io/zone: NS, kubernetes.io/os: linux}}
    spec: {%s}
    ---
    """
        .formatted(name, more);
  }

  private static String pod(String name, String node, String more) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: NS}
    spec:
      nodeName: NS-%s
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: 'example/web:1'}]
      %s
    ---
    """
        .formatted(name, node, more);
  }

  private static String tolerates(String how) {
    return "tolerations: [{operator: Exists, effect: NoExecute" + how + "}]";
  }

  /// The kubelet of a node says that it is Ready.
  private static void speak(Place place, String node) {
    place.patch(
        NODES + "/NS-" + node + "/status",
        """
        status:
          conditions:
          - {type: Ready, status: 'True', reason: KubeletReady, lastHeartbeatTime: '%s'}
          - {type: MemoryPressure, status: 'False'}
          - {type: DiskPressure, status: '%s'}
          - {type: PIDPressure, status: 'False'}
        """
            .formatted(
                place.bench().now().truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                node.equals("full") ? "True" : "False"));
  }

  private static void speak(Place place) {
    for (JsonNode each : place.list(NODES)) {
      if (each.path("metadata").path("labels").path("speaks").asText().equals("yes")) {
        speak(place, place.plain(Scenario.nameOf(each)).substring("NS-".length()));
      }
    }
  }

  private static Act lives(String node, boolean lives) {
    return Scenario.patch(
        NODES + "/NS-" + node, "metadata: {labels: {speaks: '" + (lives ? "yes" : "no") + "'}}");
  }

  private static String ready(JsonNode object) {
    return object
        .path("status")
        .path("conditions")
        .valueStream()
        .filter(each -> each.path("type").asText().equals("Ready"))
        .map(each -> each.path("status").asText())
        .findFirst()
        .orElse("");
  }

  private static List<String> taints(JsonNode node) {
    return node.path("spec")
        .path("taints")
        .valueStream()
        .map(each -> each.path("key").asText() + ":" + each.path("effect").asText())
        .sorted()
        .toList();
  }

  private static Map<String, @Nullable Object> nodesAndPods(Place place) {
    Map<String, @Nullable Object> facts = new TreeMap<>();
    for (JsonNode each : place.list(NODES)) {
      String os = each.path("metadata").path("labels").path("beta.kubernetes.io/os").asText();
      facts.put(
          "node " + place.plain(Scenario.nameOf(each)), ready(each) + " " + os + taints(each));
    }
    for (JsonNode each : place.list(PODS)) {
      facts.put("pod " + Scenario.nameOf(each), ready(each));
    }
    return facts;
  }

  private static Act ready(String pod) {
    return Scenario.patch(
        PODS + "/" + pod + "/status",
        "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}");
  }

  /// One node lives on with a full disk, one falls silent for good and one for a while.
  static Scenario lifecycle() {
    return Scenario.of(
            NodeScenarios::nodesAndPods,
            Scenario.make(
                node("full", "")
                    + node("silent", "")
                    + node("back", "")
                    + node("cordoned", "unschedulable: true")
                    + node("free", "unschedulable: true")),
            place -> {
              for (String each : List.of("full", "silent", "back", "cordoned", "free")) {
                speak(place, each);
                lives(each, true).in(place);
              }
            },
            Scenario.make(
                pod("here", "full", "")
                    + pod("leaves", "silent", tolerates(", tolerationSeconds: 5"))
                    + pod("remains", "silent", tolerates(""))),
            ready("here"),
            ready("leaves"),
            ready("remains"),
            lives("silent", false),
            lives("back", false),
            Scenario.patch(NODES + "/NS-free", "spec: {unschedulable: false}"),
            Scenario.pass(Duration.ofSeconds(20)),
            Scenario.pass(Duration.ofSeconds(20)),
            Scenario.pass(Duration.ofSeconds(20)),
            lives("back", true))
        .playing(NodeScenarios::speak);
  }

  static Scenario evictions() {
    return Scenario.of(
            place -> place.names(PODS),
            Scenario.make(node("one", "")),
            lives("one", true),
            Scenario.make(
                pod("goes", "one", "")
                    + pod("tolerates", "one", tolerates(""))
                    + pod("goes-later", "one", tolerates(", tolerationSeconds: 30"))
                    + pod("stays-long", "one", tolerates(", tolerationSeconds: 86400"))),
            Scenario.patch(NODES + "/NS-one", "spec: {taints: [{key: a, effect: NoExecute}]}"),
            Scenario.make(
                pod("too-late", "one", "")
                    + pod("late", "one", tolerates(", key: a, tolerationSeconds: 20"))),
            Scenario.patch(NODES + "/NS-one", "spec: {taints: null}"),
            Scenario.make(pod("between", "one", "") + pod("other", "one", tolerates(", key: b"))),
            Scenario.patch(NODES + "/NS-one", "spec: {taints: [{key: b, effect: NoExecute}]}"),
            Scenario.pass(Duration.ofSeconds(20)),
            Scenario.pass(Duration.ofSeconds(15)))
        .playing(NodeScenarios::speak);
  }

  /// A terminating pod of a node that is out of service, of one that may come back, and pods whose
  /// node is gone.
  static Scenario podGarbage() {
    return Scenario.of(
        place -> {
          List<String> pods = new ArrayList<>();
          for (JsonNode each : place.list(PODS)) {
            boolean ends = each.path("metadata").has("deletionTimestamp");
            pods.add(Scenario.nameOf(each) + (ends ? " ends" : ""));
          }
          return pods;
        },
        Scenario.make(node("out", "") + node("dead", "") + node("gone", "")),
        Scenario.make(
            slow("ends", "out")
                + slow("lives", "out")
                + slow("waits", "dead")
                + slow("orphan", "gone")
                + slow("ending-orphan", "gone")),
        Scenario.delete(PODS + "/ends"),
        Scenario.delete(PODS + "/waits"),
        Scenario.delete(PODS + "/ending-orphan"),
        Scenario.patch(
            NODES + "/NS-out",
            "spec: {taints: [{key: node.kubernetes.io/out-of-service, effect: NoExecute}]}"),
        Scenario.delete(NODES + "/NS-gone"),
        Scenario.pass(Duration.ofSeconds(30)),
        Scenario.pass(Duration.ofSeconds(30)));
  }

  private static String slow(String name, String node) {
    return pod(name, node, tolerates(""))
        .replace("terminationGracePeriodSeconds: 0", "terminationGracePeriodSeconds: 30");
  }

  /// What each has, and whether it is of the cluster's and nobody else's.
  static Scenario ranges() {
    return Scenario.of(
        place -> {
          Map<String, String> ranges = new TreeMap<>();
          Set<String> others = new HashSet<>();
          others.add(place.get(NODES + "/havn").path("spec").path("podCIDR").asText());
          for (JsonNode each : place.list(NODES)) {
            String range = each.path("spec").path("podCIDR").asText("none");
            JsonNode all = each.path("spec").path("podCIDRs");
            String name = place.plain(Scenario.nameOf(each));
            ranges.put(
                name,
                (name.equals("NS-own")
                        ? range
                        : range.replaceAll("^10\\.244\\.[0-9]+\\.0/24$", "ours"))
                    + (others.add(range) ? "" : " twice")
                    + (all.size() == 1 && all.path(0).asText().equals(range) ? "" : " " + all));
          }
          return ranges;
        },
        Scenario.make(node("a", "") + node("b", "") + node("c", "")),
        Scenario.make(node("own", "podCIDR: 10.244.250.0/24, podCIDRs: [10.244.250.0/24]")),
        Scenario.delete(NODES + "/NS-b"),
        Scenario.make(node("d", "") + node("e", "")),
        Scenario.make(node("b", "")));
  }

  private static Act many(int from) {
    return place ->
        IntStream.range(from, from + MANY).forEach(i -> place.make(node("many-" + i, "")));
  }

  /// More than a hundred nodes keep what they have read a little longer.
  static Scenario ttl() {
    return Scenario.of(
        place -> {
          Map<String, Integer> said = new TreeMap<>();
          for (JsonNode each : place.list(NODES)) {
            JsonNode annotations = each.path("metadata").path("annotations");
            said.merge(annotations.path("node.alpha.kubernetes.io/ttl").asText(), 1, Integer::sum);
          }
          return said;
        },
        many(0),
        many(MANY),
        Scenario.patch(
            NODES + "/NS-many-0", "metadata: {annotations: {node.alpha.kubernetes.io/ttl: null}}"));
  }
}
