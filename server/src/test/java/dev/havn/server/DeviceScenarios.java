// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Of claims for devices, which a node that nobody runs has.
final class DeviceScenarios {
  private static final String PODS = "/api/v1/namespaces/NS/pods";
  private static final String CLAIMS = "/apis/resource.k8s.io/v1/namespaces/NS/resourceclaims";
  private static final String SLICES = "/apis/resource.k8s.io/v1/resourceslices";
  private static final String HELD = "resource.kubernetes.io/delete-protection";

  private DeviceScenarios() {}

  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata: {name: NS-node}
      spec: {unschedulable: true}
      ---
      """;

  private static String spec(String tolerates) {
    return "{devices: {requests: [{name: r, exactly: {deviceClassName: any%s}}]}}"
        .formatted(tolerates);
  }

  private static String template(String name, String tolerates) {
    return """
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaimTemplate
    metadata: {name: %s, namespace: NS}
    spec: {spec: %s}
    ---
    """
        .formatted(name, spec(tolerates));
  }

  private static String claim(String name) {
    return """
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaim
    metadata: {name: %s, namespace: NS}
    spec: %s
    ---
    """
        .formatted(name, spec(""));
  }

  private static String pod(String name, String claims) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: NS}
    spec:
      nodeName: NS-node
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: 'example/web:1'}]
      resourceClaims: [%s]
    ---
    """
        .formatted(name, claims);
  }

  private static String of(String name, String what, String source) {
    return "{name: %s, %s: %s}".formatted(name, what, source);
  }

  private static String made(String name, String template) {
    return of(name, "resourceClaimTemplateName", template);
  }

  private static String shared(String name) {
    return of(name, "resourceClaimName", name);
  }

  /// Somebody gives every claim that is wanted the device. Who schedules keeps a claim that is
  /// there for the first of its pods with the same write; the rest is the controllers'.
  private static void allocate(Place place) {
    for (JsonNode each : place.list(CLAIMS)) {
      List<JsonNode> users = users(place, each);
      boolean isWanted = !each.path("metadata").has("deletionTimestamp") && !users.isEmpty();
      if (isWanted && !each.path("status").has("allocation")) {
        String path = CLAIMS + "/" + Scenario.nameOf(each);
        place.patch(path, "metadata: {finalizers: [%s]}".formatted(HELD));
        JsonNode tolerations = each.at("/spec/devices/requests/0/exactly/tolerations");
        place.patch(
            path + "/status",
            """
            status:
              allocation:
                devices: {results: [{request: r, driver: example.com, pool: NS, device: d%s}]}
              reservedFor: [%s]
            """
                .formatted(
                    tolerations.isMissingNode() ? "" : ", tolerations: " + tolerations,
                    each.path("metadata").has("generateName") ? "" : user(users.getFirst())));
      }
    }
  }

  /// Nobody gives devices to a claim whose users have all ended.
  private static List<JsonNode> users(Place place, JsonNode claim) {
    String name = Scenario.nameOf(claim);
    String owner = claim.path("metadata").path("ownerReferences").path(0).path("name").asText("");
    return place.list(PODS).stream()
        .filter(pod -> !pod.path("status").path("phase").asText().equals("Succeeded"))
        .filter(
            pod ->
                Scenario.nameOf(pod).equals(owner)
                    || pod.path("spec")
                        .path("resourceClaims")
                        .findValuesAsText("resourceClaimName")
                        .contains(name))
        .toList();
  }

  private static String user(JsonNode pod) {
    return "{resource: pods, name: %s, uid: %s}"
        .formatted(Scenario.nameOf(pod), pod.path("metadata").path("uid").asText());
  }

  private static List<String> users(JsonNode claim) {
    return claim
        .path("status")
        .path("reservedFor")
        .valueStream()
        .map(each -> each.path("name").asText())
        .sorted()
        .toList();
  }

  /// Claims made for a pod are called after it, with letters of chance behind. A free one may still
  /// be held: whoever is killed between the two writes leaves that for its deletion, as in
  /// Kubernetes.
  private static Map<String, Object> claims(Place place) {
    Map<String, Object> facts = new TreeMap<>();
    for (JsonNode each : place.list(CLAIMS)) {
      boolean isMade = each.path("metadata").has("generateName");
      String name = each.path("metadata").path(isMade ? "generateName" : "name").asText();
      String state =
          (each.path("status").has("allocation")
                  ? "allocated " + each.path("metadata").path("finalizers")
                  : "free ")
              + users(each);
      facts.merge("claim " + name, state, (one, other) -> one + " and " + other);
    }
    for (JsonNode each : place.list(PODS)) {
      long known =
          each.path("status")
              .path("resourceClaimStatuses")
              .valueStream()
              .filter(one -> place.has(CLAIMS + "/" + one.path("resourceClaimName").asText()))
              .count();
      facts.put("pod " + Scenario.nameOf(each) + " knows", known);
    }
    return facts;
  }

  private static Act succeed(String pod) {
    return Scenario.patch(PODS + "/" + pod + "/status", "status: {phase: Succeeded}");
  }

  static Scenario claims() {
    return Scenario.of(
            DeviceScenarios::claims,
            Scenario.make(NODE + template("t", "") + claim("shared") + claim("alone")),
            Scenario.make(pod("one", made("a", "t") + ", " + made("b", "t"))),
            Scenario.make(pod("two", shared("shared")) + pod("three", shared("shared"))),
            Scenario.make(pod("four", shared("alone")) + pod("early", made("a", "late"))),
            Scenario.make(pod("ends", made("a", "t"))),
            succeed("ends"),
            succeed("three"),
            Scenario.delete(PODS + "/four"),
            Scenario.make(template("late", "")))
        .playing(DeviceScenarios::allocate);
  }

  static Scenario evictions() {
    String forever = ", tolerations: [{operator: Exists, effect: NoExecute}]";
    return Scenario.of(
            place -> place.names(PODS),
            Scenario.make(NODE + template("t", "") + template("forever", forever)),
            Scenario.make(
                """
                apiVersion: resource.k8s.io/v1
                kind: ResourceSlice
                metadata: {name: NS-slice}
                spec:
                  driver: example.com
                  nodeName: NS-node
                  pool: {name: NS, generation: 1, resourceSliceCount: 1}
                  devices: [{name: d}]
                """),
            Scenario.make(pod("goes", made("a", "t")) + pod("stays", made("a", "forever"))),
            Scenario.make(pod("without", "")),
            Scenario.patch(
                SLICES + "/NS-slice",
                "spec: {devices: [{name: d, taints: [{key: a, effect: NoExecute}]}]}"),
            Scenario.make(pod("late", made("a", "t"))))
        .playing(DeviceScenarios::allocate);
  }
}
