// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.Golden;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `rollout/NAME.input.yaml` is a Deployment, its ReplicaSets in short and the time,
/// `rollout/NAME.output.yaml` what is written.
class RolloutGoldenTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "scaled-in-proportion",
        "deadline-exceeded",
        "back-to-a-former-template",
        "recreate-waits",
        "too-many-old-ones",
        "terminating-pods",
        "rolled-back",
        "rolled-back-later"
      })
  void whatIsWrittenFollowsFromWhatIsThere(String name) {
    JsonNode input = Golden.input(RolloutGoldenTest.class, "rollout/" + name);
    Deployment deployment = Golden.read(input.path("deployment"), Deployment.class);
    List<ReplicaSet> sets = new ArrayList<>();
    input.path("sets").forEach(each -> sets.add(set(deployment, each)));
    RolloutPlan plan =
        RolloutPlan.of(
            RolloutPlan.Observed.of(
                deployment,
                sets,
                input.path("oldPodsRun").asBoolean(),
                () -> "template",
                Instant.parse(input.path("now").asText())));
    Map<String, Object> output = new LinkedHashMap<>();
    output.put("changes", plan.changes().stream().map(RolloutGoldenTest::words).toList());
    output.put("again", String.valueOf(plan.again()));
    Golden.check(RolloutGoldenTest.class, "rollout/" + name, output);
  }

  private static ReplicaSet set(Deployment deployment, JsonNode brief) {
    int replicas = brief.path("replicas").asInt();
    ReplicaSetBuilder set =
        new ReplicaSetBuilder()
            .withNewMetadata()
            .withName(brief.path("name").asText())
            .withNamespace("default")
            .withGeneration(1L)
            .withCreationTimestamp(brief.path("created").asText())
            .addToAnnotations(Desired.REVISION, brief.path("revision").asText())
            .addToAnnotations(Desired.DESIRED_REPLICAS, brief.path("desired").asText())
            .addToAnnotations(Desired.MAX_REPLICAS, brief.path("max").asText())
            .endMetadata()
            .withNewSpec()
            .withReplicas(replicas)
            .withTemplate(deployment.getSpec().getTemplate())
            .endSpec()
            .withNewStatus()
            .withReplicas(replicas)
            .withObservedGeneration(1L)
            .withReadyReplicas(brief.path("available").asInt())
            .withAvailableReplicas(brief.path("available").asInt())
            .withTerminatingReplicas(brief.path("terminating").asInt())
            .endStatus();
    return set.editSpec()
        .editTemplate()
        .editSpec()
        .editFirstContainer()
        .withImage(brief.path("image").asText())
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Object words(Change change) {
    return switch (change) {
      case Change.CreateSet(ReplicaSet set) ->
          new TreeMap<>(
              Map.of(
                  "create",
                  set.getMetadata().getName(),
                  "of",
                  new TreeMap<>(set.getMetadata().getAnnotations()),
                  "size",
                  set.getSpec().getReplicas()));
      case Change.Resize(ReplicaSet set, int size, Map<String, String> annotations) ->
          new TreeMap<>(
              Map.of(
                  "resize",
                  set.getMetadata().getName(),
                  "size",
                  size,
                  "of",
                  new TreeMap<>(annotations)));
      case Change.Annotate(ReplicaSet set, Map<String, String> annotations, int minReady) ->
          new TreeMap<>(
              Map.of(
                  "annotate",
                  set.getMetadata().getName(),
                  "minReady",
                  minReady,
                  "of",
                  new TreeMap<>(annotations)));
      case Change.DeleteSet(ReplicaSet set) -> "delete " + set.getMetadata().getName();
      case Change.RollBack(ReplicaSet set, long revision, Map<String, String> annotations) ->
          new TreeMap<>(
              Map.of(
                  "rollBackTo",
                  set.getMetadata().getName(),
                  "revision",
                  revision,
                  "of",
                  new TreeMap<>(annotations)));
      case Change.RefuseRollback(Map<String, String> _, String reason, String message) ->
          reason + ": " + message;
      case Change.SetStatus(DeploymentStatus status, String revision) ->
          new TreeMap<>(
              Map.of(
                  "status", Golden.read(Golden.tree(status), TreeMap.class), "revision", revision));
    };
  }
}
