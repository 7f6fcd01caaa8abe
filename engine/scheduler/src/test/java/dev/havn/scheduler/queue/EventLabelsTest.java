// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Change.Aspect;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The words are those of kube-scheduler 1.36.
class EventLabelsTest {
  private static final Pod POD =
      new PodBuilder()
          .withNewMetadata()
          .withName("p")
          .withUid("p")
          .withNamespace("default")
          .endMetadata()
          .withNewSpec()
          .addNewContainer()
          .withNewResources()
          .addToRequests("cpu", new Quantity("2"))
          .endResources()
          .endContainer()
          .endSpec()
          .build();

  private static PodBuilder pod() {
    return new PodBuilder(POD);
  }

  private static String ofPod(@Nullable Pod before, @Nullable Pod after) {
    return EventLabels.of(
        new Change.OfPod(
            before == null ? null : PodFacts.of(before),
            after == null ? null : PodFacts.of(after),
            "n"));
  }

  private static String ofItself(PodBuilder after) {
    return EventLabels.of(new Change.OfItself(PodFacts.of(POD), PodFacts.of(after.build())));
  }

  private static String ofNode(Aspect... aspects) {
    return EventLabels.of(new Change.OfNode(null, Set.of(aspects)));
  }

  @Test
  void nodes() {
    assertThat(ofNode(Aspect.ADDED)).isEqualTo("NodeAdd");
    assertThat(ofNode(Aspect.REMOVED)).isEqualTo("NodeDelete");
    assertThat(ofNode(Aspect.LABELS)).isEqualTo("NodeUpdateNodeLabel");
    assertThat(ofNode(Aspect.TAINTS)).isEqualTo("NodeUpdateNodeTaint");
    assertThat(ofNode(Aspect.FEATURES)).isEqualTo("NodeUpdateNodeDeclaredFeature");
    assertThat(ofNode(Aspect.LABELS, Aspect.ALLOCATABLE)).isEqualTo("NodeUpdateNodeAllocatable");
  }

  @Test
  void podsWithANode() {
    assertThat(ofPod(null, POD)).isEqualTo("AssignedPodAdd");
    assertThat(ofPod(POD, null)).isEqualTo("AssignedPodDelete");
    assertThat(ofPod(POD, POD)).isEqualTo("AssignedPodUpdate");
    assertThat(ofPod(POD, pod().editMetadata().addToLabels("a", "b").endMetadata().build()))
        .isEqualTo("AssignedPodUpdatePodLabel");
  }

  @Test
  void podsThatWait() {
    assertThat(ofItself(pod())).isEqualTo("UnschedulablePodUpdate");
    assertThat(
            ofItself(
                pod()
                    .editSpec()
                    .editFirstContainer()
                    .editResources()
                    .addToRequests("cpu", new Quantity("1"))
                    .endResources()
                    .endContainer()
                    .endSpec()))
        .isEqualTo("UnschedulablePodUpdatePodScaleDown");
    assertThat(ofItself(pod().editSpec().addNewToleration().endToleration().endSpec()))
        .isEqualTo("UnschedulablePodUpdatePodToleration");
    assertThat(
            ofItself(
                pod()
                    .withNewStatus()
                    .addNewResourceClaimStatus()
                    .withName("c")
                    .endResourceClaimStatus()
                    .endStatus()))
        .isEqualTo("UnschedulablePodUpdatePodGeneratedResourceClaim");
  }

  @Test
  void otherObjects() {
    assertThat(EventLabels.of(new Change.OfObject(null, new PersistentVolumeClaim())))
        .isEqualTo("PersistentVolumeClaimAdd");
    assertThat(EventLabels.of(new Change.OfObject(new CSINode(), new CSINode())))
        .isEqualTo("storage.k8s.io/CSINodeUpdate");
    assertThat(EventLabels.of(new Change.OfObject(null, new ResourceClaim())))
        .isEqualTo("resource.k8s.io/ResourceClaimAdd");
    assertThat(EventLabels.of(new Change.OfGone(new VolumeAttachment())))
        .isEqualTo("storage.k8s.io/VolumeAttachmentDelete");
  }
}
