// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a configuration file says of controllers is what they do.
class ControllerOptionsTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String NODES = "/api/v1/nodes";
  private static final String REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static final String AUTOSCALERS =
      "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private Api api;

  @BeforeEach
  void start() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("havn.yaml"),
            """
            cluster-signing-duration: 1h
            horizontal-pod-autoscaler-cpu-initialization-period: 0s
            horizontal-pod-autoscaler-downscale-stabilization: 1m
            horizontal-pod-autoscaler-sync-period: 2s
            horizontal-pod-autoscaler-tolerance: 0.5
            node-eviction-rate: 0
            node-monitor-grace-period: 20s
            node-startup-grace-period: 5m
            terminated-pod-gc-threshold: 1
            """);
    cluster = EmbeddedCluster.start(1, usual -> ConfigurationFile.read(file, usual));
    api = new Api(cluster.client());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private static String json(String yaml) {
    return YAML.asJson(YAML.unmarshal("---\n" + yaml, Map.class));
  }

  private void set(String path, String patch) {
    api.strategicMerge(path, api.toTree(YAML.unmarshal(patch, Map.class)));
  }

  private List<String> taints(String node) {
    return api.get(NODES + "/" + node)
        .at("/spec/taints")
        .valueStream()
        .map(each -> each.path("key").asText() + ":" + each.path("effect").asText())
        .toList();
  }

  @Test
  void aNodeIsSilentAfterTheTimeThatIsGivenItAndLosesNoPodsWhereNoneMay() {
    api.create(NODES, json("{apiVersion: v1, kind: Node, metadata: {name: ghost}}"));
    api.create(NODES, json("{apiVersion: v1, kind: Node, metadata: {name: newborn}}"));
    set(NODES + "/ghost/status", "status: {conditions: [{type: Ready, status: 'True'}]}");
    cluster.advance(Duration.ofSeconds(15));
    assertThat(taints("ghost")).isEmpty();
    cluster.advance(Duration.ofSeconds(15));
    assertThat(taints("ghost")).containsExactly("node.kubernetes.io/unreachable:NoSchedule");
    cluster.advance(Duration.ofMinutes(4));
    assertThat(taints("ghost")).containsExactly("node.kubernetes.io/unreachable:NoSchedule");
    assertThat(api.get(NODES + "/newborn").at("/status/conditions")).isEmpty();
    assertThat(taints("havn")).isEmpty();
  }

  @Test
  void podsThatAreOverAreKeptUpToTheBound() {
    api.create(NODES, json("{apiVersion: v1, kind: Node, metadata: {name: ghost}}"));
    for (String name : List.of("one", "two", "three")) {
      api.create(
          PODS,
          json(
              "{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {nodeName: ghost, containers: [{name: c, image: 'example/c:1'}]}}"
                  .formatted(name)));
      cluster.settle();
      set(PODS + "/" + name + "/status", "status: {phase: Succeeded}");
      cluster.advance(Duration.ofSeconds(1));
    }
    cluster.advance(Duration.ofSeconds(25));
    assertThat(api.get(PODS).path("items")).hasSize(1);
  }

  private static X509Certificate certificate(JsonNode request) throws Exception {
    byte[] pem = Base64.getDecoder().decode(request.at("/status/certificate").asText());
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
  }

  @Test
  void noCertificateIsGivenForLonger() throws Exception {
    api.create(
        REQUESTS,
        json(
            """
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: ghost}
            spec:
              request: %s
              signerName: kubernetes.io/kube-apiserver-client
              usages: [digital signature, client auth]
            """
                .formatted(CertificateScenarios.GHOST)));
    set(
        REQUESTS + "/ghost/approval",
        "status: {conditions: [{type: Approved, status: 'True', reason: R, message: m}]}");
    cluster.settle();
    assertThat(certificate(api.get(REQUESTS + "/ghost")).getNotAfter().toInstant())
        .isEqualTo(cluster.now().plus(Duration.ofHours(1)));
  }

  private void use(String cpu) {
    for (JsonNode each : api.get(PODS).path("items")) {
      set(
          PODS + "/" + each.at("/metadata/name").asText(),
          "metadata: {annotations: {usage.havn.dev/cpu: %s}}".formatted(cpu));
    }
  }

  private int wanted() {
    return api.get("/apis/apps/v1/namespaces/default/replicasets/web").at("/spec/replicas").asInt();
  }

  @Test
  void autoscalersFollowTheirOptions() {
    cluster
        .client()
        .load(
            new ByteArrayInputStream(
                """
                apiVersion: apps/v1
                kind: ReplicaSet
                metadata: {name: web, namespace: default}
                spec:
                  replicas: 2
                  selector: {matchLabels: {app: web}}
                  template:
                    metadata: {labels: {app: web}}
                    spec: {containers: [{name: c, image: web, resources: {requests: {cpu: 100m}}}]}
                ---
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: web, namespace: default}
                spec:
                  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web}
                  minReplicas: 1
                  maxReplicas: 6
                  metrics:
                  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
                """
                    .getBytes(StandardCharsets.UTF_8)))
        .create();
    cluster.advance(Duration.ofSeconds(3));
    assertThat(api.get(AUTOSCALERS + "/web").at("/status/conditions")).isNotEmpty();
    // 1.4 times what is wanted of them: within the tolerance.
    use("70m");
    cluster.advance(Duration.ofSeconds(20));
    assertThat(api.get(AUTOSCALERS + "/web").at("/status/conditions/1/reason").asText())
        .isEqualTo("ValidMetricFound");
    assertThat(wanted()).isEqualTo(2);
    use("80m");
    cluster.advance(Duration.ofSeconds(20));
    assertThat(wanted()).isEqualTo(4);
    use("10m");
    cluster.advance(Duration.ofSeconds(40));
    assertThat(wanted()).isEqualTo(4);
    cluster.advance(Duration.ofSeconds(50));
    assertThat(wanted()).isEqualTo(1);
  }
}
