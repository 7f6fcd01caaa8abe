// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.TopologySelectorTermBuilder;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Claims get folders of nodes, as those of the class `standard` do where containers are real.
@Havn
class HostPathProvisioningTest {
  private static void offer(KubernetesClient client) {
    client
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName("standard")
                .endMetadata()
                .withProvisioner("havn.dev/host-path")
                .withVolumeBindingMode("WaitForFirstConsumer")
                .withAllowVolumeExpansion(true)
                .build())
        .create();
  }

  private static PersistentVolumeClaimBuilder wanted() {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("data")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withStorageClassName("standard")
        .addToAccessModes("ReadWriteOnce")
        .withNewResources()
        .addToRequests("storage", new Quantity("1Gi"))
        .endResources()
        .endSpec();
  }

  private static void use(KubernetesClient client) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("web")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
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

  private static PersistentVolumeClaim claim(KubernetesClient client) {
    return client.persistentVolumeClaims().inNamespace("default").withName("data").get();
  }

  @Test
  void aClaimGetsAFolderThatGoesWithIt(KubernetesClient client, Cluster cluster) {
    offer(client);
    client.resource(wanted().build()).create();
    cluster.settle();
    assertThat(claim(client).getStatus().getPhase()).isEqualTo("Pending");
    use(client);
    cluster.settle();
    assertThat(claim(client).getStatus().getPhase()).isEqualTo("Bound");
    assertThat(client.pods().inNamespace("default").withName("web").get().getStatus().getPhase())
        .isEqualTo("Running");
    PersistentVolume volume = client.persistentVolumes().list().getItems().getFirst();
    Path folder = Path.of(volume.getSpec().getLocal().getPath());
    assertThat(folder).isDirectory().hasFileName("pvc-" + claim(client).getMetadata().getUid());
    assertThat(volume.getSpec().getPersistentVolumeReclaimPolicy()).isEqualTo("Delete");
    assertThat(volume.getMetadata().getFinalizers())
        .contains("external-provisioner.volume.kubernetes.io/finalizer");
    assertThat(volume.getMetadata().getAnnotations())
        .doesNotContainKey("havn.dev/folder-to-be-made");

    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    assertThat(Files.exists(folder)).isFalse();
  }

  @Test
  void aVolumeThatIsDeletedBeforeItsClaimTakesItsFolderAlong(
      KubernetesClient client, Cluster cluster) {
    offer(client);
    client.resource(wanted().build()).create();
    use(client);
    cluster.settle();
    PersistentVolume volume = client.persistentVolumes().list().getItems().getFirst();
    Path folder = Path.of(volume.getSpec().getLocal().getPath());
    client.resource(volume).delete();
    cluster.settle();
    assertThat(folder).as("it is in use").isDirectory();
    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    assertThat(Files.exists(folder)).isFalse();
  }

  @Test
  void aFolderThatIsToBeKeptStaysWhenItsVolumeGoes(KubernetesClient client, Cluster cluster) {
    offer(client);
    client.resource(wanted().build()).create();
    use(client);
    cluster.settle();
    PersistentVolume volume = client.persistentVolumes().list().getItems().getFirst();
    client
        .resource(volume)
        .edit(
            each ->
                new PersistentVolumeBuilder(each)
                    .editSpec()
                    .withPersistentVolumeReclaimPolicy("Retain")
                    .endSpec()
                    .build());
    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    client.resource(volume).delete();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    assertThat(Path.of(volume.getSpec().getLocal().getPath())).isDirectory();
  }

  @Test
  void aFolderThatIsLostIsNotMadeAnew(KubernetesClient client, Cluster cluster) throws IOException {
    offer(client);
    client.resource(wanted().build()).create();
    use(client);
    cluster.settle();
    PersistentVolume volume = client.persistentVolumes().list().getItems().getFirst();
    Path folder = Path.of(volume.getSpec().getLocal().getPath());
    Files.delete(folder);
    client
        .resource(volume)
        .edit(
            each ->
                new PersistentVolumeBuilder(each)
                    .editMetadata()
                    .addToLabels("touched", "yes")
                    .endMetadata()
                    .build());
    cluster.settle();
    assertThat(Files.exists(folder)).as("an empty one would hide the loss").isFalse();
  }

  @Test
  void aClaimGrowsWhenItAsksForMore(KubernetesClient client, Cluster cluster) {
    offer(client);
    client.resource(wanted().build()).create();
    use(client);
    cluster.settle();
    client
        .resource(claim(client))
        .edit(
            each ->
                new PersistentVolumeClaimBuilder(each)
                    .editSpec()
                    .editResources()
                    .addToRequests("storage", new Quantity("3Gi"))
                    .endResources()
                    .endSpec()
                    .build());
    cluster.settle();
    assertThat(claim(client).getStatus().getCapacity())
        .containsEntry("storage", new Quantity("3Gi"));
    assertThat(client.persistentVolumes().list().getItems().getFirst().getSpec().getCapacity())
        .containsEntry("storage", new Quantity("3Gi"));
  }

  @Test
  void ourNameOnAClaimOfAnothersClassMakesNothing(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName("standard")
                .endMetadata()
                .withProvisioner("example.com/other")
                .withVolumeBindingMode("Immediate")
                .build())
        .create();
    cluster.settle();
    client
        .resource(
            wanted()
                .editMetadata()
                .addToAnnotations("volume.kubernetes.io/storage-provisioner", "havn.dev/host-path")
                .endMetadata()
                .build())
        .create();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
  }

  @Test
  void whatCannotBeMadeIsSaid(KubernetesClient client, Cluster cluster) {
    offer(client);
    client.resource(wanted().editSpec().withVolumeMode("Block").endSpec().build()).create();
    use(client);
    cluster.settle();
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .filteredOn(each -> each.getReason().equals("ProvisioningFailed"))
        .extracting(Event::getMessage)
        .containsExactly(
            "failed to provision volume with StorageClass \"standard\": havn.dev/host-path does not support block volume provisioning");
  }

  private static StorageClassBuilder atOnce() {
    return new StorageClassBuilder()
        .withNewMetadata()
        .withName("standard")
        .endMetadata()
        .withProvisioner("havn.dev/host-path")
        .withVolumeBindingMode("Immediate");
  }

  private static StorageClassBuilder allowing(String... hosts) {
    return atOnce()
        .addToAllowedTopologies(
            new TopologySelectorTermBuilder()
                .addNewMatchLabelExpression()
                .withKey("kubernetes.io/hostname")
                .withValues(hosts)
                .endMatchLabelExpression()
                .build());
  }

  private static List<String> failures(KubernetesClient client) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getReason().equals("ProvisioningFailed"))
        .map(Event::getMessage)
        .toList();
  }

  @Test
  void aVolumeAtOnceIsOfANodeThatItsClassAllows() {
    try (Cluster two = Cluster.start(2)) {
      KubernetesClient client = two.client();
      List<String> nodes =
          client.nodes().list().getItems().stream()
              .map(each -> each.getMetadata().getName())
              .toList();
      assertThat(nodes).hasSize(2);
      client.resource(allowing(nodes.getLast()).build()).create();
      client.resource(wanted().build()).create();
      two.settle();
      assertThat(
              client
                  .persistentVolumes()
                  .list()
                  .getItems()
                  .getFirst()
                  .getSpec()
                  .getNodeAffinity()
                  .getRequired()
                  .getNodeSelectorTerms()
                  .getFirst()
                  .getMatchExpressions()
                  .getFirst()
                  .getValues())
          .containsExactly(nodes.getLast());
    }
  }

  @Test
  void noVolumeIsMadeWhereItsClassAllowsNone(KubernetesClient client, Cluster cluster) {
    client.resource(allowing("elsewhere").build()).create();
    client.resource(wanted().build()).create();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    assertThat(failures(client))
        .containsExactly(
            "failed to provision volume with StorageClass \"standard\": no node of this server is in the topologies that the class allows");
  }

  @Test
  void aVolumeIsMadeOnceANodeComesToBeAllowed(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            atOnce()
                .addToAllowedTopologies(
                    new TopologySelectorTermBuilder()
                        .addNewMatchLabelExpression()
                        .withKey("example.com/disk")
                        .withValues("fast")
                        .endMatchLabelExpression()
                        .build())
                .build())
        .create();
    client.resource(wanted().build()).create();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    String node = client.nodes().list().getItems().getFirst().getMetadata().getName();
    client
        .nodes()
        .withName(node)
        .edit(
            each ->
                new NodeBuilder(each)
                    .editMetadata()
                    .addToLabels("example.com/disk", "fast")
                    .endMetadata()
                    .build());
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(claim(client).getStatus().getPhase()).isEqualTo("Bound");
  }

  @Test
  void mountOptionsThatNobodyWouldFollowAreRefused(KubernetesClient client, Cluster cluster) {
    client.resource(atOnce().withMountOptions("noatime", "nodev").build()).create();
    client.resource(wanted().build()).create();
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems()).isEmpty();
    assertThat(failures(client))
        .containsExactly(
            "failed to provision volume with StorageClass \"standard\": Mount options are not supported by the provisioner but StorageClass \"standard\" has mount options [noatime nodev]");
  }
}
