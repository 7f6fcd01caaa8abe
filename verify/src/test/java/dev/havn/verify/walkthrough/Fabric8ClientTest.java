// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.RollableScalableResource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/// The walk-through's steps with fabric8's client over https, on the transport it has by default.
@ExtendWith(LaunchedCluster.Shared.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class Fabric8ClientTest {
  private static final String NAMESPACE = "walk-fabric8";
  private static final int UNDO_ATTEMPTS_MAX = 5;

  private static LaunchedCluster cluster;
  private static KubernetesClient client;

  @BeforeAll
  static void connect(LaunchedCluster shared) {
    cluster = shared;
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(shared.kubeconfig().toFile()))
            .build();
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .create();
  }

  @AfterAll
  static void deleteTheNamespace() {
    client.namespaces().withName(NAMESPACE).withTimeout(60, TimeUnit.SECONDS).delete();
    assertThat(client.namespaces().withName(NAMESPACE).get()).isNull();
    client.close();
  }

  private static RollableScalableResource<Deployment> web() {
    return client.apps().deployments().inNamespace(NAMESPACE).withName("web");
  }

  private static void untilReady(int replicas) {
    web()
        .waitUntilCondition(
            now ->
                now != null
                    && now.getMetadata()
                        .getGeneration()
                        .equals(now.getStatus().getObservedGeneration())
                    && Integer.valueOf(replicas).equals(now.getStatus().getUpdatedReplicas())
                    && Integer.valueOf(replicas).equals(now.getStatus().getAvailableReplicas())
                    && Integer.valueOf(replicas).equals(now.getStatus().getReplicas()),
            60,
            TimeUnit.SECONDS);
  }

  private static Deployment deployment() {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace(NAMESPACE)
        .endMetadata()
        .withNewSpec()
        .withReplicas(3)
        .withNewSelector()
        .addToMatchLabels("app", "web")
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .addToLabels("app", "web")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("web")
        .withImage("example/web:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Pod pod() {
    return client.pods().inNamespace(NAMESPACE).withLabel("app", "web").list().getItems().stream()
        .filter(each -> each.getMetadata().getDeletionTimestamp() == null)
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(1)
  void aDeploymentRollsOutAndAnInformerSeesIt() {
    try (SharedIndexInformer<Pod> pods = client.pods().inNamespace(NAMESPACE).inform()) {
      client.resource(deployment()).create();
      untilReady(3);
      assertThat(pods.hasSynced()).isTrue();
      HavnProcess.await("what it sees", () -> pods.getStore().list().size() == 3);
    }
  }

  @Test
  @Order(2)
  void itsPodsSpeakAnswerAndAreReached() throws Exception {
    Assumptions.assumeTrue(cluster.hasContainers(), "pods are simulated");
    String name = pod().getMetadata().getName();
    var pod = client.pods().inNamespace(NAMESPACE).withName(name);
    HavnProcess.await("its first words", () -> pod.getLog().contains("web 1 starts"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ExecWatch exec = pod.writingOutput(out).exec("id")) {
      assertThat(exec.exitCode().get(30, TimeUnit.SECONDS)).isZero();
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("uid=0(root) gid=0");
    try (ExecWatch exec = pod.redirectingInput().writingOutput(out).exec("sh")) {
      exec.getInput().write("exit 7\n".getBytes(StandardCharsets.UTF_8));
      exec.getInput().flush();
      assertThat(exec.exitCode().get(30, TimeUnit.SECONDS)).isEqualTo(7);
    }
    try (LocalPortForward forward = pod.portForward(8080)) {
      HavnProcess.await("a server that listens", () -> answers(forward.getLocalPort()));
      assertThat(PortForward.page("127.0.0.1", forward.getLocalPort())).isEqualTo("web 1");
    }
  }

  private static boolean answers(int port) {
    try {
      return PortForward.page("127.0.0.1", port).equals("web 1");
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  @Test
  @Order(3)
  void everyWayToWriteWorks() {
    var settings =
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("settings")
            .withNamespace(NAMESPACE)
            .endMetadata()
            .addToData("a", "1")
            .build();
    var map = client.configMaps().inNamespace(NAMESPACE).withName("settings");
    client.resource(settings).serverSideApply();
    map.edit(now -> new ConfigMapBuilder(now).addToData("b", "2").build());
    map.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"c\":\"3\"}}");
    map.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"a\":null}}");
    map.patch(
        PatchContext.of(PatchType.JSON), "[{\"op\":\"add\",\"path\":\"/data/d\",\"value\":\"4\"}]");
    assertThat(map.get().getData()).containsOnlyKeys("b", "c", "d");
    var stale =
        new ConfigMapBuilder(map.get()).editMetadata().withResourceVersion("1").endMetadata();
    assertThatThrownBy(() -> client.resource(stale.build()).update())
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("the object has been modified");
    assertThatThrownBy(() -> client.resource(settings).create())
        .hasMessageContaining("configmaps \"settings\" already exists");
  }

  @Test
  @Order(4)
  void itScalesChangesItsImageAndGoesBack() {
    web().scale(5);
    untilReady(5);
    web()
        .edit(
            now ->
                new DeploymentBuilder(now)
                    .editSpec()
                    .editTemplate()
                    .editSpec()
                    .editFirstContainer()
                    .withImage("example/web:2")
                    .endContainer()
                    .endSpec()
                    .endTemplate()
                    .endSpec()
                    .build());
    untilReady(5);
    assertThat(pod().getSpec().getContainers().getFirst().getImage()).isEqualTo("example/web:2");
    undo();
    untilReady(5);
    assertThat(pod().getSpec().getContainers().getFirst().getImage()).isEqualTo("example/web:1");
  }

  /// The client's undo insists on the revision it has read; a status that is written in between
  /// asks for another try.
  private static void undo() {
    for (int attempt = 1; ; attempt++) {
      try {
        web().rolling().undo();
        return;
      } catch (KubernetesClientException e) {
        if (e.getCode() != 409 || attempt == UNDO_ATTEMPTS_MAX) {
          throw e;
        }
      }
    }
  }
}
