// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerCondition;
import io.fabric8.kubernetes.api.model.metrics.v1beta1.NodeMetrics;
import io.fabric8.kubernetes.api.model.metrics.v1beta1.PodMetrics;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Figures of pods, and what autoscalers make of them.
@Havn
class AutoscalingTest {
  private static final Duration PERIOD = Duration.ofSeconds(15);

  private static final String WEB =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, namespace: default}
      spec:
        replicas: 2
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers:
            - {name: web, image: web, resources: {requests: {cpu: 100m, memory: 64Mi}}}
            - {name: log, image: log, resources: {requests: {cpu: 100m, memory: 64Mi}}}
      """;

  private static final String AUTOSCALER =
      """
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: {name: web, namespace: default}
      spec:
        scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
        minReplicas: 1
        maxReplicas: 6
        metrics:
        - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
      """;

  private static void create(KubernetesClient client, String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).create();
  }

  /// Says what the containers of all pods use from now on.
  private static void use(KubernetesClient client, String cpu, String memory) {
    for (Pod pod : client.pods().inNamespace("default").list().getItems()) {
      client
          .resource(pod)
          .edit(
              each ->
                  each.edit()
                      .editMetadata()
                      .addToAnnotations("usage.havn.dev/cpu", cpu)
                      .addToAnnotations("usage.havn.dev/memory", memory)
                      .endMetadata()
                      .build());
    }
  }

  private static HorizontalPodAutoscaler web(KubernetesClient client) {
    return client
        .autoscaling()
        .v2()
        .horizontalPodAutoscalers()
        .inNamespace("default")
        .withName("web")
        .get();
  }

  private static int replicas(KubernetesClient client) {
    return client
        .apps()
        .deployments()
        .inNamespace("default")
        .withName("web")
        .get()
        .getSpec()
        .getReplicas();
  }

  private static List<String> conditions(HorizontalPodAutoscaler autoscaler) {
    return autoscaler.getStatus().getConditions().stream().map(AutoscalingTest::words).toList();
  }

  private static String words(HorizontalPodAutoscalerCondition condition) {
    return "%s=%s %s: %s"
        .formatted(
            condition.getType(),
            condition.getStatus(),
            condition.getReason(),
            condition.getMessage());
  }

  private static List<String> events(KubernetesClient client) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> each.getInvolvedObject().getKind().equals("HorizontalPodAutoscaler"))
        .map(AutoscalingTest::words)
        .toList();
  }

  private static String words(Event event) {
    return event.getType() + " " + event.getReason() + ": " + event.getMessage();
  }

  @Test
  void simulatedPodsUseWhatTheirAnnotationsSay(KubernetesClient client, Cluster cluster) {
    create(client, WEB);
    cluster.settle();
    Pod first = client.pods().inNamespace("default").list().getItems().getFirst();
    client
        .resource(first)
        .edit(
            each ->
                each.edit()
                    .editMetadata()
                    .addToAnnotations("usage.havn.dev/cpu", "250m")
                    .addToAnnotations("usage.havn.dev/cpu.log", "10m")
                    .addToAnnotations("usage.havn.dev/memory", "64Mi")
                    .endMetadata()
                    .build());
    List<PodMetrics> all = client.top().pods().metrics("default").getItems();
    assertThat(all).hasSize(2);
    PodMetrics own =
        client.top().pods().inNamespace("default").withName(first.getMetadata().getName()).metric();
    assertThat(own.getMetadata().getLabels()).containsEntry("app", "web");
    assertThat(own.getContainers().get(0).getUsage())
        .isEqualTo(Map.of("cpu", new Quantity("250m"), "memory", new Quantity("64Mi")));
    assertThat(own.getContainers().get(1).getUsage())
        .isEqualTo(Map.of("cpu", new Quantity("10m"), "memory", new Quantity("64Mi")));
    NodeMetrics node = client.top().nodes().metrics().getItems().getFirst();
    assertThat(node.getUsage())
        .isEqualTo(Map.of("cpu", new Quantity("260m"), "memory", new Quantity("128Mi")));
  }

  @Test
  void loadGrowsADeploymentAndItsEndShrinksItOnceTheWindowIsOver(
      KubernetesClient client, Cluster cluster) {
    create(client, WEB);
    cluster.settle();
    use(client, "80m", "10Mi");
    create(client, AUTOSCALER);
    cluster.time().advance(PERIOD);
    // 160m of 200m are 80 percent, which are 50 times 1.6: two become four.
    assertThat(replicas(client)).isEqualTo(4);
    HorizontalPodAutoscaler now = web(client);
    assertThat(now.getStatus().getCurrentReplicas()).isEqualTo(2);
    assertThat(now.getStatus().getDesiredReplicas()).isEqualTo(4);
    assertThat(now.getStatus().getCurrentMetrics().getFirst().getResource().getCurrent())
        .satisfies(
            current -> {
              assertThat(current.getAverageUtilization()).isEqualTo(80);
              assertThat(current.getAverageValue()).isEqualTo(new Quantity("160m"));
            });
    assertThat(now.getStatus().getLastScaleTime()).isEqualTo(cluster.time().now().toString());
    assertThat(conditions(now))
        .containsExactly(
            "AbleToScale=True SucceededRescale: the HPA controller was able to update the target scale to 4",
            "ScalingActive=True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            "ScalingLimited=False DesiredWithinRange: the desired count is within the acceptable range");
    assertThat(events(client))
        .containsExactly(
            "Normal SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target");
    use(client, "10m", "10Mi");
    cluster.time().advance(Duration.ofMinutes(4));
    assertThat(replicas(client)).isEqualTo(4);
    assertThat(conditions(web(client)).getFirst())
        .isEqualTo(
            "AbleToScale=True ScaleDownStabilized: recent recommendations were higher than current one, applying the highest recent recommendation");
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(replicas(client)).isEqualTo(1);
    assertThat(events(client))
        .contains("Normal SuccessfulRescale: New size: 1; reason: All metrics below target");
  }

  @Test
  void aTargetThatIsNotThereIsSaidAndLookedForAgain(KubernetesClient client, Cluster cluster) {
    create(client, AUTOSCALER);
    cluster.time().advance(PERIOD);
    assertThat(conditions(web(client)))
        .containsExactly(
            "AbleToScale=False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found");
    assertThat(events(client))
        .containsExactly("Warning FailedGetScale: deployments.apps \"web\" not found");
    create(client, WEB);
    cluster.settle();
    use(client, "50m", "10Mi");
    cluster.time().advance(PERIOD.multipliedBy(2));
    assertThat(conditions(web(client)))
        .contains(
            "AbleToScale=True ReadyForNewScale: recommended size matches current size",
            "ScalingActive=True ValidMetricFound: the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)");
  }

  @Test
  void metricsThatNobodyServesAreSaidOneByOne(KubernetesClient client, Cluster cluster) {
    create(client, WEB.replace("requests: {cpu: 100m, memory: 64Mi}", "requests: {memory: 64Mi}"));
    create(
        client,
        AUTOSCALER
            + """
              - {type: Pods, pods: {metric: {name: packets}, target: {type: AverageValue, averageValue: 1k}}}
              - type: External
                external:
                  metric: {name: queue, selector: {matchLabels: {app: web}}}
                  target: {type: Value, value: 30}
            """);
    cluster.time().advance(PERIOD);
    String pod =
        client.pods().inNamespace("default").list().getItems().getFirst().getMetadata().getName();
    String cpu =
        "failed to get cpu utilization: missing request for cpu in container web of Pod " + pod;
    assertThat(conditions(web(client)).get(1))
        .isEqualTo(
            "ScalingActive=False FailedGetResourceMetric: the HPA was unable to compute the replica count: "
                + cpu);
    assertThat(events(client))
        .containsExactlyInAnyOrder(
            "Warning FailedGetResourceMetric: " + cpu,
            "Warning FailedGetPodsMetric: unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
            "Warning FailedGetExternalMetric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)",
            "Warning FailedComputeMetricsReplicas: invalid metrics (3 invalid out of 3), first error is: failed to get cpu resource metric value: "
                + cpu);
  }

  @Test
  void twoAutoscalersOfTheSamePodsStandStill(KubernetesClient client, Cluster cluster) {
    create(client, WEB);
    cluster.settle();
    use(client, "80m", "10Mi");
    create(client, AUTOSCALER);
    create(client, AUTOSCALER.replace("{name: web, namespace", "{name: also, namespace"));
    cluster.time().advance(PERIOD.multipliedBy(2));
    assertThat(conditions(web(client)))
        .contains(
            "ScalingActive=False AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [default/also default/web]");
  }
}
