// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachmentBuilder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Of volumes, and of what goes with its owner.
final class StorageScenarios {
  private StorageScenarios() {}

  static Scenario volumes() {
    return Scenario.of(
        place -> {
          Map<String, String> bound = new TreeMap<>();
          for (PersistentVolumeClaim claim :
              place.client().persistentVolumeClaims().inNamespace(place.name()).list().getItems()) {
            String volume = String.valueOf(claim.getSpec().getVolumeName());
            bound.put(
                claim.getMetadata().getName(),
                claim.getStatus().getPhase() + " " + volume.replace(place.name(), "NS"));
          }
          place.client().persistentVolumes().list().getItems().stream()
              .filter(each -> each.getMetadata().getName().startsWith(place.name() + "-"))
              .forEach(
                  each ->
                      bound.put(
                          each.getMetadata().getName().replace(place.name(), "NS"),
                          each.getStatus().getPhase()));
          return bound;
        },
        Scenario.make(volume("small", "1Gi", "one") + "---\n" + volume("large", "2Gi", "two")),
        Scenario.make(claim("two", "2Gi")),
        Scenario.make(claim("one", "1Gi")),
        Scenario.make(claim("huge", "9Gi")));
  }

  /// Kept for a claim: which volume a claim finds free depends on who comes first.
  private static String volume(String name, String size, String claim) {
    return """
    apiVersion: v1
    kind: PersistentVolume
    metadata: {name: NS-%s}
    spec:
      capacity: {storage: %s}
      accessModes: [ReadWriteOnce]
      storageClassName: NS
      persistentVolumeReclaimPolicy: Retain
      claimRef: {namespace: NS, name: %s}
      csi: {driver: example.com, volumeHandle: NS-%s}
    """
        .formatted(name, size, claim, name);
  }

  private static String claim(String name, String size) {
    return """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: %s, namespace: NS}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: NS
      resources: {requests: {storage: %s}}
    """
        .formatted(name, size);
  }

  private static String user(String name) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: NS}
    spec:
      nodeName: NS-node
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers: [{name: c, image: 'example/web:1'}]
      volumes: [{name: v, persistentVolumeClaim: {claimName: %s}}]
    """
        .formatted(name, name);
  }

  private static List<VolumeAttachment> attachments(Place place) {
    return place.client().resources(VolumeAttachment.class).list().getItems().stream()
        .filter(each -> each.getSpec().getNodeName().equals(place.name() + "-node"))
        .toList();
  }

  /// The driver attaches what it is asked to.
  private static void attach(Place place) {
    for (VolumeAttachment each : attachments(place)) {
      if (each.getStatus() == null || !Boolean.TRUE.equals(each.getStatus().getAttached())) {
        VolumeAttachment attached =
            new VolumeAttachmentBuilder(each)
                .withNewStatus()
                .withAttached(true)
                .endStatus()
                .build();
        place.client().resource(attached).patchStatus();
      }
    }
  }

  private static Object attachmentFacts(Place place) {
    return Scenarios.facts(
        "pods",
        Scenarios.pods(place).stream().map(pod -> pod.getMetadata().getName()).toList(),
        "claims",
        place.client().persistentVolumeClaims().inNamespace(place.name()).list().getItems().stream()
            .map(each -> each.getStatus().getPhase())
            .toList(),
        "attached",
        attachments(place).stream()
            .map(each -> each.getSpec().getSource().getPersistentVolumeName())
            .map(name -> name.replace(place.name(), "NS"))
            .toList(),
        "said",
        place
            .client()
            .nodes()
            .withName(place.name() + "-node")
            .get()
            .getStatus()
            .getVolumesAttached()
            .size());
  }

  static Scenario attachments() {
    return Scenario.of(
            StorageScenarios::attachmentFacts,
            Scenario.make(
                """
                apiVersion: v1
                kind: Node
                metadata:
                  name: NS-node
                  annotations: {volumes.kubernetes.io/controller-managed-attach-detach: 'true'}
                spec: {unschedulable: true}
                """),
            Scenario.make(
                volume("one", "1Gi", "one")
                    + "---\n"
                    + claim("one", "1Gi")
                    + "---\n"
                    + volume("two", "2Gi", "two")
                    + "---\n"
                    + claim("two", "2Gi")),
            Scenario.make(user("one")),
            Scenario.make(user("two")),
            place ->
                place
                    .client()
                    .pods()
                    .inNamespace(place.name())
                    .withName("one")
                    .withGracePeriod(0)
                    .delete())
        .playing(StorageScenarios::attach);
  }

  private static List<String> configMaps(Place place) {
    return place.client().configMaps().inNamespace(place.name()).list().getItems().stream()
        .map(each -> each.getMetadata().getName())
        .filter(name -> !name.equals("kube-root-ca.crt"))
        .sorted()
        .toList();
  }

  private static Act owned(String name, String owner) {
    return place -> {
      String uid =
          place
              .client()
              .configMaps()
              .inNamespace(place.name())
              .withName(owner)
              .get()
              .getMetadata()
              .getUid();
      place.make(
          """
          apiVersion: v1
          kind: ConfigMap
          metadata:
            name: %s
            namespace: NS
            ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: %s, uid: %s, blockOwnerDeletion: true}]
          """
              .formatted(name, owner, uid));
    };
  }

  static Scenario garbage() {
    return Scenario.of(
        StorageScenarios::configMaps,
        Scenario.make("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: NS}"),
        Scenario.make("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: NS}"),
        owned("a-1", "a"),
        owned("a-1-1", "a-1"),
        owned("b-1", "b"),
        place ->
            place
                .client()
                .configMaps()
                .inNamespace(place.name())
                .withName("a")
                .withPropagationPolicy(DeletionPropagation.FOREGROUND)
                .delete(),
        place ->
            place
                .client()
                .configMaps()
                .inNamespace(place.name())
                .withName("b")
                .withPropagationPolicy(DeletionPropagation.ORPHAN)
                .delete());
  }

  static Scenario namespaces() {
    return Scenario.of(
        place ->
            Scenarios.facts(
                "there",
                place.client().namespaces().withName(place.name()).get() != null,
                "pods",
                Scenarios.pods(place).size()),
        Scenario.make(Scenarios.workload("Deployment", "replicas: 2")),
        place -> place.client().namespaces().withName(place.name()).delete());
  }
}
