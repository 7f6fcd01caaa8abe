// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private String raw(String path) {
    return client.raw(path);
  }

  @Test
  void requestsAreCountedByWhatTheyAskAndHowTheyWereAnswered() {
    client.configMaps().inNamespace("default").withName("none").get();
    String text = raw("/metrics");
    assertThat(text)
        .contains("# TYPE apiserver_request_total counter")
        .containsPattern(
            "apiserver_request_total\\{code=\"404\",component=\"apiserver\",dry_run=\"\",group=\"\","
                + "resource=\"configmaps\",scope=\"resource\",subresource=\"\",verb=\"GET\","
                + "version=\"v1\"} 1\n")
        .containsPattern("apiserver_request_duration_seconds_bucket\\{.*,le=\"\\+Inf\"} [0-9]+")
        .containsPattern("apiserver_longrunning_requests\\{.*resource=\"pods\".*} [1-9]")
        .contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 0\n")
        .containsPattern("workqueue_adds_total\\{name=\"deployment\"} [0-9]+")
        .containsPattern("workqueue_adds_total\\{name=\"kubelet\"} [0-9]+");
  }

  @Test
  void queuesSayHowLongKeysWaitAndAreWorkedOn() {
    assertThat(raw("/metrics"))
        .contains("# TYPE workqueue_queue_duration_seconds histogram")
        .containsPattern(
            "workqueue_queue_duration_seconds_bucket\\{name=\"deployment\",le=\"1e-08\"} [0-9]+")
        .containsPattern(
            "workqueue_work_duration_seconds_bucket\\{name=\"node_lifecycle_controller\",le=\"9.999999999999999e-06\"} [0-9]+")
        .containsPattern(
            "workqueue_work_duration_seconds_bucket\\{name=\"node_lifecycle_controller\",le=\"10\"} [1-9][0-9]*")
        .containsPattern(
            "workqueue_work_duration_seconds_count\\{name=\"node_lifecycle_controller\"} [1-9][0-9]*")
        .contains("workqueue_unfinished_work_seconds{name=\"job\"} 0.0\n")
        .contains("workqueue_longest_running_processor_seconds{name=\"job\"} 0.0\n");
  }

  private static String autoscaler(String name, String kind) {
    return """
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: %1$s, namespace: default}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: %2$s, name: %1$s}
      maxReplicas: 2
    """
        .formatted(name, kind);
  }

  @Test
  void autoscalersSayWhatTheyDid() {
    String web =
        """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: web, namespace: default}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: web}]}
        """;
    String all = web + autoscaler("web", "ReplicaSet") + autoscaler("nobody", "Deployment");
    client.load(new ByteArrayInputStream(all.getBytes(StandardCharsets.UTF_8))).create();
    cluster.advance(Duration.ofSeconds(31));
    String text = raw("/metrics");
    String of = "horizontal_pod_autoscaler_controller_";
    assertThat(text)
        .contains(of + "reconciliations_total{action=\"none\",error=\"internal\"} 3\n")
        .contains(of + "reconciliations_total{action=\"scale_down\",error=\"none\"} 1\n")
        .contains(
            of
                + "reconciliation_duration_seconds_bucket{action=\"none\",error=\"internal\",le=\"0.001\"} 3\n")
        .contains(
            of
                + "reconciliation_duration_seconds_bucket{action=\"none\",error=\"internal\",le=\"16.384\"} 3\n")
        .contains(
            of
                + "metric_computation_total{action=\"none\",error=\"internal\",metric_type=\"Resource\"} 1\n")
        .contains(of + "num_horizontal_pod_autoscalers 2\n")
        .contains(of + "desired_replicas{namespace=\"default\",hpa_name=\"web\"} 2\n")
        .doesNotContain("hpa_name=\"nobody\"");
    client
        .autoscaling()
        .v2()
        .horizontalPodAutoscalers()
        .inNamespace("default")
        .withName("web")
        .delete();
    cluster.settle();
    assertThat(raw("/metrics"))
        .contains(of + "num_horizontal_pod_autoscalers 1\n")
        .doesNotContain("hpa_name=\"web\"");
  }

  private static String pod(String name, String more) {
    return """
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: default}
    spec:
      terminationGracePeriodSeconds: 0
      %s
    """
        .formatted(name, more);
  }

  private void create(String manifests) {
    client.load(new ByteArrayInputStream(manifests.getBytes(StandardCharsets.UTF_8))).create();
    cluster.settle();
  }

  private static String containers(String requests) {
    return "containers: [{name: c, image: i, resources: {requests: {%s}}}]".formatted(requests);
  }

  @Test
  void theSchedulerTellsWhatKubeSchedulerTells() {
    create(
        pod("small", containers("cpu: 1m"))
            + pod("large", containers("cpu: 1M"))
            + pod("gated", "schedulingGates: [{name: a.b/c}]\n  " + containers("cpu: 1m")));
    String of = "profile=\"default-scheduler\",result=";
    assertThat(raw("/metrics"))
        .contains("# TYPE scheduler_schedule_attempts_total counter\n")
        .contains("scheduler_schedule_attempts_total{" + of + "\"scheduled\"} 1\n")
        .contains("scheduler_schedule_attempts_total{" + of + "\"unschedulable\"} 1\n")
        .contains(
            "scheduler_scheduling_attempt_duration_seconds_bucket{"
                + of
                + "\"scheduled\",le=\"0.001\"} 1\n")
        .contains("_attempt_duration_seconds_bucket{" + of + "\"scheduled\",le=\"16.384\"} 1\n")
        .contains("# TYPE scheduler_scheduling_algorithm_duration_seconds histogram\n")
        .contains("scheduler_scheduling_algorithm_duration_seconds_bucket{le=\"0.001\"} 2\n")
        .contains("scheduler_scheduling_algorithm_duration_seconds_count 2\n")
        .contains("_pod_scheduling_sli_duration_seconds_bucket{attempts=\"1\",le=\"0.01\"} 1\n")
        .contains("_pod_scheduling_sli_duration_seconds_bucket{attempts=\"1\",le=\"5242.88\"} 1\n")
        .contains("scheduler_pod_scheduling_attempts_bucket{le=\"1\"} 1\n")
        .contains("scheduler_pod_scheduling_attempts_bucket{le=\"16\"} 1\n")
        .contains("scheduler_pending_pods{queue=\"active\"} 0\n")
        .contains("scheduler_pending_pods{queue=\"backoff\"} 0\n")
        .contains("scheduler_pending_pods{queue=\"gated\"} 1\n")
        .contains("scheduler_pending_pods{queue=\"unschedulable\"} 1\n")
        .contains("_queue_incoming_pods_total{event=\"UnschedulablePodAdd\",queue=\"active\"} 2\n")
        .contains(
            "scheduler_unschedulable_pods{plugin=\"NodeResourcesFit\",profile=\"default-scheduler\"} 1\n")
        .contains("scheduler_preemption_attempts_total 1\n")
        .contains("scheduler_preemption_victims_count 0\n")
        .contains("scheduler_cache_size{type=\"assumed_pods\"} 0\n")
        .contains("scheduler_cache_size{type=\"nodes\"} 1\n")
        .contains("scheduler_cache_size{type=\"pods\"} 1\n");
  }

  @Test
  void whatHasToGoForOthersAndHowLongTheyWaitedIsTold() {
    String cpu =
        client
            .nodes()
            .list()
            .getItems()
            .getFirst()
            .getStatus()
            .getAllocatable()
            .get("cpu")
            .toString();
    create(pod("low", containers("cpu: '" + cpu + "'")));
    create(pod("high", "priorityClassName: system-node-critical\n  " + containers("cpu: 1m")));
    cluster.advance(Duration.ofSeconds(30));
    assertThat(raw("/metrics"))
        .contains("scheduler_preemption_attempts_total 1\n")
        .contains("scheduler_preemption_victims_bucket{le=\"1\"} 1\n")
        .contains("scheduler_preemption_victims_bucket{le=\"64\"} 1\n")
        .contains("scheduler_pod_scheduling_attempts_bucket{le=\"2\"} 2\n")
        .contains("_pod_scheduling_sli_duration_seconds_count{attempts=\"2\"} 1\n")
        .contains("scheduler_cache_size{type=\"pods\"} 1\n");
    client.pods().inNamespace("default").delete();
    cluster.advance(Duration.ofSeconds(30));
    assertThat(raw("/metrics")).contains("scheduler_cache_size{type=\"pods\"} 0\n");
  }

  @Test
  void everyLineIsOfPrometheusTextForm() {
    for (String line : raw("/metrics").lines().toList()) {
      assertThat(line)
          .matches(
              "# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{([a-z_]+=\"[^\"]*\",?)*})? [0-9.E+-]+(Infinity)?");
    }
  }

  @Test
  void healthSaysWhatWasLookedAt() {
    assertThat(raw("/livez")).isEqualTo("ok");
    assertThat(raw("/readyz?verbose"))
        .startsWith("[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n")
        .endsWith("readyz check passed\n");
    assertThat(raw("/livez?verbose&exclude=etcd&exclude=nope"))
        .contains("[+]etcd excluded: ok\n")
        .endsWith(
            "warn: some health checks cannot be excluded: no matches for \"nope\"\nlivez check passed\n");
    assertThat(raw("/healthz/etcd")).isEqualTo("ok");
    assertThat(raw("/livez/nope")).isNull();
  }
}
