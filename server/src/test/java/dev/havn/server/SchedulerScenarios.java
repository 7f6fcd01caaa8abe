// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Of pods that find a place, wait for one, or have others leave it. Nobody runs the nodes.
final class SchedulerScenarios {
  private static final String NODES = "/api/v1/nodes";
  private static final String PODS = "/api/v1/namespaces/NS/pods";
  private static final String VOLUMES = "/api/v1/persistentvolumes";
  private static final String CLAIMS = "/api/v1/namespaces/NS/persistentvolumeclaims";
  private static final String DEVICE_CLAIMS =
      "/apis/resource.k8s.io/v1/namespaces/NS/resourceclaims";

  private SchedulerScenarios() {}

  private static Act node(String name, int processors) {
    return place -> {
      place.make(
          """
          apiVersion: v1
          kind: Node
          metadata: {name: NS-%1$s, labels: {place: NS, kubernetes.io/hostname: NS-%1$s}}
          """
              .formatted(name));
      size(name, processors).in(place);
    };
  }

  private static Act size(String name, int processors) {
    return Scenario.patch(
        NODES + "/NS-" + name + "/status",
        "status: {capacity: {cpu: '%1$d', pods: '20'}, allocatable: {cpu: '%1$d', pods: '20'}}"
            .formatted(processors));
  }

  /// @param where more of its node selector
  private static String pod(String name, String where, int processors, String more) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: NS, labels: {app: %s}}
    spec:
      nodeSelector: {place: NS%s}
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: 'example/web:1', resources: {requests: {cpu: '%d'}}}]
      %s
    ---
    """
        .formatted(name, name.replaceAll("-.*", ""), where, processors, more);
  }

  private static String on(String node) {
    return ", kubernetes.io/hostname: NS-" + node;
  }

  /// Where each pod is, or why it is nowhere.
  private static Map<String, String> places(Place place) {
    Map<String, String> places = new TreeMap<>();
    for (JsonNode each : place.list(PODS)) {
      String node = each.path("spec").path("nodeName").asText("");
      String why =
          each.path("status")
              .path("conditions")
              .valueStream()
              .filter(condition -> condition.path("type").asText().equals("PodScheduled"))
              .map(condition -> condition.path("reason").asText())
              .findFirst()
              .orElse("nobody knows");
      places.put(Scenario.nameOf(each), node.isEmpty() ? why : place.plain(node));
    }
    return places;
  }

  /// How much of each node is given away, of how much.
  private static Map<String, String> rooms(Place place) {
    Map<String, String> rooms = new TreeMap<>();
    for (JsonNode node : place.list(NODES)) {
      int taken = 0;
      for (JsonNode pod : place.list(PODS)) {
        if (pod.at("/spec/nodeName").asText("").equals(Scenario.nameOf(node))) {
          taken += pod.at("/spec/containers/0/resources/requests/cpu").asInt(0);
        }
      }
      String all = node.at("/status/allocatable/cpu").asText();
      rooms.put("cpu of " + place.plain(Scenario.nameOf(node)), taken + " of " + all);
    }
    return rooms;
  }

  /// One pod drives another out, one waits for a gate, one for a larger node, one for ever. Of the
  /// two low ones it is not told which has the place that is left: one goes, or waits because the
  /// high one came first.
  static Scenario placement() {
    return Scenario.of(
        place -> {
          Map<String, String> facts = places(place);
          facts.keySet().removeIf(name -> name.startsWith("low-"));
          facts.putAll(rooms(place));
          return facts;
        },
        node("a", 2),
        node("b", 2),
        Scenario.make(pod("low-1", on("a"), 1, "") + pod("low-2", on("a"), 1, "")),
        Scenario.make(
            pod("gated", on("b"), 1, "schedulingGates: [{name: example.com/wait}]")
                + pod("huge", on("b"), 6, "")
                + pod("waits", on("nowhere"), 0, "")),
        Scenario.make(pod("high", on("a"), 1, "priorityClassName: system-cluster-critical")),
        Scenario.patch(PODS + "/gated", "spec: {schedulingGates: null}"),
        size("b", 8));
  }

  /// A claim is bound when a pod that uses it has found its place. One pod wants all of a node
  /// where a more important one with a volume has to be: it waits, or goes if it was there first.
  static Scenario volumes() {
    return Scenario.of(
        place -> {
          Map<String, String> facts = places(place);
          facts.remove("all");
          facts.putAll(rooms(place));
          for (JsonNode each : place.list(VOLUMES)) {
            facts.put(
                "volume " + place.plain(Scenario.nameOf(each)),
                each.at("/spec/claimRef/name").asText("none"));
          }
          for (JsonNode each : place.list(CLAIMS)) {
            facts.put(
                "claim " + Scenario.nameOf(each),
                each.at("/status/phase").asText()
                    + " "
                    + place.plain(each.at("/spec/volumeName").asText("none")));
          }
          return facts;
        },
        Scenario.make(
            """
            apiVersion: storage.k8s.io/v1
            kind: StorageClass
            metadata: {name: NS-late}
            provisioner: kubernetes.io/no-provisioner
            volumeBindingMode: WaitForFirstConsumer
            """),
        node("a", 2),
        node("b", 2),
        Scenario.make(volume("small", "1Gi", "a") + volume("large", "3Gi", "b")),
        Scenario.make(claim("small", "1Gi") + claim("large", "2Gi") + claim("unused", "1Gi")),
        Scenario.make(
            pod(
                    "small",
                    on("a"),
                    1,
                    uses("small") + "\n  priorityClassName: system-cluster-critical")
                + pod("all", on("a"), 2, "")),
        Scenario.make(pod("large", "", 1, uses("large"))),
        Scenario.make(pod("again", "", 1, uses("large"))));
  }

  private static String volume(String name, String size, String node) {
    return """
    apiVersion: v1
    kind: PersistentVolume
    metadata: {name: NS-%s}
    spec:
      capacity: {storage: %s}
      accessModes: [ReadWriteOnce]
      storageClassName: NS-late
      persistentVolumeReclaimPolicy: Retain
      local: {path: /nowhere}
      nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [NS-%s]}]}]}}
    ---
    """
        .formatted(name, size, node);
  }

  private static String claim(String name, String size) {
    return """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: %s, namespace: NS}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: NS-late
      resources: {requests: {storage: %s}}
    ---
    """
        .formatted(name, size);
  }

  private static String uses(String claim) {
    return "volumes: [{name: v, persistentVolumeClaim: {claimName: " + claim + "}}]";
  }

  /// Two pods get a device each, a third one waits until one of them has gone. Which device a claim
  /// has is not told, but that none has that of another, and for whom it is kept.
  static Scenario devices() {
    return Scenario.of(
        place -> {
          Map<String, String> facts = places(place);
          List<String> given = new ArrayList<>();
          for (JsonNode claim : place.list(DEVICE_CLAIMS)) {
            List<String> users = new ArrayList<>();
            claim.at("/status/reservedFor").forEach(each -> users.add(each.path("name").asText()));
            facts.put("claim " + Scenario.nameOf(claim), users.toString());
            claim
                .at("/status/allocation/devices/results")
                .forEach(each -> given.add(each.path("device").asText()));
          }
          Collections.sort(given);
          facts.put("given", given.toString());
          return facts;
        },
        node("a", 8),
        Scenario.make(
            """
            apiVersion: resource.k8s.io/v1
            kind: DeviceClass
            metadata: {name: NS-any}
            spec: {selectors: [{cel: {expression: 'device.driver == "NS.example.com"'}}]}
            ---
            apiVersion: resource.k8s.io/v1
            kind: ResourceSlice
            metadata: {name: NS-slice}
            spec:
              driver: NS.example.com
              nodeName: NS-a
              pool: {name: NS, generation: 1, resourceSliceCount: 1}
              devices: [{name: d0}, {name: d1}]
            """),
        Scenario.make(deviceClaim("one") + deviceClaim("two") + deviceClaim("three")),
        Scenario.make(pod("one", "", 1, device("one"))),
        Scenario.make(pod("two", "", 1, device("two"))),
        Scenario.make(pod("three", "", 1, device("three"))),
        Scenario.delete(PODS + "/one"));
  }

  private static String deviceClaim(String name) {
    return """
    apiVersion: resource.k8s.io/v1
    kind: ResourceClaim
    metadata: {name: %s, namespace: NS}
    spec: {devices: {requests: [{name: r, exactly: {deviceClassName: NS-any}}]}}
    ---
    """
        .formatted(name);
  }

  private static String device(String claim) {
    return "resourceClaims: [{name: d, resourceClaimName: " + claim + "}]";
  }
}
