// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.runtime.SimulatedRuntime;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node `rock` that has pods from files, beside one without.
class StaticPodsTest {
  private static final String WEB =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web}
      spec: {containers: [{name: c, image: r.test/web:1}]}
      """;

  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private KubernetesClient client;
  private ExtraNode node;
  private SimulatedRuntime runtime;

  @BeforeEach
  void start() throws IOException {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
    node = new ExtraNode(cluster, folder, KubeletConfiguration.STANDARD);
    runtime = node.runtime();
  }

  @AfterEach
  void close() {
    node.close();
    cluster.close();
  }

  private void write(String name, String yaml) throws IOException {
    Files.writeString(folder.resolve("manifests").resolve(name), yaml);
    cluster.advance(Duration.ofSeconds(3));
  }

  private Pod mirror() {
    return client.pods().inNamespace("default").withName("web-rock").get();
  }

  private List<String> running() {
    return runtime.pods();
  }

  @Test
  void aPodOfAFileRunsAndTheApiShowsItsMirror() throws IOException {
    write("web.yaml", WEB);
    Pod mirror = mirror();
    Map<String, String> annotations = mirror.getMetadata().getAnnotations();
    String hash = annotations.get("kubernetes.io/config.hash");
    assertThat(annotations)
        .containsEntry("kubernetes.io/config.mirror", hash)
        .containsEntry("kubernetes.io/config.source", "file")
        .containsKey("kubernetes.io/config.seen");
    assertThat(mirror.getMetadata().getOwnerReferences())
        .singleElement()
        .extracting(OwnerReference::getKind, OwnerReference::getName, OwnerReference::getController)
        .containsExactly("Node", "rock", true);
    assertThat(mirror.getStatus().getPhase()).isEqualTo("Running");
    assertThat(mirror.getSpec().getRestartPolicy()).isEqualTo("Always");
    assertThat(running()).containsExactly(hash);
  }

  @Test
  void whoDeletesAMirrorEndsNothingAndSeesItAgain() throws IOException {
    write("web.yaml", WEB);
    Pod before = mirror();
    String container = runtime.containers(running().getFirst()).getFirst().id();
    client.resource(before).delete();
    cluster.advance(Duration.ofSeconds(3));
    assertThat(mirror().getMetadata().getUid()).isNotEqualTo(before.getMetadata().getUid());
    assertThat(mirror().getMetadata().getDeletionTimestamp()).isNull();
    assertThat(mirror().getStatus().getPhase()).isEqualTo("Running");
    assertThat(runtime.containers(running().getFirst()))
        .singleElement()
        .matches(each -> each.id().equals(container) && each.running());
  }

  @Test
  void aChangedFileIsAnotherPodAndAFileThatGoesEndsIt() throws IOException {
    write("web.yaml", WEB);
    List<String> first = running();
    write("web.yaml", WEB.replace("web:1", "web:22"));
    cluster.advance(Duration.ofSeconds(40));
    assertThat(running()).hasSize(1).isNotEqualTo(first);
    assertThat(mirror().getSpec().getContainers().getFirst().getImage()).endsWith("web:22");
    Files.delete(folder.resolve("manifests/web.yaml"));
    cluster.advance(Duration.ofSeconds(40));
    assertThat(running()).isEmpty();
    assertThat(mirror()).isNull();
  }

  /// What is over has no place on the node any more, so another pod would get it.
  @Test
  void aPodWhoseFileChangesIsNotOverBeforeTheNextIsThere() throws IOException {
    write("web.yaml", WEB);
    Files.writeString(folder.resolve("manifests/web.yaml"), WEB.replace("web:1", "web:22"));
    Set<String> phases = new TreeSet<>();
    for (int i = 0; i < 400 && !isOf("web:22"); i++) {
      phases.add(mirror().getStatus().getPhase());
      cluster.advance(Duration.ofMillis(100));
    }
    assertThat(isOf("web:22")).isTrue();
    assertThat(phases).containsExactly("Running");
  }

  private boolean isOf(String image) {
    return mirror().getSpec().getContainers().getFirst().getImage().endsWith(image);
  }

  @Test
  void whatNeedsTheApiOrIsNoPodOrIsHiddenIsNotRun() throws IOException {
    List<String> specs =
        List.of(
            "spec: {serviceAccountName: a, containers: [{name: c, image: i}]}",
            "spec: {containers: [{name: c, image: i, envFrom: [{secretRef: {name: s}}]}]}",
            "spec: {volumes: [{name: v, configMap: {name: m}}], containers: [{name: c, image: i}]}",
            "spec: {containers: [{name: c}]}",
            "spec: 7",
            "{");
    for (int i = 0; i < specs.size(); i++) {
      Files.writeString(
          folder.resolve("manifests").resolve(i + ".yaml"),
          "apiVersion: v1\nkind: Pod\nmetadata: {name: web%d}\n%s".formatted(i, specs.get(i)));
    }
    write(".web.yaml.swp", WEB);
    assertThat(running()).isEmpty();
    assertThat(client.pods().inNamespace("default").list().getItems()).isEmpty();
  }
}
