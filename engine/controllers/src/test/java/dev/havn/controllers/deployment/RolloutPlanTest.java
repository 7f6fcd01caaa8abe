// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A rollout as a sequence of plans, with the cluster played by the test: every pod that is asked
/// for is available at the next step, unless its image is called `broken`.
class RolloutPlanTest {
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private Deployment deployment = deployment(3, "web:1");
  private final Map<String, ReplicaSet> sets = new HashMap<>();
  private final List<String> story = new ArrayList<>();

  @Test
  void aNewDeploymentGetsOneSetWithAllItsReplicas() {
    settle();
    assertThat(sets).hasSize(1);
    assertThat(sizes()).containsExactly(3);
    assertThat(progressing().getReason()).isEqualTo("NewReplicaSetAvailable");
    assertThat(deployment.getMetadata().getAnnotations()).containsEntry(Desired.REVISION, "1");
  }

  @Test
  void aRollingUpdateNeverLeavesSurgeOrAvailability() {
    settle();
    update("web:2");
    for (int step = 0; step < 50 && step(); step++) {
      int total = sets.values().stream().mapToInt(Desired::replicas).sum();
      int available = sets.values().stream().mapToInt(Desired::availableReplicas).sum();
      assertThat(total).as(story::toString).isLessThanOrEqualTo(4);
      assertThat(available).as(story::toString).isGreaterThanOrEqualTo(3);
    }
    assertThat(sizes()).containsExactlyInAnyOrder(0, 3);
    assertThat(deployment.getMetadata().getAnnotations()).containsEntry(Desired.REVISION, "2");
  }

  @Test
  void aBrokenTemplateStopsAtTheSurgeAndTimesOut() {
    settle();
    update("broken");
    settle();
    assertThat(sizes()).containsExactlyInAnyOrder(3, 1);
    assertThat(progressing().getReason()).isEqualTo("ReplicaSetUpdated");
    now = now.plus(Duration.ofSeconds(601));
    settle();
    assertThat(progressing().getReason()).isEqualTo("ProgressDeadlineExceeded");
    assertThat(progressing().getStatus()).isEqualTo("False");
  }

  @Test
  void recreateWaitsUntilTheOldPodsAreGone() {
    settle();
    deployment.getSpec().getStrategy().setType("Recreate");
    deployment.getSpec().getStrategy().setRollingUpdate(null);
    update("web:2");
    step();
    assertThat(sizes()).containsExactly(0);
    settle();
    assertThat(sizes()).containsExactlyInAnyOrder(0, 3);
  }

  @Test
  void goingBackToAFormerTemplateReusesItsSetWithANewRevision() {
    settle();
    update("web:2");
    settle();
    update("web:1");
    settle();
    assertThat(sets).hasSize(2);
    assertThat(deployment.getMetadata().getAnnotations()).containsEntry(Desired.REVISION, "3");
    assertThat(
            sets.values().stream()
                .map(set -> Desired.annotations(set).get(Desired.REVISION_HISTORY))
                .filter(history -> history != null))
        .containsExactly("1");
  }

  @Test
  void aPausedDeploymentScalesButDoesNotRoll() {
    settle();
    deployment.getSpec().setPaused(true);
    deployment.getSpec().setReplicas(5);
    update("web:2");
    settle();
    assertThat(sizes()).containsExactly(5);
    assertThat(progressing().getReason()).isEqualTo("DeploymentPaused");
  }

  @Test
  void scalingInTheMiddleOfARolloutKeepsTheProportion() {
    deployment.getSpec().setReplicas(10);
    settle();
    update("broken");
    settle();
    int before = sets.values().stream().mapToInt(Desired::replicas).sum();
    assertThat(before).isEqualTo(13);
    deployment.getSpec().setReplicas(20);
    settle();
    assertThat(sets.values().stream().mapToInt(Desired::replicas).sum()).isEqualTo(25);
  }

  @Test
  void historyBeyondTheLimitIsDeletedOldestFirst() {
    deployment.getSpec().setRevisionHistoryLimit(1);
    for (int version = 1; version <= 4; version++) {
      update("web:" + version);
      settle();
    }
    assertThat(sets.values().stream().map(Desired::revision)).containsExactlyInAnyOrder(3L, 4L);
  }

  @Test
  void theMostReplicasThereCanBeDoNotOverflow() {
    deployment.getSpec().setReplicas(Integer.MAX_VALUE);
    deployment.getSpec().getStrategy().getRollingUpdate().setMaxSurge(new IntOrString("1000%"));
    settle();
    assertThat(sizes()).containsExactly(Integer.MAX_VALUE);
    update("broken");
    settle();
    assertThat(sizes()).hasSize(2).allMatch(size -> size > 0);
    deployment.getSpec().setReplicas(3);
    settle();
    assertThat(sizes()).allMatch(size -> size >= 0 && size <= 33);
  }

  private void update(String image) {
    deployment.getSpec().getTemplate().getSpec().getContainers().getFirst().setImage(image);
    deployment.getMetadata().setGeneration(deployment.getMetadata().getGeneration() + 1);
  }

  private void settle() {
    for (int step = 0; step < 100; step++) {
      if (!step()) {
        return;
      }
    }
    throw new AssertionError("never settles: " + story);
  }

  /// Whether anything was written.
  private boolean step() {
    RolloutPlan plan =
        RolloutPlan.of(
            RolloutPlan.Observed.of(
                deployment, List.copyOf(sets.values()), false, this::template, now));
    plan.changes().forEach(this::apply);
    sets.replaceAll((name, set) -> play(set));
    now = now.plusSeconds(1);
    return !plan.changes().isEmpty();
  }

  private String template() {
    return deployment.getSpec().getTemplate().toString();
  }

  private void apply(Change change) {
    story.add(change.getClass().getSimpleName());
    switch (change) {
      case Change.CreateSet(ReplicaSet set) ->
          sets.put(
              set.getMetadata().getName(),
              new ReplicaSetBuilder(set)
                  .editMetadata()
                  .withGeneration(1L)
                  .withCreationTimestamp(now.toString())
                  .endMetadata()
                  .build());
      case Change.Resize(ReplicaSet set, int size, Map<String, String> annotations) -> {
        ReplicaSetBuilder builder = new ReplicaSetBuilder(sets.get(set.getMetadata().getName()));
        builder.editMetadata().addToAnnotations(annotations).endMetadata();
        builder.editSpec().withReplicas(size).endSpec();
        sets.put(set.getMetadata().getName(), builder.build());
      }
      case Change.Annotate(ReplicaSet set, Map<String, String> annotations, int minReady) -> {
        ReplicaSetBuilder builder = new ReplicaSetBuilder(sets.get(set.getMetadata().getName()));
        builder.editMetadata().addToAnnotations(annotations).endMetadata();
        builder.editSpec().withMinReadySeconds(minReady).endSpec();
        sets.put(set.getMetadata().getName(), builder.build());
      }
      case Change.DeleteSet(ReplicaSet set) -> sets.remove(set.getMetadata().getName());
      case Change.RollBack _, Change.RefuseRollback _ ->
          throw new AssertionError("nobody wished for a former revision");
      case Change.SetStatus(DeploymentStatus status, String revision) ->
          deployment =
              new DeploymentBuilder(deployment)
                  .withStatus(status)
                  .editMetadata()
                  .addToAnnotations(Desired.REVISION, revision)
                  .endMetadata()
                  .build();
    }
  }

  private static ReplicaSet play(ReplicaSet set) {
    int size = Desired.replicas(set);
    boolean broken =
        set.getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst()
            .getImage()
            .equals("broken");
    return new ReplicaSetBuilder(set)
        .withNewStatus()
        .withObservedGeneration(set.getMetadata().getGeneration())
        .withReplicas(size)
        .withReadyReplicas(broken ? 0 : size)
        .withAvailableReplicas(broken ? 0 : size)
        .endStatus()
        .build();
  }

  private List<Integer> sizes() {
    return sets.values().stream().map(Desired::replicas).toList();
  }

  private DeploymentCondition progressing() {
    return deployment.getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals("Progressing"))
        .findFirst()
        .orElseThrow();
  }

  private static Deployment deployment(int replicas, String image) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .withUid("d-1")
        .withGeneration(1L)
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .withNewSelector()
        .addToMatchLabels("app", "web")
        .endSelector()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxSurge(new IntOrString("25%"))
        .withMaxUnavailable(new IntOrString("25%"))
        .endRollingUpdate()
        .endStrategy()
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels("app", "web")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("web")
        .withImage(image)
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }
}
