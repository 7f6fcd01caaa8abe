// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `status/NAME.input.yaml` is a pod and what a node sees of it, `NAME.output.yaml` the status it
/// then writes.
class PodStatusTest {
  private static final Instant NOW = Instant.parse("2026-05-04T10:10:00Z");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "pending",
        "initializing",
        "running",
        "crash-loop",
        "unready",
        "readiness-gate",
        "succeeded",
        "failed",
        "init-failed",
        "sidecar",
        "post-start",
        "deadline",
        "refused",
        "resize",
        "resize-whole",
        "ephemeral",
        "evicted",
        "own-policies",
        "two-addresses"
      })
  void isComputedFromSpecAndContainers(String name) {
    JsonNode input = GoldenPods.tree(GoldenPods.text("status/" + name + ".input.yaml"));
    Pod pod = GoldenPods.pod(input.path("pod").toString());
    JsonNode seen = input.path("seen");

    ObjectNode status =
        new PodStatusOf(pod, containers(input.path("ephemeral")), observed(seen), NOW).json();

    GoldenPods.check("status/" + name + ".output.yaml", GoldenPods.yaml(status));
  }

  private static List<io.fabric8.kubernetes.api.model.Container> containers(JsonNode list) {
    return list.valueStream()
        .map(
            each ->
                GoldenPods.YAML.unmarshal(
                    each.toString(), io.fabric8.kubernetes.api.model.Container.class))
        .toList();
  }

  private static PodStatusOf.Observed observed(JsonNode seen) {
    Map<String, PodStatusOf.Waiting> waiting = new HashMap<>();
    seen.path("waiting")
        .properties()
        .forEach(
            each ->
                waiting.put(
                    each.getKey(),
                    new PodStatusOf.Waiting(
                        each.getValue().path("reason").asText(),
                        each.getValue().path("message").asText())));
    Map<String, ResourceRequirements> bounds = new HashMap<>();
    seen.path("bounds")
        .properties()
        .forEach(
            each ->
                bounds.put(
                    each.getKey(),
                    GoldenPods.YAML.unmarshal(
                        each.getValue().toString(), ResourceRequirements.class)));
    JsonNode ending = seen.path("ending");
    return new PodStatusOf.Observed(
        new Addresses("10.0.0.1", Ranges.parse("10.0.0.0/24")),
        seen.path("address").asText(),
        attempts(seen.path("latest")),
        attempts(seen.path("previous")),
        waiting,
        flags(seen.path("ready")),
        flags(seen.path("started")),
        "runc",
        bounds,
        new PodStatusOf.Resize(
            seen.has("given")
                ? Allocation.of(GoldenPods.pod("{spec: " + seen.path("given") + "}"))
                : null,
            pending(seen.path("pendingResize")),
            progress(seen.path("resizing"))),
        true,
        seen.path("startsOver").asBoolean(),
        ending.isMissingNode()
            ? null
            : new PodStatusOf.Ending(
                ending.path("reason").asText(),
                ending.path("message").asText(),
                PodStatusOf.Ending.Kind.valueOf(ending.path("kind").asText("ORDINARY")),
                PodStatusOf.Ending.HASTE),
        (spec, container) -> seen.path("lastMessages").path(container.name()).asText());
  }

  private static PodStatusOf.@Nullable Waiting pending(JsonNode json) {
    return json.isMissingNode()
        ? null
        : new PodStatusOf.Waiting(json.path("reason").asText(), json.path("message").asText());
  }

  private static Resizes.@Nullable Progress progress(JsonNode json) {
    return json.isMissingNode()
        ? null
        : new Resizes.Progress(
            json.path("generation").asLong(),
            json.path("reason").asText(),
            json.path("message").asText());
  }

  private static Map<String, Container> attempts(JsonNode json) {
    Map<String, Container> containers = new HashMap<>();
    json.properties()
        .forEach(
            each ->
                containers.put(
                    each.getKey(), GoldenPods.container(each.getKey(), each.getValue())));
    return containers;
  }

  private static Map<String, Boolean> flags(JsonNode names) {
    Map<String, Boolean> flags = new HashMap<>();
    names.forEach(name -> flags.put(name.asText(), true));
    return flags;
  }
}
