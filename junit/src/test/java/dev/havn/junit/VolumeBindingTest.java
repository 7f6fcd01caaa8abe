// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Claims and volumes find each other.
@Havn
class VolumeBindingTest {
  private static final Map<String, String> DEFAULT =
      Map.of("storageclass.kubernetes.io/is-default-class", "true");

  private static void create(KubernetesClient client, HasMetadata object) {
    client.resource(object).create();
  }

  private static PersistentVolumeBuilder volume(String name) {
    return new PersistentVolumeBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .addToCapacity("storage", new Quantity("2Gi"))
        .addToAccessModes("ReadWriteOnce", "ReadWriteMany")
        .withPersistentVolumeReclaimPolicy("Retain")
        .withNewHostPath()
        .withPath("/var/tmp/disk")
        .endHostPath()
        .endSpec();
  }

  private static PersistentVolumeClaimBuilder claim(@Nullable String storageClass) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("data")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addToAccessModes("ReadWriteOnce")
        .withStorageClassName(storageClass)
        .withNewResources()
        .addToRequests("storage", new Quantity("1Gi"))
        .endResources()
        .endSpec();
  }

  private static HasMetadata storageClass(String name, String provisioner, String mode) {
    return new StorageClassBuilder()
        .withNewMetadata()
        .withName(name)
        .withAnnotations(mode.isEmpty() ? DEFAULT : Map.of())
        .endMetadata()
        .withProvisioner(provisioner)
        .withVolumeBindingMode(mode.isEmpty() ? "Immediate" : mode)
        .withAllowVolumeExpansion(true)
        .build();
  }

  private static PersistentVolumeClaim claim(KubernetesClient client, String name) {
    return client.persistentVolumeClaims().inNamespace("default").withName(name).get();
  }

  private static PersistentVolume volume(KubernetesClient client, String name) {
    return client.persistentVolumes().withName(name).get();
  }

  private static List<Event> events(KubernetesClient client, String about) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getName().equals(about))
        .toList();
  }

  @Test
  void aClaimIsBoundAndLeavesItsVolumeReleased(KubernetesClient client, Cluster cluster) {
    create(client, volume("disk").build());
    cluster.settle();
    assertThat(volume(client, "disk").getStatus().getPhase()).isEqualTo("Available");
    create(client, claim("").build());
    cluster.settle();
    PersistentVolume bound = volume(client, "disk");
    assertThat(bound.getStatus().getPhase()).isEqualTo("Bound");
    assertThat(bound.getMetadata().getAnnotations())
        .containsEntry("pv.kubernetes.io/bound-by-controller", "yes");
    PersistentVolumeClaim claim = claim(client, "data");
    assertThat(bound.getSpec().getClaimRef().getUid()).isEqualTo(claim.getMetadata().getUid());
    assertThat(bound.getSpec().getClaimRef().getKind()).isEqualTo("PersistentVolumeClaim");
    assertThat(claim.getSpec().getVolumeName()).isEqualTo("disk");
    assertThat(claim.getMetadata().getAnnotations())
        .containsEntry("pv.kubernetes.io/bind-completed", "yes")
        .containsEntry("pv.kubernetes.io/bound-by-controller", "yes");
    assertThat(claim.getStatus().getPhase()).isEqualTo("Bound");
    assertThat(claim.getStatus().getCapacity()).containsEntry("storage", new Quantity("2Gi"));
    assertThat(claim.getStatus().getAccessModes())
        .containsExactly("ReadWriteOnce", "ReadWriteMany");
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(volume(client, "disk").getStatus().getPhase()).isEqualTo("Released");
  }

  @Test
  void aVolumeThatComesLaterIsTaken(KubernetesClient client, Cluster cluster) {
    create(client, claim("").build());
    cluster.settle();
    cluster.time().advance(Duration.ofSeconds(31));
    assertThat(events(client, "data"))
        .singleElement()
        .matches(event -> event.getReason().equals("FailedBinding"))
        .matches(event -> event.getSource().getComponent().equals("persistentvolume-controller"))
        .matches(event -> event.getCount() >= 3);
    create(client, volume("disk").build());
    cluster.settle();
    assertThat(claim(client, "data").getStatus().getPhase()).isEqualTo("Bound");
  }

  @Test
  void eachOfManyClaimsGetsAVolumeOfItsOwn(KubernetesClient client, Cluster cluster) {
    for (int i = 0; i < 5; i++) {
      create(client, claim("").editMetadata().withName("data-" + i).endMetadata().build());
      create(client, volume("disk-" + i).build());
    }
    cluster.settle();
    assertThat(client.persistentVolumes().list().getItems())
        .extracting(each -> each.getSpec().getClaimRef().getName())
        .containsExactlyInAnyOrder("data-0", "data-1", "data-2", "data-3", "data-4");
    assertThat(client.persistentVolumeClaims().inNamespace("default").list().getItems())
        .extracting(each -> each.getSpec().getVolumeName())
        .doesNotHaveDuplicates()
        .doesNotContainNull();
  }

  @Test
  void aClaimWithoutAClassGetsTheDefaultThatComesLater(KubernetesClient client, Cluster cluster) {
    create(client, claim((String) null).build());
    cluster.settle();
    create(client, storageClass("standard", "example.com/disk", ""));
    cluster.settle();
    PersistentVolumeClaim claim = claim(client, "data");
    assertThat(claim.getSpec().getStorageClassName()).isEqualTo("standard");
    assertThat(claim.getMetadata().getAnnotations())
        .containsEntry("volume.kubernetes.io/storage-provisioner", "example.com/disk")
        .containsEntry("volume.beta.kubernetes.io/storage-provisioner", "example.com/disk");
    assertThat(events(client, "data"))
        .extracting(Event::getReason)
        .contains("FailedBinding", "ExternalProvisioning");
  }

  @Test
  void aPodThatHasNoNodeIsNamed(KubernetesClient client, Cluster cluster) {
    create(client, storageClass("late", "example.com/disk", "WaitForFirstConsumer"));
    create(client, claim("late").build());
    cluster.settle();
    create(
        client,
        pod("web")
            .editSpec()
            .addToNodeSelector("no", "such")
            .addNewVolume()
            .withName("data")
            .withNewPersistentVolumeClaim("data", false)
            .endVolume()
            .endSpec()
            .build());
    cluster.settle();
    cluster.time().advance(Duration.ofSeconds(16));
    assertThat(events(client, "data"))
        .extracting(Event::getMessage)
        .contains(
            "waiting for first consumer to be created before binding",
            "waiting for pod web to be scheduled");
  }

  private static PodBuilder pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("main")
        .withImage("example/main:1")
        .endContainer()
        .endSpec();
  }

  @Test
  void aClaimOfAVolumeThatVanishesIsLost(KubernetesClient client, Cluster cluster) {
    create(client, volume("disk").build());
    create(client, claim("").build());
    cluster.settle();
    client.persistentVolumes().withName("disk").delete();
    client
        .persistentVolumes()
        .withName("disk")
        .edit(
            each ->
                new PersistentVolumeBuilder(each)
                    .editMetadata()
                    .withFinalizers()
                    .endMetadata()
                    .build());
    cluster.settle();
    PersistentVolumeClaim lost = claim(client, "data");
    assertThat(lost.getStatus().getPhase()).isEqualTo("Lost");
    assertThat(lost.getStatus().getCapacity()).isNullOrEmpty();
    assertThat(events(client, "data")).extracting(Event::getReason).contains("ClaimLost");
  }

  @Test
  void aClaimThatGrowsWaitsForItsResizer(KubernetesClient client, Cluster cluster) {
    create(client, storageClass("late", "example.com/disk", "WaitForFirstConsumer"));
    create(client, volume("disk").editSpec().withStorageClassName("late").endSpec().build());
    create(client, claim("late").editSpec().withVolumeName("disk").endSpec().build());
    cluster.settle();
    client
        .persistentVolumeClaims()
        .inNamespace("default")
        .withName("data")
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
    assertThat(events(client, "data"))
        .singleElement()
        .matches(event -> event.getReason().equals("ExternalExpanding"))
        .matches(event -> event.getSource().getComponent().equals("volume_expand"));
  }

  @Test
  void aPodEmptiesAVolumeForTheNext(KubernetesClient client, Cluster cluster) {
    create(
        client,
        volume("disk").editSpec().withPersistentVolumeReclaimPolicy("Recycle").endSpec().build());
    create(client, claim("").build());
    cluster.settle();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    Pod cleaner = client.pods().inNamespace("default").withName("recycler-for-disk").get();
    assertThat(cleaner.getSpec().getVolumes().getFirst().getHostPath().getPath())
        .isEqualTo("/var/tmp/disk");
    assertThat(cleaner.getSpec().getActiveDeadlineSeconds()).isEqualTo(60);
    client
        .pods()
        .inNamespace("default")
        .withName("recycler-for-disk")
        .editStatus(
            each -> new PodBuilder(each).editStatus().withPhase("Succeeded").endStatus().build());
    cluster.settle();
    assertThat(volume(client, "disk").getStatus().getPhase()).isEqualTo("Available");
    assertThat(volume(client, "disk").getSpec().getClaimRef()).isNull();
  }

  @Test
  void aPodOfSomebodyElseDoesNotSayThatAVolumeIsEmpty(KubernetesClient client, Cluster cluster) {
    create(
        client,
        volume("disk").editSpec().withPersistentVolumeReclaimPolicy("Recycle").endSpec().build());
    create(client, claim("").build());
    Pod forged =
        new PodBuilder()
            .withNewMetadata()
            .withName("recycler-for-disk")
            .withNamespace("default")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .withImage("example/any:1")
            .endContainer()
            .endSpec()
            .build();
    create(client, forged);
    cluster.settle();
    String uid =
        client
            .pods()
            .inNamespace("default")
            .withName("recycler-for-disk")
            .get()
            .getMetadata()
            .getUid();
    client
        .pods()
        .inNamespace("default")
        .withName("recycler-for-disk")
        .editStatus(
            each -> new PodBuilder(each).editStatus().withPhase("Succeeded").endStatus().build());
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.time().advance(Duration.ofSeconds(30));
    assertThat(volume(client, "disk").getStatus().getPhase()).isEqualTo("Released");
    assertThat(
            client
                .pods()
                .inNamespace("default")
                .withName("recycler-for-disk")
                .get()
                .getMetadata()
                .getUid())
        .isNotEqualTo(uid);
  }

  @Test
  void anEphemeralVolumeHasAClaimThatGoesWithItsPod(KubernetesClient client, Cluster cluster) {
    create(client, ephemeral());
    cluster.settle();
    PersistentVolumeClaim claim = claim(client, "web-scratch");
    assertThat(claim.getMetadata().getLabels()).containsEntry("of", "web");
    assertThat(claim.getMetadata().getOwnerReferences())
        .singleElement()
        .matches(owner -> owner.getKind().equals("Pod") && owner.getName().equals("web"))
        .matches(owner -> owner.getController() && owner.getBlockOwnerDeletion());
    client.pods().inNamespace("default").withName("web").withGracePeriod(0).delete();
    cluster.time().advance(Duration.ofSeconds(1));
    assertThat(claim(client, "web-scratch")).isNull();
  }

  @Test
  void aClaimOfSomebodyElseIsNotTakenForAnEphemeralVolume(
      KubernetesClient client, Cluster cluster) {
    create(client, claim("").editMetadata().withName("web-scratch").endMetadata().build());
    create(client, ephemeral());
    cluster.settle();
    assertThat(events(client, "web"))
        .filteredOn(event -> event.getReason().equals("FailedBinding"))
        .singleElement()
        .extracting(Event::getMessage)
        .isEqualTo(
            "ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web"
                + " (pod is not owner)");
  }

  private static Pod ephemeral() {
    return pod("web")
        .editSpec()
        .addNewVolume()
        .withName("scratch")
        .withNewEphemeral()
        .withNewVolumeClaimTemplate()
        .withNewMetadata()
        .addToLabels("of", "web")
        .endMetadata()
        .withSpec(claim("").build().getSpec())
        .endVolumeClaimTemplate()
        .endEphemeral()
        .endVolume()
        .addToNodeSelector("no", "such")
        .endSpec()
        .build();
  }
}
