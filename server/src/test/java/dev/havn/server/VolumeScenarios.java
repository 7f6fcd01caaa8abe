// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.server.Scenario.Place;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Of claims that are used, grow or are a pod's own.
final class VolumeScenarios {
  private static final String CLAIMS = "/api/v1/namespaces/NS/persistentvolumeclaims";
  private static final String VOLUMES = "/api/v1/persistentvolumes";
  private static final String CLASSES = "/apis/storage.k8s.io/v1/volumeattributesclasses";
  private static final String PODS = "/api/v1/namespaces/NS/pods";

  private VolumeScenarios() {}

  private static String volume(String name) {
    return """
    apiVersion: v1
    kind: PersistentVolume
    metadata: {name: NS-%s}
    spec:
      capacity: {storage: 1Gi}
      accessModes: [ReadWriteOnce]
      storageClassName: NS-csi
      persistentVolumeReclaimPolicy: Retain
      claimRef: {namespace: NS, name: %s}
      csi: {driver: example.com, volumeHandle: NS-%s}
    ---
    """
        .formatted(name, name, name);
  }

  private static String claim(String name, String kind, String more) {
    return """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: %s, namespace: NS}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: NS-%s
      resources: {requests: {storage: 1Gi}}
      %s
    ---
    """
        .formatted(name, kind, more);
  }

  private static String pod(String name, String volume) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: NS}
    spec:
      %s
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: 'example/web:1'}]
      volumes: [%s]
    ---
    """
        .formatted(
            name, name.startsWith("loose") ? "schedulerName: nobody" : "nodeName: NS-node", volume);
  }

  private static String uses(String claim) {
    return "{name: v, persistentVolumeClaim: {claimName: %s}}".formatted(claim);
  }

  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata: {name: NS-node}
      spec: {unschedulable: true}
      ---
      """;

  private static String held(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    return (metadata.has("deletionTimestamp") ? "ends " : "stays ")
        + metadata.path("finalizers")
        + " "
        + object.path("status").path("phase").asText();
  }

  private static Map<String, String> holds(Place place) {
    Map<String, String> holds = new TreeMap<>();
    place.list(CLAIMS).forEach(each -> holds.put(Scenario.nameOf(each), held(each)));
    place.list(VOLUMES).forEach(each -> holds.put(place.plain(Scenario.nameOf(each)), held(each)));
    place.list(CLASSES).forEach(each -> holds.put(place.plain(Scenario.nameOf(each)), held(each)));
    return holds;
  }

  private static String attributes(String name) {
    return """
    apiVersion: storage.k8s.io/v1
    kind: VolumeAttributesClass
    metadata: {name: NS-%s}
    driverName: example.com
    parameters: {a: b}
    ---
    """
        .formatted(name);
  }

  static Scenario protection() {
    return Scenario.of(
        VolumeScenarios::holds,
        Scenario.make(NODE + attributes("used") + attributes("unused") + attributes("left")),
        Scenario.make(volume("used") + volume("left") + volume("spare")),
        Scenario.make(
            claim("used", "csi", "volumeAttributesClassName: NS-used")
                + claim("left", "csi", "volumeAttributesClassName: NS-left")
                + claim("unused", "csi", "")),
        Scenario.make(pod("uses", uses("used")) + pod("leaves", uses("left"))),
        Scenario.make(pod("loose", uses("unused"))),
        Scenario.delete(CLASSES + "/NS-used"),
        Scenario.delete(CLASSES + "/NS-unused"),
        Scenario.delete(CLASSES + "/NS-left"),
        Scenario.delete(CLAIMS + "/used"),
        Scenario.delete(CLAIMS + "/left"),
        Scenario.delete(CLAIMS + "/unused"),
        Scenario.delete(VOLUMES + "/NS-used"),
        Scenario.delete(VOLUMES + "/NS-left"),
        Scenario.delete(VOLUMES + "/NS-spare"),
        Scenario.delete(PODS + "/leaves"));
  }

  private static String kind(String name, String provisioner) {
    return """
    apiVersion: storage.k8s.io/v1
    kind: StorageClass
    metadata: {name: NS-%s}
    provisioner: %s
    allowVolumeExpansion: true
    ---
    """
        .formatted(name, provisioner);
  }

  private static void grow(Place place, String claim) {
    place.patch(CLAIMS + "/" + claim, "spec: {resources: {requests: {storage: 3Gi}}}");
  }

  private static boolean isBound(Place place, String claim) {
    return place.get(CLAIMS + "/" + claim).path("status").path("phase").asText().equals("Bound");
  }

  /// Somebody makes each claim of a kind larger once it is bound: before, nobody may.
  private static void grow(Place place) {
    for (JsonNode each : place.list(CLAIMS)) {
      String name = Scenario.nameOf(each);
      if (name.startsWith("grows") && isBound(place, name)) {
        grow(place, name);
      }
    }
  }

  /// A driver's resizer does the work; who waits for it is told.
  static Scenario expansion() {
    return Scenario.of(
            place -> {
              Map<String, Object> told = new TreeMap<>(holds(place));
              for (JsonNode each : place.list("/api/v1/namespaces/NS/events")) {
                if (each.path("reason").asText().equals("ExternalExpanding")) {
                  told.put(
                      "told " + each.path("involvedObject").path("name").asText(),
                      each.path("message").asText());
                }
              }
              return told;
            },
            Scenario.make(kind("csi", "example.com") + volume("grows") + volume("keeps")),
            Scenario.make(claim("grows", "csi", "")),
            Scenario.make(claim("keeps", "csi", "")))
        .playing(VolumeScenarios::grow);
  }

  /// No volume is without its folder, and no folder without a volume.
  private static Object disks(Place place) {
    Map<String, Object> facts = new TreeMap<>();
    Set<String> lost = new TreeSet<>(place.bench().folders());
    for (JsonNode each : place.list(CLAIMS)) {
      facts.put(
          Scenario.nameOf(each), each.path("status").path("capacity").path("storage").asText());
    }
    for (JsonNode each : place.bench().api().get(VOLUMES).path("items")) {
      JsonNode claim = each.path("spec").path("claimRef");
      lost.remove(Scenario.nameOf(each));
      if (each.path("spec").path("storageClassName").asText().equals(place.name() + "-disk")) {
        boolean hasFolder = place.bench().folders().contains(Scenario.nameOf(each));
        facts.merge(
            "volume of " + claim.path("name").asText(),
            each.path("spec").path("capacity").path("storage").asText()
                + (hasFolder ? "" : " without folder"),
            (one, other) -> one + " and " + other);
      }
    }
    if (!lost.isEmpty()) {
      facts.put("folders that nobody knows", lost);
    }
    return facts;
  }

  static Scenario provisioning() {
    return Scenario.of(
            VolumeScenarios::disks,
            Scenario.make(kind("disk", "havn.dev/host-path")),
            Scenario.make(claim("grows", "disk", "") + claim("gone", "disk", "")),
            Scenario.make(claim("keeps", "disk", "")),
            Scenario.delete(CLAIMS + "/gone"),
            Scenario.make(claim("grows-2", "disk", "")))
        .playing(VolumeScenarios::grow);
  }

  private static String ephemeral(String name) {
    return """
    {name: %s, ephemeral: {volumeClaimTemplate: {metadata: {labels: {of: %s}}, spec: {accessModes: [ReadWriteOnce], storageClassName: NS-none, resources: {requests: {storage: 1Gi}}}}}}\
    """
        .formatted(name, name);
  }

  private static Map<String, String> owned(Place place) {
    Map<String, String> owned = new TreeMap<>();
    for (JsonNode each : place.list(CLAIMS)) {
      JsonNode owner = each.path("metadata").path("ownerReferences").path(0);
      String pod = owner.path("name").asText();
      boolean isOfThatPod =
          !pod.isEmpty()
              && place.has(PODS + "/" + pod)
              && place.get(PODS + "/" + pod).path("metadata").path("uid").equals(owner.path("uid"));
      owned.put(
          Scenario.nameOf(each),
          (isOfThatPod ? "of " + pod : "of nobody") + each.path("metadata").path("labels"));
    }
    return owned;
  }

  static Scenario ephemeralClaims() {
    return Scenario.of(
        VolumeScenarios::owned,
        Scenario.make(claim("loose-taken-a", "none", "")),
        Scenario.make(pod("loose-one", ephemeral("a") + ", " + ephemeral("b"))),
        Scenario.make(pod("loose-taken", ephemeral("a"))),
        Scenario.make(pod("loose-gone", ephemeral("a"))),
        Scenario.make(pod("loose-again", ephemeral("a"))),
        Scenario.delete(PODS + "/loose-gone"),
        Scenario.delete(PODS + "/loose-again"),
        Scenario.make(pod("loose-again", ephemeral("a"))),
        Scenario.delete(CLAIMS + "/loose-taken-a"),
        Scenario.delete(CLAIMS + "/loose-one-b"));
  }
}
