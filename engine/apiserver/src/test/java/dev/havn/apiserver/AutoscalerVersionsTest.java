// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

/// Autoscalers of version 1 and 2 are the same objects. The annotations were compared with those of
/// a kube-apiserver 1.36.3.
final class AutoscalerVersionsTest {
  private static final String OLD =
      "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
  private static final String NEW =
      "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
  private static final String TARGET =
      "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 5";
  private static final String PREFIX = "/metadata/annotations/autoscaling.alpha.kubernetes.io~1";

  private final TestApi api = new TestApi();

  private void autoscaler() {
    api.create(
        NEW,
        """
        {metadata: {name: web}, spec: {%s,
         metrics: [
          {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 55}}},
          {type: Pods, pods: {metric: {name: qps, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: 1k}}},
          {type: Object, object: {metric: {name: rps}, describedObject: {apiVersion: v1, kind: Service, name: s}, target: {type: AverageValue, averageValue: 3k}}},
          {type: External, external: {metric: {name: q}, target: {type: Value, value: "30"}}},
          {type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: Utilization, averageUtilization: 70}}}],
         behavior: {scaleDown: {selectPolicy: Disabled, policies: [{type: Pods, value: 4, periodSeconds: 60}]}}}}
        """
            .formatted(TARGET));
    api.ask("PUT", NEW + "/web/status")
        .header("content-type", "application/yaml")
        .body(
            """
            {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, status: {desiredReplicas: 2,
             conditions: [{type: AbleToScale, status: "True", reason: r, message: m, lastTransitionTime: "2026-01-01T00:00:00Z"}],
             currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 33, averageValue: 100m}}}]}}
            """)
        .send();
  }

  @Test
  void versionOneShowsTheRestInAnnotations() {
    autoscaler();
    JsonNode old = api.get(OLD + "/web").json();
    assertThat(old.at("/spec/targetCPUUtilizationPercentage").asInt()).isEqualTo(55);
    assertThat(old.at(PREFIX + "metrics").asText())
        .isEqualTo(
            "[{\"type\":\"Pods\",\"pods\":{\"metricName\":\"qps\",\"targetAverageValue\":\"1k\",\"selector\":{\"matchLabels\":{\"a\":\"b\"}}}},"
                + "{\"type\":\"Object\",\"object\":{\"target\":{\"kind\":\"Service\",\"name\":\"s\",\"apiVersion\":\"v1\"},\"metricName\":\"rps\",\"targetValue\":\"0\",\"averageValue\":\"3k\"}},"
                + "{\"type\":\"External\",\"external\":{\"metricName\":\"q\",\"targetValue\":\"30\"}},"
                + "{\"type\":\"ContainerResource\",\"containerResource\":{\"name\":\"cpu\",\"targetAverageUtilization\":70,\"container\":\"c\"}}]");
    assertThat(old.at(PREFIX + "behavior").asText())
        .startsWith("{\"ScaleUp\":{\"StabilizationWindowSeconds\":0,\"SelectPolicy\":\"Max\",")
        .endsWith(
            "\"ScaleDown\":{\"StabilizationWindowSeconds\":null,\"SelectPolicy\":\"Disabled\",\"Policies\":[{\"Type\":\"Pods\",\"Value\":4,\"PeriodSeconds\":60}],\"Tolerance\":null}}");
    assertThat(old.at(PREFIX + "current-metrics").asText())
        .isEqualTo(
            "[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"currentAverageUtilization\":33,\"currentAverageValue\":\"100m\"}}]");
    assertThat(old.at(PREFIX + "conditions").asText())
        .isEqualTo(
            "[{\"type\":\"AbleToScale\",\"status\":\"True\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\",\"reason\":\"r\",\"message\":\"m\"}]");
    assertThat(old.at("/status/currentCPUUtilizationPercentage").asInt()).isEqualTo(33);
  }

  @Test
  void whoReadsVersionOneAndWritesItBackLosesNothing() {
    autoscaler();
    JsonNode before = api.get(NEW + "/web").json();
    api.patch("merge-patch+json", OLD + "/web", "{\"spec\":{\"maxReplicas\":7}}");
    JsonNode after = api.get(NEW + "/web").json();
    assertThat(after.at("/spec/maxReplicas").asInt()).isEqualTo(7);
    assertThat(after.at("/spec/metrics"))
        .containsExactlyInAnyOrderElementsOf(before.at("/spec/metrics"));
    assertThat(after.at("/spec/behavior")).isEqualTo(before.at("/spec/behavior"));
    assertThat(after.at("/status")).isEqualTo(before.at("/status"));
    assertThat(after.path("metadata").has("annotations")).isFalse();
  }

  @Test
  void anUpdateWithoutAnnotationsTakesTheMetricsButLeavesTheStatus() {
    autoscaler();
    api.ask("PUT", OLD + "/web")
        .header("content-type", "application/yaml")
        .body(
            "{metadata: {name: web}, spec: {%s, targetCPUUtilizationPercentage: 20}}"
                .formatted(TARGET))
        .send();
    JsonNode after = api.get(NEW + "/web").json();
    assertThat(after.at("/spec/metrics"))
        .hasToString(
            "[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"averageUtilization\":20,\"type\":\"Utilization\"}}}]");
    assertThat(after.at("/spec").has("behavior")).isFalse();
    assertThat(after.at("/status/conditions/0/type").asText()).isEqualTo("AbleToScale");
  }

  @Test
  void aMetricInAnAnnotationIsValidatedLikeAnyOther() {
    String annotated =
        "{metadata: {name: web, annotations: {autoscaling.alpha.kubernetes.io/metrics: '%s'}}, spec: {%s}}";
    TestApi.Answer refused = api.create(OLD, annotated.formatted("[{\"type\":\"Nope\"}]", TARGET));
    assertThat(refused.message())
        .isEqualTo(
            "HorizontalPodAutoscaler.autoscaling \"web\" is invalid: spec.metrics[0].type: Unsupported value: \"Nope\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"");
    JsonNode unreadable = api.create(OLD, annotated.formatted("[{", TARGET)).json();
    assertThat(unreadable.at("/spec/targetCPUUtilizationPercentage").asInt()).isEqualTo(80);
  }
}
