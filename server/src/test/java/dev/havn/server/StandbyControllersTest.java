// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.LeaderElection;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Controllers that work only while no other controller manager wants to, or never.
class StandbyControllersTest {
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final String LEASE =
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager";
  private static final String SETS = "/apis/apps/v1/namespaces/default/replicasets";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String NODES = "/api/v1/nodes";

  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private Api api;

  private void start(String leading) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), "controller-manager: " + leading);
    cluster = EmbeddedCluster.start(1, usual -> ConfigurationFile.read(file, usual));
    api = new Api(cluster.client());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void create(String path, String yaml) {
    api.create(path, YAML.asJson(YAML.unmarshal("---\n" + yaml, Map.class)));
  }

  private void set(String path, String patch) {
    api.strategicMerge(path, api.toTree(YAML.unmarshal(patch, Map.class)));
  }

  private void makeSet(String name) {
    create(
        SETS,
        """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: %1$s}
        spec:
          replicas: 1
          selector: {matchLabels: {app: %1$s}}
          template:
            metadata: {labels: {app: %1$s}}
            spec: {containers: [{name: c, image: 'example/c:1'}]}
        """
            .formatted(name));
  }

  private int podsOf(String name) {
    return api.get(PODS + "?labelSelector=app%3D" + name).path("items").size();
  }

  private String holder() {
    return api.get(LEASE).at("/spec/holderIdentity").asText();
  }

  /// A cluster of a test may begin with a lease that its own controllers had in another life.
  private String renewed() {
    return api.find(LEASE).map(lease -> lease.at("/spec/renewTime").asText()).orElse("never");
  }

  private LeaderElection other() {
    LeaderElection other =
        new LeaderElection(
            LeaderElection.Settings.of("kube-system", "kube-controller-manager", "other"),
            api,
            cluster.time(),
            cluster.time(),
            _ -> {});
    other.start();
    return other;
  }

  @Test
  void anotherOneGetsTheLeaseAndTheEmbeddedOnesRestUntilItGoes() throws IOException {
    start("standby");
    makeSet("before");
    cluster.settle();
    assertThat(podsOf("before")).isEqualTo(1);
    LeaderElection other = other();
    cluster.advance(Duration.ofSeconds(36));
    assertThat(holder()).isEqualTo("other");
    makeSet("meanwhile");
    cluster.advance(Duration.ofMinutes(10));
    assertThat(holder()).isEqualTo("other");
    assertThat(podsOf("meanwhile")).isZero();
    other.close();
    cluster.advance(Duration.ofSeconds(3));
    assertThat(holder()).startsWith("havn_");
    assertThat(podsOf("meanwhile")).isEqualTo(1);
  }

  @Test
  void theEmbeddedOnesThatAreUsualKeepTheLease() throws IOException {
    start("embedded");
    LeaderElection other = other();
    cluster.advance(Duration.ofMinutes(10));
    assertThat(holder()).startsWith("havn_");
    other.close();
  }

  /// The lease is offered every half minute: what is counted over longer goes on all the same.
  @Test
  void whoRestsForSecondsForgetsNothing() throws IOException {
    start("standby");
    create(NODES, "{apiVersion: v1, kind: Node, metadata: {name: ghost}}");
    set(NODES + "/ghost/status", "status: {conditions: [{type: Ready, status: 'True'}]}");
    create(
        PODS,
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: haunted}
        spec:
          nodeName: ghost
          terminationGracePeriodSeconds: 0
          tolerations:
          - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 60}
          containers: [{name: c, image: 'example/c:1'}]
        """);
    cluster.advance(Duration.ofSeconds(70));
    assertThat(api.get(NODES + "/ghost").at("/spec/taints").findValuesAsText("effect"))
        .containsExactlyInAnyOrderElementsOf(List.of("NoSchedule", "NoExecute"));
    assertThat(api.find(PODS + "/haunted")).isPresent();
    cluster.advance(Duration.ofSeconds(75));
    assertThat(api.find(PODS + "/haunted")).isEmpty();
  }

  @Test
  void thoseThatAreSwitchedOffNeverWork() throws IOException {
    start("off");
    String before = renewed();
    makeSet("web");
    cluster.advance(Duration.ofMinutes(2));
    assertThat(podsOf("web")).isZero();
    assertThat(renewed()).isEqualTo(before);
    assertThat(api.get(NODES + "/havn").at("/status/conditions").toString())
        .contains("KubeletReady");
  }
}
