// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Change.Aspect;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Whose pods a change may help, by its kind.
class ConcernsTest {
  private static final PodFacts PLAIN = pod(false);
  private static final PodFacts RICH = pod(true);

  private final List<Filter> filters =
      Objects.requireNonNull(
              SchedulerConfiguration.STANDARD
                  .build(Volumes.NONE, _ -> Selector.EVERYTHING, Devices.NONE)
                  .get("default-scheduler"))
          .filters();
  private final NodeState node = node();

  private static PodFacts pod(boolean rich) {
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withNamespace("default")
            .withUid(rich ? "rich" : "plain")
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .withNewResources()
            .addToRequests("cpu", new Quantity("1"))
            .endResources()
            .endContainer()
            .endSpec();
    return PodFacts.of((rich ? enriched(pod) : pod).build());
  }

  /// With a port, a claim, and the label that it keeps away from and spreads by.
  private static PodBuilder enriched(PodBuilder pod) {
    return pod.editMetadata()
        .addToLabels("app", "rich")
        .endMetadata()
        .editSpec()
        .editFirstContainer()
        .addNewPort()
        .withContainerPort(80)
        .withHostPort(80)
        .endPort()
        .endContainer()
        .addNewVolume()
        .withName("v")
        .withNewPersistentVolumeClaim("claim", false)
        .endVolume()
        .withNewAffinity()
        .withNewPodAntiAffinity()
        .addNewRequiredDuringSchedulingIgnoredDuringExecution()
        .withTopologyKey("zone")
        .withNewLabelSelector()
        .addToMatchLabels("app", "rich")
        .endLabelSelector()
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endPodAntiAffinity()
        .endAffinity()
        .addNewTopologySpreadConstraint()
        .withMaxSkew(1)
        .withTopologyKey("zone")
        .withWhenUnsatisfiable("DoNotSchedule")
        .withNewLabelSelector()
        .addToMatchLabels("app", "rich")
        .endLabelSelector()
        .endTopologySpreadConstraint()
        .endSpec();
  }

  private static NodeState node() {
    ClusterState cluster = new ClusterState();
    cluster.put(
        new NodeBuilder()
            .withNewMetadata()
            .withName("n")
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .withNewStatus()
            .addToAllocatable("cpu", new Quantity("4"))
            .addToAllocatable("pods", new Quantity("10"))
            .endStatus()
            .build());
    return Objects.requireNonNull(cluster.node("n"));
  }

  private static HasMetadata claim() {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("claim")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .build();
  }

  private Change node(Aspect aspect) {
    return new Change.OfNode(aspect == Aspect.REMOVED ? null : node, Set.of(aspect));
  }

  private static Change object(HasMetadata object) {
    return new Change.OfObject(null, object);
  }

  private List<String> concerned(Change change) {
    return filters.stream().filter(each -> each.concerns(change)).map(Filter::name).toList();
  }

  @Test
  void aPodThatComesConcernsWhoWantsCompanyOrNone() {
    assertThat(concerned(new Change.OfPod(null, RICH, "n")))
        .containsExactlyInAnyOrder("PodTopologySpread", "InterPodAffinity");
  }

  @Test
  void aPodThatGoesLeavesWhatItHad() {
    assertThat(concerned(new Change.OfPod(PLAIN, null, "n")))
        .containsExactlyInAnyOrder("NodeResourcesFit", "PodTopologySpread", "InterPodAffinity");
    assertThat(concerned(new Change.OfPod(RICH, null, "n")))
        .containsExactlyInAnyOrder(
            "NodePorts",
            "NodeResourcesFit",
            "VolumeRestrictions",
            "NodeVolumeLimits",
            "PodTopologySpread",
            "InterPodAffinity");
  }

  @Test
  void aNodeThatChangesConcernsWhoLooksAtThat() {
    assertThat(concerned(node(Aspect.ALLOCATABLE))).containsExactly("NodeResourcesFit");
    assertThat(concerned(node(Aspect.FEATURES))).containsExactly("NodeDeclaredFeatures");
    assertThat(concerned(node(Aspect.REMOVED))).containsExactly("PodTopologySpread");
    assertThat(concerned(node(Aspect.TAINTS)))
        .containsExactlyInAnyOrder(
            "NodeUnschedulable", "TaintToleration", "PodTopologySpread", "InterPodAffinity");
    assertThat(concerned(node(Aspect.ADDED)))
        .as("all that do not look at volumes alone")
        .hasSize(filters.size() - 1)
        .doesNotContain("VolumeRestrictions");
  }

  @Test
  void anObjectConcernsWhoReadsIt() {
    assertThat(concerned(object(claim())))
        .containsExactlyInAnyOrder(
            "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone");
    assertThat(concerned(object(new PersistentVolume())))
        .containsExactlyInAnyOrder("VolumeBinding", "VolumeZone");
    assertThat(concerned(object(new ResourceSlice()))).containsExactly("DynamicResources");
    assertThat(concerned(object(new DeviceClass())))
        .containsExactlyInAnyOrder("NodeResourcesFit", "DynamicResources");
    assertThat(concerned(new Change.OfGone(new VolumeAttachment())))
        .containsExactly("NodeVolumeLimits");
  }

  @Test
  void whoeverMayBeHelpedIsConcerned() {
    List<Change> changes = new ArrayList<>();
    for (Aspect each : Aspect.values()) {
      changes.add(node(each));
    }
    for (PodFacts each : List.of(PLAIN, RICH)) {
      changes.add(new Change.OfPod(null, each, "n"));
      changes.add(new Change.OfPod(each, null, "n"));
      changes.add(new Change.OfPod(PLAIN, each, "n"));
    }
    for (HasMetadata each : List.of(claim(), new ResourceSlice(), new DeviceClass())) {
      changes.add(object(each));
    }
    changes.add(new Change.OfGone(new VolumeAttachment()));
    changes.add(new Change.OfItself(PLAIN, RICH));
    List<String> helped = new ArrayList<>();
    for (Change change : changes) {
      for (Filter filter : filters) {
        for (PodFacts waiting : List.of(PLAIN, RICH)) {
          if (filter.mayHelp(change, waiting)) {
            helped.add(filter.name());
            assertThat(filter.concerns(change)).as("%s of %s", filter.name(), change).isTrue();
          }
        }
      }
    }
    assertThat(helped).contains("NodeResourcesFit", "InterPodAffinity", "NodeVolumeLimits");
  }
}
