// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSINodeBuilder;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VolumeHintsTest {
  private static final PodFacts POD =
      PodFacts.of(
          new PodBuilder()
              .withNewMetadata()
              .withName("p")
              .withNamespace("default")
              .endMetadata()
              .withNewSpec()
              .addNewVolume()
              .withName("v")
              .withNewPersistentVolumeClaim("mine", false)
              .endVolume()
              .endSpec()
              .build());

  private static final Volumes VOLUMES =
      new Volumes() {
        @Override
        public @Nullable PersistentVolumeClaim claim(String key) {
          return key.equals("default/mine") ? VolumeHintsTest.claim("mine", "fast") : null;
        }

        @Override
        public @Nullable PersistentVolume volume(String name) {
          return null;
        }

        @Override
        public Collection<PersistentVolume> volumesOf(String className) {
          return List.of();
        }

        @Override
        public @Nullable StorageClass storageClass(String name) {
          return null;
        }

        @Override
        public @Nullable CSINode driversOf(String node) {
          return null;
        }

        @Override
        public Collection<VolumeAttachment> attachments(String node) {
          return List.of();
        }

        @Override
        public boolean reportsCapacity(String driver) {
          return false;
        }

        @Override
        public Collection<CSIStorageCapacity> capacities(String className) {
          return List.of();
        }

        @Override
        public @Nullable String takenFor(String volume) {
          return null;
        }
      };

  private static PersistentVolumeClaim claim(String name, String className) {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withStorageClassName(className)
        .endSpec()
        .build();
  }

  private static PersistentVolumeBuilder volume(String className) {
    return new PersistentVolumeBuilder()
        .withNewMetadata()
        .withName("pv")
        .endMetadata()
        .withNewSpec()
        .withStorageClassName(className)
        .endSpec();
  }

  private static StorageClass named(String name) {
    return new StorageClassBuilder().withNewMetadata().withName(name).endMetadata().build();
  }

  private static boolean binding(io.fabric8.kubernetes.api.model.HasMetadata object) {
    return new VolumeBinding(VOLUMES).mayHelp(new Change.OfObject(null, object), POD);
  }

  @Test
  void aPodIsLookedAtAgainForItsOwnClaimsAndWhatTheyMayGet() {
    assertThat(binding(claim("mine", "fast"))).isTrue();
    assertThat(binding(claim("another", "fast"))).isFalse();
    assertThat(binding(volume("fast").build())).isTrue();
    assertThat(binding(volume("slow").build())).isFalse();
    assertThat(binding(named("fast"))).isTrue();
    assertThat(binding(named("slow"))).isFalse();
  }

  @Test
  void aVolumeThatIsKeptForOneClaimHelpsThatOneOnly() {
    var mine =
        volume("fast").editSpec().withNewClaimRef().withNamespace("default").withName("mine");
    assertThat(binding(mine.endClaimRef().endSpec().build())).isTrue();
    var other =
        volume("fast").editSpec().withNewClaimRef().withNamespace("default").withName("other");
    assertThat(binding(other.endClaimRef().endSpec().build())).isFalse();
  }

  @Test
  void aVolumeThatIsDetachedMakesRoomForWhoeverUsesClaims() {
    Change detached = new Change.OfGone(new VolumeAttachment());
    NodeVolumeLimits limits = new NodeVolumeLimits(VOLUMES);
    assertThat(limits.mayHelp(detached, POD)).isTrue();
    assertThat(limits.mayHelp(new Change.OfGone(new CSINode()), POD)).isFalse();
    PodFacts other = PodFacts.of(POD.pod().edit().editSpec().withVolumes().endSpec().build());
    assertThat(limits.mayHelp(detached, other)).as("a pod without claims").isFalse();
    assertThat(new VolumeBinding(VOLUMES).mayHelp(detached, POD)).isFalse();
  }

  @Test
  void whatANodeCanHaveHelpsWhenItHasChanged() {
    CSINode before = new CSINodeBuilder().withNewSpec().endSpec().build();
    CSINode more =
        new CSINodeBuilder()
            .withNewSpec()
            .addNewDriver()
            .withName("d")
            .endDriver()
            .endSpec()
            .build();
    NodeVolumeLimits limits = new NodeVolumeLimits(VOLUMES);
    assertThat(limits.mayHelp(new Change.OfObject(before, more), POD)).isTrue();
    assertThat(limits.mayHelp(new Change.OfObject(more, more), POD)).isFalse();
    assertThat(limits.mayHelp(new Change.OfObject(null, claim("another", "fast")), POD)).isFalse();
  }
}
