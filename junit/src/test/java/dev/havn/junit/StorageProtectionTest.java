// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.VolumeAttributesClass;
import io.fabric8.kubernetes.api.model.storage.VolumeAttributesClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What is deleted while it is used stays until it is not.
@Havn
class StorageProtectionTest {
  private static PersistentVolumeClaim claim(@Nullable String attributes) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("data")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addToAccessModes("ReadWriteOnce")
        .withStorageClassName("none")
        .withVolumeAttributesClassName(attributes)
        .withNewResources()
        .addToRequests("storage", new Quantity("1Gi"))
        .endResources()
        .endSpec()
        .build();
  }

  private static @Nullable PersistentVolumeClaim claim(KubernetesClient client) {
    return client.persistentVolumeClaims().inNamespace("default").withName("data").get();
  }

  /// A pod that mounts the claim.
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
        .addNewVolume()
        .withName("data")
        .withNewPersistentVolumeClaim()
        .withClaimName("data")
        .endPersistentVolumeClaim()
        .endVolume()
        .endSpec();
  }

  @Test
  void aClaimStaysWhileAPodWithANodeNamesIt(KubernetesClient client, Cluster cluster) {
    client.resource(claim((String) null)).create();
    PodBuilder user = pod("user");
    user = user.editMetadata().addToFinalizers("example.com/hold").endMetadata();
    String node = client.nodes().list().getItems().getFirst().getMetadata().getName();
    client.resource(user.editSpec().withNodeName(node).endSpec().build()).create();
    cluster.settle();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(claim(client)).isNotNull();
    client.pods().inNamespace("default").withName("user").withGracePeriod(0).delete();
    cluster.settle();
    assertThat(claim(client)).as("the pod is held by a finalizer").isNotNull();
    client
        .pods()
        .inNamespace("default")
        .withName("user")
        .edit(pod -> new PodBuilder(pod).editMetadata().withFinalizers().endMetadata().build());
    cluster.settle();
    assertThat(claim(client)).isNull();
  }

  @Test
  void aClaimOfAPodWithoutANodeGoesAtOnce(KubernetesClient client, Cluster cluster) {
    client.resource(claim((String) null)).create();
    client
        .resource(pod("waiting").editSpec().addToNodeSelector("no", "such").endSpec().build())
        .create();
    cluster.settle();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(claim(client)).isNull();
  }

  @Test
  void aVolumeStaysWhileItIsBound(KubernetesClient client, Cluster cluster) {
    PersistentVolume volume =
        new PersistentVolumeBuilder()
            .withNewMetadata()
            .withName("disk")
            .endMetadata()
            .withNewSpec()
            .addToCapacity("storage", new Quantity("1Gi"))
            .addToAccessModes("ReadWriteOnce")
            .withNewHostPath()
            .withPath("/var/tmp/disk")
            .endHostPath()
            .endSpec()
            .build();
    client.resource(volume).create();
    PersistentVolumeClaim user = claim((String) null);
    user.getSpec().setStorageClassName("");
    client.resource(user).create();
    cluster.settle();
    client.persistentVolumes().withName("disk").delete();
    cluster.settle();
    assertThat(client.persistentVolumes().withName("disk").get()).isNotNull();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(client.persistentVolumes().withName("disk").get()).isNull();
  }

  @Test
  void aClassOfAttributesStaysWhileAClaimWantsIt(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new VolumeAttributesClassBuilder()
                .withNewMetadata()
                .withName("gold")
                .endMetadata()
                .withDriverName("example.com/driver")
                .addToParameters("tier", "gold")
                .build())
        .create();
    client.resource(claim("gold")).create();
    cluster.settle();
    client.resources(VolumeAttributesClass.class).withName("gold").delete();
    cluster.settle();
    assertThat(client.resources(VolumeAttributesClass.class).withName("gold").get()).isNotNull();
    client.persistentVolumeClaims().inNamespace("default").withName("data").delete();
    cluster.settle();
    assertThat(client.resources(VolumeAttributesClass.class).withName("gold").get()).isNull();
  }

  @Test
  void whatLostItsFinalizerGetsItBack(KubernetesClient client, Cluster cluster) {
    client.resource(claim((String) null)).create();
    client
        .persistentVolumeClaims()
        .inNamespace("default")
        .withName("data")
        .edit(
            claim ->
                new PersistentVolumeClaimBuilder(claim)
                    .editMetadata()
                    .withFinalizers()
                    .endMetadata()
                    .build());
    cluster.settle();
    assertThat(claim(client))
        .isNotNull()
        .matches(
            claim -> claim.getMetadata().getFinalizers().contains("kubernetes.io/pvc-protection"));
  }
}
