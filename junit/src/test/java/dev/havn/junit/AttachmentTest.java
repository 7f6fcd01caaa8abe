// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.CSIDriverBuilder;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachmentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Volumes of drivers come to the nodes of their pods; the driver is this test.
@Havn
class AttachmentTest {
  private static void node(KubernetesClient client, String name) {
    client
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToAnnotations("volumes.kubernetes.io/controller-managed-attach-detach", "true")
                .endMetadata()
                .build())
        .create();
  }

  private static void claim(KubernetesClient client) {
    client
        .resource(
            new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName("disk")
                .endMetadata()
                .withNewSpec()
                .addToCapacity("storage", new Quantity("1Gi"))
                .addToAccessModes("ReadWriteOnce")
                .withNewCsi()
                .withDriver("example.com")
                .withVolumeHandle("one")
                .endCsi()
                .endSpec()
                .build())
        .create();
    client
        .resource(
            new PersistentVolumeClaimBuilder()
                .withNewMetadata()
                .withName("data")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addToAccessModes("ReadWriteOnce")
                .withStorageClassName("")
                .withNewResources()
                .addToRequests("storage", new Quantity("1Gi"))
                .endResources()
                .endSpec()
                .build())
        .create();
  }

  private static void pod(KubernetesClient client, String name, String node) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withNodeName(node)
                .addNewContainer()
                .withName("main")
                .withImage("example/main:1")
                .endContainer()
                .addNewVolume()
                .withName("data")
                .withNewPersistentVolumeClaim("data", false)
                .endVolume()
                .endSpec()
                .build())
        .create();
  }

  private static List<VolumeAttachment> attachments(KubernetesClient client) {
    return client.resources(VolumeAttachment.class).list().getItems();
  }

  private static List<String> messages(KubernetesClient client, String about) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getName().equals(about))
        .filter(event -> "attachdetach-controller".equals(event.getSource().getComponent()))
        .map(Event::getMessage)
        .toList();
  }

  private static VolumeAttachment attached(VolumeAttachment attachment) {
    return new VolumeAttachmentBuilder(attachment)
        .withNewStatus()
        .withAttached(true)
        .endStatus()
        .build();
  }

  /// Another server holds the lease of the controllers from now on, until it lets it expire.
  private static void takeTheLead(KubernetesClient client, Cluster cluster) {
    client
        .leases()
        .inNamespace("kube-system")
        .withName("kube-controller-manager")
        .edit(
            lease -> {
              lease.getSpec().setHolderIdentity("another");
              lease.getSpec().setLeaseDurationSeconds(30);
              lease.getSpec().setRenewTime(cluster.time().now().atZone(ZoneOffset.UTC));
              return lease;
            });
  }

  /// What nobody wanted for five minutes somebody may have used while another server led.
  @Test
  void aSilentNodeIsWaitedForAnewAfterAnotherServerHasLed(
      KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    claim(client);
    cluster.settle();
    pod(client, "web", "n1");
    cluster.settle();
    client
        .resources(VolumeAttachment.class)
        .withName(attachments(client).getFirst().getMetadata().getName())
        .editStatus(AttachmentTest::attached);
    client
        .nodes()
        .withName("n1")
        .editStatus(
            each ->
                new NodeBuilder(each)
                    .editOrNewStatus()
                    .addToVolumesInUse("kubernetes.io/csi/example.com^one")
                    .endStatus()
                    .build());
    cluster.settle();
    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(attachments(client)).hasSize(1);
    takeTheLead(client, cluster);
    cluster.time().advance(Duration.ofMinutes(4));
    assertThat(attachments(client)).as("the wait begins anew").hasSize(1);
    cluster.time().advance(Duration.ofMinutes(7));
    assertThat(attachments(client)).isEmpty();
  }

  @Test
  void aVolumeThatMayBeSharedFromNowOnIsAttachedElsewhereToo(
      KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    node(client, "n2");
    claim(client);
    cluster.settle();
    pod(client, "web", "n1");
    cluster.settle();
    pod(client, "late", "n2");
    cluster.settle();
    assertThat(attachments(client)).hasSize(1);
    client
        .persistentVolumes()
        .withName("disk")
        .edit(
            each ->
                new PersistentVolumeBuilder(each)
                    .editSpec()
                    .addToAccessModes("ReadWriteMany")
                    .endSpec()
                    .build());
    cluster.settle();
    assertThat(attachments(client)).hasSize(2);
  }

  @Test
  void aDriverThatAttachesNothingIsLeftAloneUntilItIsGone(
      KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new CSIDriverBuilder()
                .withNewMetadata()
                .withName("example.com")
                .endMetadata()
                .withNewSpec()
                .withAttachRequired(false)
                .endSpec()
                .build())
        .create();
    node(client, "n1");
    claim(client);
    cluster.settle();
    pod(client, "web", "n1");
    cluster.settle();
    assertThat(attachments(client)).isEmpty();
    client.resources(CSIDriver.class).withName("example.com").delete();
    cluster.settle();
    assertThat(attachments(client)).hasSize(1);
  }

  @Test
  void aVolumeFollowsItsPods(KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    node(client, "n2");
    claim(client);
    cluster.settle();
    pod(client, "web", "n1");
    cluster.settle();
    VolumeAttachment attachment = attachments(client).getFirst();
    assertThat(attachment.getSpec().getAttacher()).isEqualTo("example.com");
    assertThat(attachment.getSpec().getNodeName()).isEqualTo("n1");
    assertThat(attachment.getSpec().getSource().getPersistentVolumeName()).isEqualTo("disk");
    client
        .resources(VolumeAttachment.class)
        .withName(attachment.getMetadata().getName())
        .editStatus(AttachmentTest::attached);
    cluster.settle();
    Node node = client.nodes().withName("n1").get();
    assertThat(node.getStatus().getVolumesAttached())
        .singleElement()
        .matches(each -> each.getName().equals("kubernetes.io/csi/example.com^one"));
    assertThat(messages(client, "web"))
        .containsExactly("AttachVolume.Attach succeeded for volume \"disk\" ");
    pod(client, "late", "n2");
    cluster.settle();
    assertThat(messages(client, "late"))
        .containsExactly(
            "Multi-Attach error for volume \"disk\" Volume is already used by pod(s) web");
    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    cluster.settle();
    assertThat(client.nodes().withName("n1").get().getStatus().getVolumesAttached()).isEmpty();
    assertThat(attachments(client))
        .singleElement()
        .matches(each -> each.getSpec().getNodeName().equals("n2"));
  }
}
