// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each file is a situation, and what the controller-manager of Kubernetes 1.36.3 made of it: its
/// status without times, the new size, its events.
class ScalingPlanTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/havn/controllers/autoscaling");
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();
  private static final ObjectMapper JSON = new ObjectMapper();

  private static List<String> situations() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<String> names = files.map(each -> String.valueOf(each.getFileName())).sorted().toList();
      assertThat(names).hasSizeGreaterThan(70);
      return names;
    }
  }

  private static <T> T model(JsonNode tree, Class<T> type) {
    return MODELS.unmarshal(tree.toString(), type);
  }

  private static Reading read(MetricSpec metric, JsonNode given) {
    JsonNode resources = given.path("metrics");
    return switch (metric.getType()) {
      case "Resource" -> MetricReader.resource(resources, metric.getResource().getName(), "");
      case "ContainerResource" ->
          MetricReader.resource(
              resources,
              metric.getContainerResource().getName(),
              metric.getContainerResource().getContainer());
      case "Pods" ->
          given.has("custom")
              ? MetricReader.ofPods(custom(given, metric.getPods().getMetric().getName()))
              : new Reading.Failed(
                  "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered");
      case "Object" ->
          MetricReader.ofObject(custom(given, metric.getObject().getMetric().getName()));
      case "External" -> MetricReader.external(given.path("external"));
      default -> throw new AssertionError(metric.getType());
    };
  }

  private static JsonNode custom(JsonNode given, String metric) {
    ArrayNode items = JSON.createArrayNode();
    for (JsonNode each : given.path("custom")) {
      if (each.at("/metric/name").asText().equals(metric)) {
        items.add(each);
      }
    }
    return items;
  }

  @ParameterizedTest
  @MethodSource("situations")
  void whatFollowsIsWhatKubernetesDoes(String file) throws IOException {
    JsonNode situation =
        JSON.valueToTree(MODELS.unmarshal(Files.readString(FOLDER.resolve(file)), Map.class));
    JsonNode given = situation.path("given");
    HorizontalPodAutoscalerSpec spec =
        model(given.path("autoscaler"), HorizontalPodAutoscaler.class).getSpec();
    Instant now = Instant.parse(given.path("now").asText());
    int current = given.path("scale").path("replicas").asInt();
    Conditions conditions = new Conditions(List.of(), now);
    conditions.set(
        "AbleToScale",
        true,
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
    History history = History.beginningWith(current, now);
    ScalingPlan plan =
        ScalingPlan.needsMetrics(spec, current)
            ? ScalingPlan.of(seen(given, spec, history, now), conditions)
            : ScalingPlan.withoutMetrics(spec, current, history, conditions);
    List<String> events = new ArrayList<>();
    plan.warnings().forEach(each -> events.add("Warning " + each.reason() + ": " + each.message()));
    if (plan.rescales()) {
      plan.done(conditions);
      events.add("Normal SuccessfulRescale: " + plan.size());
    }
    JsonNode expected = situation.path("expected");
    assertThat(plan.rescales() ? plan.replicas() : current)
        .isEqualTo(expected.path("replicas").asInt());
    assertThat(withoutTimes(conditions.json())).isEqualTo(expected.at("/status/conditions"));
    ArrayNode metrics = plan.metrics();
    assertThat(metrics == null ? JSON.nullNode() : metrics)
        .isEqualTo(expected.at("/status/currentMetrics"));
    List<String> said = new ArrayList<>();
    expected.path("events").forEach(each -> said.add(each.asText()));
    assertThat(events).containsExactlyInAnyOrderElementsOf(said);
  }

  private static ScalingPlan.Seen seen(
      JsonNode given, HorizontalPodAutoscalerSpec spec, History history, Instant now) {
    List<Pod> pods = new ArrayList<>();
    given.path("pods").forEach(each -> pods.add(model(each, Pod.class)));
    JsonNode scale = given.path("scale");
    return new ScalingPlan.Seen(
        "default",
        spec,
        new Scale(
            scale.path("replicas").asInt(),
            scale.path("present").asInt(),
            scale.path("selector").asText(),
            "",
            scale),
        pods,
        spec.getMetrics().stream().map(each -> read(each, given)).toList(),
        history,
        now,
        ScalingOptions.USUAL,
        JSON::valueToTree);
  }

  private static JsonNode withoutTimes(ArrayNode conditions) {
    conditions.forEach(each -> ((ObjectNode) each).remove("lastTransitionTime"));
    return conditions;
  }
}
