// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Where pods go, seen through the API.
@Havn(nodes = 2)
class SchedulingTest {
  private static PodBuilder pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("app", name)
        .endMetadata()
        .withNewSpec()
        .withTerminationGracePeriodSeconds(0L)
        .addNewContainer()
        .withName("a")
        .withImage("example.com/a")
        .endContainer()
        .endSpec();
  }

  private static PodBuilder pod(String name, Quantity cpu) {
    return pod(name)
        .editSpec()
        .editFirstContainer()
        .withNewResources()
        .addToRequests("cpu", cpu)
        .endResources()
        .endContainer()
        .endSpec();
  }

  private static Pod get(KubernetesClient client, String name) {
    return client.pods().inNamespace("default").withName(name).get();
  }

  private static PodCondition scheduled(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .filter(each -> each.getType().equals("PodScheduled"))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> events(KubernetesClient client, String pod, String reason) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getInvolvedObject().getName().equals(pod))
        .filter(each -> each.getReason().equals(reason))
        .map(Event::getMessage)
        .toList();
  }

  private static Node aNode(KubernetesClient client) {
    return client.nodes().list().getItems().getFirst();
  }

  @Test
  void anImportantPodTakesThePlaceOfAnother(KubernetesClient client, Cluster cluster) {
    PreemptionTest.priority(client, "important", 1_000);
    Node node = aNode(client);
    Quantity all = node.getStatus().getAllocatable().get("cpu");
    String name = node.getMetadata().getName();
    client
        .resource(
            pod("low", all)
                .editSpec()
                .addToNodeSelector("kubernetes.io/hostname", name)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(get(client, "low").getSpec().getNodeName()).isEqualTo(name);
    client
        .resource(
            pod("high", all)
                .editSpec()
                .withPriorityClassName("important")
                .addToNodeSelector("kubernetes.io/hostname", name)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    Pod high = get(client, "high");
    assertThat(high.getSpec().getNodeName()).isEqualTo(name);
    assertThat(high.getStatus().getPhase()).isEqualTo("Running");
    assertThat(high.getStatus().getNominatedNodeName()).isNull();
    assertThat(get(client, "low")).isNull();
    assertThat(events(client, "low", "Preempted"))
        .containsExactly("Preempted by pod " + high.getMetadata().getUid() + " on node " + name);
    assertThat(events(client, "high", "FailedScheduling"))
        .containsExactly(
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node"
                + " affinity/selector.");
  }

  @Test
  void aPlaceThatWasKeptForAPodIsFreeOnceThatPodIsGone(KubernetesClient client, Cluster cluster) {
    Node node = aNode(client);
    Quantity all = node.getStatus().getAllocatable().get("cpu");
    String name = node.getMetadata().getName();
    client
        .resource(
            pod("expected", all)
                .editSpec()
                .addNewSchedulingGate("example.com/later")
                .endSpec()
                .build())
        .create();
    client
        .pods()
        .inNamespace("default")
        .withName("expected")
        .editStatus(
            pod ->
                new PodBuilder(pod).editStatus().withNominatedNodeName(name).endStatus().build());
    client
        .resource(
            pod("other", all)
                .editSpec()
                .addToNodeSelector("kubernetes.io/hostname", name)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(scheduled(get(client, "other")).getReason()).isEqualTo("Unschedulable");
    client.pods().inNamespace("default").withName("expected").delete();
    cluster.settle();
    assertThat(get(client, "other").getSpec().getNodeName()).isEqualTo(name);
  }

  @Test
  void aPodGetsTheDeviceThatItClaims(KubernetesClient client, Cluster cluster) {
    Node node = aNode(client);
    String name = node.getMetadata().getName();
    create(
        client,
        """
        {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
         "metadata": {"name": "claim", "namespace": "default"},
         "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu",
           "selectors": [{"cel": {"expression":
             "device.attributes['dra.example.com'].model == 'b'"}}]}}]}}}""");
    client.resource(claiming("claims", "claim")).create();
    cluster.settle();
    assertThat(scheduled(get(client, "claims")).getMessage())
        .contains("request r: device class gpu does not exist");
    create(
        client,
        """
        {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice",
         "metadata": {"name": "slice"},
         "spec": {"driver": "dra.example.com", "nodeName": "NODE",
           "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
           "devices": [{"name": "d0", "attributes": {"model": {"string": "a"}}},
             {"name": "d1", "attributes": {"model": {"string": "b"}}}]}}"""
            .replace("NODE", name));
    create(
        client,
        """
        {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu"},
         "spec": {"selectors": [{"cel": {"expression":
           "device.driver == 'dra.example.com'"}}]}}""");
    cluster.settle();
    assertThat(get(client, "claims").getSpec().getNodeName()).isEqualTo(name);
    ResourceClaim claim =
        client.resources(ResourceClaim.class).inNamespace("default").withName("claim").get();
    assertThat(claim.getMetadata().getFinalizers())
        .containsExactly("resource.kubernetes.io/delete-protection");
    assertThat(claim.getStatus().getReservedFor()).hasSize(1);
    assertThat(claim.getStatus().getAllocation().getDevices().getResults())
        .extracting(DeviceRequestAllocationResult::getDevice)
        .containsExactly("d1");
    assertThat(claim.getStatus().getAllocation().getAllocationTimestamp()).isNotNull();
  }

  private static Pod claiming(String name, String claim) {
    return pod(name)
        .editSpec()
        .addNewResourceClaim()
        .withName("x")
        .withResourceClaimName(claim)
        .endResourceClaim()
        .endSpec()
        .build();
  }

  private static void create(KubernetesClient client, String json) {
    client.resource(json).create();
  }

  @Test
  void whoWaitsForALabelIsPlacedWhenANodeHasIt(KubernetesClient client, Cluster cluster) {
    client
        .resource(pod("picky").editSpec().addToNodeSelector("disk", "ssd").endSpec().build())
        .create();
    cluster.settle();
    PodCondition waits = scheduled(get(client, "picky"));
    assertThat(waits.getReason()).isEqualTo("Unschedulable");
    assertThat(waits.getMessage())
        .isEqualTo(
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new"
                + " claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not"
                + " helpful for scheduling.");
    client
        .nodes()
        .withName(aNode(client).getMetadata().getName())
        .edit(
            node -> {
              node.getMetadata().getLabels().put("disk", "ssd");
              return node;
            });
    cluster.settle();
    assertThat(get(client, "picky").getSpec().getNodeName())
        .isEqualTo(aNode(client).getMetadata().getName());
  }

  @Test
  void whoFindsANodeFullOfVolumesIsPlacedWhenOneIsDetached(
      KubernetesClient client, Cluster cluster) {
    String name = aNode(client).getMetadata().getName();
    volume(client, "mine");
    volume(client, "left");
    create(
        client,
        """
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
         "metadata": {"name": "mine", "namespace": "default"},
         "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": "mine",
           "resources": {"requests": {"storage": "1Gi"}}}}""");
    create(
        client,
        """
        {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "NODE"},
         "spec": {"drivers": [{"name": "example.com", "nodeID": "n", "topologyKeys": [],
           "allocatable": {"count": 1}}]}}"""
            .replace("NODE", name));
    create(
        client,
        """
        {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
         "metadata": {"name": "of-somebody"},
         "spec": {"attacher": "example.com", "nodeName": "NODE",
           "source": {"persistentVolumeName": "left"}}}"""
            .replace("NODE", name));
    cluster.settle();
    client
        .resource(
            pod("mounts")
                .editSpec()
                .addToNodeSelector("kubernetes.io/hostname", name)
                .addNewVolume()
                .withName("v")
                .withNewPersistentVolumeClaim("mine", false)
                .endVolume()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(scheduled(get(client, "mounts")).getMessage())
        .contains("1 node(s) exceed max volume count");
    client.resources(VolumeAttachment.class).withName("of-somebody").delete();
    cluster.settle();
    assertThat(get(client, "mounts").getSpec().getNodeName()).isEqualTo(name);
  }

  private static void volume(KubernetesClient client, String name) {
    create(
        client,
        """
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "NAME"},
         "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
           "claimRef": {"namespace": "default", "name": "NAME"},
           "csi": {"driver": "example.com", "volumeHandle": "NAME"}}}"""
            .replace("NAME", name));
  }

  @Test
  void aGatedPodIsPlacedWhenItsGateIsOpened(KubernetesClient client, Cluster cluster) {
    client
        .resource(pod("gated").editSpec().addNewSchedulingGate("a.b/c").endSpec().build())
        .create();
    cluster.settle();
    assertThat(scheduled(get(client, "gated")).getReason()).isEqualTo("SchedulingGated");
    client
        .pods()
        .inNamespace("default")
        .withName("gated")
        .edit(
            pod -> {
              pod.getSpec().getSchedulingGates().clear();
              return pod;
            });
    cluster.settle();
    assertThat(get(client, "gated").getStatus().getPhase()).isEqualTo("Running");
  }

  @Test
  void whoWantsToBeAloneWaitsUntilAnotherIsGone(KubernetesClient client, Cluster cluster) {
    for (String name : List.of("a", "b", "c")) {
      client
          .resource(
              pod(name)
                  .editMetadata()
                  .addToLabels("kind", "loner")
                  .endMetadata()
                  .editSpec()
                  .withNewAffinity()
                  .withNewPodAntiAffinity()
                  .addNewRequiredDuringSchedulingIgnoredDuringExecution()
                  .withTopologyKey("kubernetes.io/hostname")
                  .withNewLabelSelector()
                  .addToMatchLabels("kind", "loner")
                  .endLabelSelector()
                  .endRequiredDuringSchedulingIgnoredDuringExecution()
                  .endPodAntiAffinity()
                  .endAffinity()
                  .endSpec()
                  .build())
          .create();
      cluster.settle();
    }
    assertThat(get(client, "c").getSpec().getNodeName()).isNull();
    assertThat(scheduled(get(client, "c")).getMessage())
        .startsWith("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.");
    String freed = get(client, "a").getSpec().getNodeName();
    client.pods().inNamespace("default").withName("a").delete();
    cluster.settle();
    assertThat(get(client, "c").getSpec().getNodeName()).isEqualTo(freed);
  }

  @Test
  void aPodOfAnotherSchedulerIsLeftToIt(KubernetesClient client, Cluster cluster) {
    client.resource(pod("foreign").editSpec().withSchedulerName("mine").endSpec().build()).create();
    cluster.settle();
    assertThat(get(client, "foreign").getSpec().getNodeName()).isNull();
    assertThat(events(client, "foreign", "FailedScheduling")).isEmpty();
  }
}
