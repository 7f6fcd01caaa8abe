// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.Golden;
import dev.havn.controllers.statefulset.SetPlan.Observed;
import dev.havn.controllers.statefulset.SetPlan.Template;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is seen, and what a set does next.
class SetPlanTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "next-ordinal-with-claims",
        "parallel-from-a-start",
        "waits-for-an-unavailable-pod",
        "scale-down",
        "scale-down-of-the-unhealthy",
        "partition",
        "partition-reached",
        "update-in-order",
        "update-of-several",
        "update-of-several-switched-off",
        "update-of-several-above-a-broken-one",
        "on-delete",
        "ended-pods",
        "claims-of-a-scaled-away-pod",
        "conflicting-owner",
        "identity-lost",
        "leaving"
      })
  void plansAsInTheFile(String name) {
    JsonNode input = Golden.input(SetPlanTest.class, name);
    SetPlan plan = SetPlan.of(observed(input));
    Map<String, Object> output = new LinkedHashMap<>();
    output.put(
        "phases",
        plan.phases().stream()
            .map(
                phase ->
                    Map.of(
                        phase.burst() ? "together" : "inOrder",
                        phase.replicas().stream()
                            .map(steps -> steps.stream().map(SetPlanTest::words).toList())
                            .toList()))
            .toList());
    output.put("status", Golden.read(plan.done().json(), Map.class));
    output.put("again", String.valueOf(plan.again()));
    Golden.check(SetPlanTest.class, name, output);
  }

  private static Observed observed(JsonNode input) {
    StatefulSet set = Golden.read(input.path("set"), StatefulSet.class);
    List<Pod> pods = new ArrayList<>();
    for (JsonNode each : input.path("pods")) {
      pods.add(member(Golden.pod(each), each));
    }
    Map<String, PersistentVolumeClaim> claims = new HashMap<>();
    for (JsonNode each : input.path("claims")) {
      PersistentVolumeClaim claim = Golden.read(each, PersistentVolumeClaim.class);
      claims.put(claim.getMetadata().getName(), claim);
    }
    PodTemplateSpec update = set.getSpec().getTemplate();
    PodTemplateSpec current =
        new PodTemplateSpecBuilder(update)
            .editSpec()
            .editFirstContainer()
            .withImage("example/web:former")
            .endContainer()
            .endSpec()
            .build();
    return new Observed(
        new Desired(set),
        pods,
        claims::get,
        input.path("current").asText().equals("new")
            ? new Template("new", update)
            : new Template("old", current),
        new Template("new", update),
        0,
        input.path("severalAtOnce").asBoolean(),
        Instant.parse("2026-01-01T00:01:00Z"));
  }

  /// With the label of its name and its volume, unless it is said to have lost them.
  private static Pod member(Pod pod, JsonNode brief) {
    String name = pod.getMetadata().getName();
    PodBuilder member = new PodBuilder(pod);
    if (!brief.path("lost").asBoolean()) {
      member
          .editMetadata()
          .addToLabels("statefulset.kubernetes.io/pod-name", name)
          .endMetadata()
          .editSpec()
          .addNewVolume()
          .withName("data")
          .withNewPersistentVolumeClaim("data-" + name, null)
          .endVolume()
          .endSpec();
    }
    return member.build();
  }

  private static Object words(Step step) {
    return switch (step) {
      case Step.MakeClaims(Pod pod, List<PersistentVolumeClaim> missing, var leaving, var verb) ->
          sorted(
              "claimsFor",
              pod.getMetadata().getName(),
              "missing",
              missing.stream().map(claim -> Golden.read(Golden.tree(claim), Map.class)).toList(),
              "leaving",
              leaving,
              "while",
              String.valueOf(verb));
      case Step.OwnClaim owns ->
          sorted(
              "own",
              owns.claim().getMetadata().getName(),
              "owners",
              owns.owners().stream().map(each -> each.getKind() + " " + each.getUid()).toList(),
              "tells",
              owns.tells());
      case Step.WarnOfConflict(PersistentVolumeClaim claim) ->
          "conflict about " + claim.getMetadata().getName();
      case Step.CreatePod(Pod pod) -> Map.of("create", Golden.read(Golden.tree(pod), Map.class));
      case Step.RepairPod repair ->
          "repair "
              + repair.pod().getMetadata().getName()
              + (repair.identity() ? " identity" : "")
              + (repair.storage() ? " storage" : "");
      case Step.DeletePod(Pod pod) -> "delete " + pod.getMetadata().getName();
    };
  }

  private static Map<String, Object> sorted(Object... fields) {
    Map<String, Object> sorted = new TreeMap<>();
    for (int index = 0; index < fields.length; index += 2) {
      sorted.put((String) fields[index], fields[index + 1]);
    }
    return sorted;
  }
}
