// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// The scheduler as a workload of the cluster it schedules for, as docs/guide/control-plane.md has
/// it: `examples/control-plane` with real containers, scaled to zero, brought back by hand, and the
/// one in Havn's process that takes over by itself.
@EnabledIfSystemProperty(
    named = "havn.full",
    matches = "true",
    disabledReason = "an image with a JDK takes its time: -Dhavn.full=true")
class ControlPlaneTest {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();
  private static final String SYSTEM = "kube-system";
  private static final String OWN = "havn_";

  @TempDir private Path folder;
  private HavnProcess server;

  @AfterEach
  void reset() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aSchedulerAsAWorkloadGoesComesAndIsReplaced() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Assumptions.assumeTrue(busybox.isPresent(), "no static busybox to make an image from");
    start("standby");
    Assumptions.assumeTrue(
        server.status().path("runtime").asText().startsWith("runc"), "pods need networks: runc");
    server.load(WebImage.of(busybox.get(), "web"), "example/web:1");
    loadScheduler();
    try (KubernetesClient client = server.client()) {
      client
          .load(Files.newInputStream(ROOT.resolve("examples/control-plane/scheduler.yaml")))
          .create();
      HavnProcess.await("the pod leads", () -> isLedByPod(client));
      run(client, "first");
      HavnProcess.await("the pod places pods", () -> isRunning(client, "first"));
    }
    String first = holder();
    restart("off");
    try (KubernetesClient client = server.client()) {
      // The container that led was killed with its node, and its lease is still there: the pod's
      // next one has a name of its own and waits until that one has ended.
      HavnProcess.await(
          "the pod leads again", () -> isLedByPod(client) && !holder(client).equals(first));
      withoutAny(client);
      byHand(client);
      HavnProcess.await("what waited is placed", () -> isRunning(client, "second"));
    }
    restart("embedded");
    try (KubernetesClient client = server.client()) {
      scale(client, 0);
      HavnProcess.await("the embedded one leads", () -> holder(client).startsWith(OWN));
      run(client, "third");
      HavnProcess.await("the embedded one places pods", () -> isRunning(client, "third"));
    }
  }

  /// Nothing new is placed and all else lives on: what runs, the controllers, the node.
  private void withoutAny(KubernetesClient client) {
    String running =
        pod(client, "first").getStatus().getContainerStatuses().get(0).getContainerID();
    scale(client, 0);
    HavnProcess.await("the lease is given back", () -> holder(client).isEmpty());
    run(client, "second");
    client.pods().inNamespace("default").withLabel("app", "first").delete();
    HavnProcess.await(
        "the node ends a pod and its controller makes another",
        () ->
            pods(client, "first").stream()
                .noneMatch(
                    each ->
                        each.getStatus().getContainerStatuses().stream()
                            .anyMatch(c -> running.equals(c.getContainerID()))));
    assertThat(pod(client, "second").getSpec().getNodeName()).isNull();
  }

  /// The recipe of the guide: the first pod of a scheduler is bound by hand.
  private static void byHand(KubernetesClient client) {
    scale(client, 1);
    HavnProcess.await("a pod of the scheduler", () -> schedulers(client).size() == 1);
    Pod waiting = schedulers(client).getFirst();
    assertThat(waiting.getSpec().getNodeName()).isNull();
    String name = waiting.getMetadata().getName();
    String node = client.nodes().list().getItems().getFirst().getMetadata().getName();
    client.raw(
        "/api/v1/namespaces/kube-system/pods/" + name + "/binding",
        "POST",
        """
        {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "%s"}, "target": {"apiVersion": "v1", "kind": "Node", "name": "%s"}}
        """
            .formatted(name, node));
    HavnProcess.await("the pod leads", () -> isLedByPod(client));
  }

  private void start(String scheduler) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), "scheduler: " + scheduler);
    server = HavnProcess.real(folder, "server", "--config", file.toString());
  }

  private void restart(String scheduler) throws IOException {
    server.terminate();
    Files.writeString(folder.resolve("havn.yaml"), "scheduler: " + scheduler);
    server.up();
  }

  private void loadScheduler() {
    Path archive = folder.resolve("control-plane.tar");
    Command.run(
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            List.of(ROOT.resolve("examples/control-plane/image").toString(), archive.toString()))
        .succeeded();
    server.run("image", "load", archive.toString()).succeeded();
  }

  private static void run(KubernetesClient client, String name) {
    HavnProcess.create(
        client,
        """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: %1$s, namespace: default}
        spec:
          selector: {matchLabels: {app: %1$s}}
          template:
            metadata: {labels: {app: %1$s}}
            spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "example/web:1"}]}
        """
            .formatted(name));
    HavnProcess.await("a pod of " + name, () -> !pods(client, name).isEmpty());
  }

  private static List<Pod> pods(KubernetesClient client, String app) {
    return client.pods().inNamespace("default").withLabel("app", app).list().getItems();
  }

  private static Pod pod(KubernetesClient client, String app) {
    return pods(client, app).getFirst();
  }

  private static boolean isRunning(KubernetesClient client, String app) {
    return pods(client, app).stream().anyMatch(HavnProcess::isReady);
  }

  private static List<Pod> schedulers(KubernetesClient client) {
    return client
        .pods()
        .inNamespace(SYSTEM)
        .withLabel("component", "kube-scheduler")
        .list()
        .getItems();
  }

  private static void scale(KubernetesClient client, int replicas) {
    client.apps().deployments().inNamespace(SYSTEM).withName("kube-scheduler").scale(replicas);
    if (replicas == 0) {
      HavnProcess.await("the scheduler's pod is gone", () -> schedulers(client).isEmpty());
    }
  }

  private String holder() {
    try (KubernetesClient client = server.client()) {
      return holder(client);
    }
  }

  private static String holder(KubernetesClient client) {
    var lease = client.leases().inNamespace(SYSTEM).withName("kube-scheduler").get();
    @org.jspecify.annotations.Nullable
    String holder = lease == null ? null : lease.getSpec().getHolderIdentity();
    return holder == null ? "" : holder;
  }

  private static boolean isLedByPod(KubernetesClient client) {
    return holder(client).startsWith("kube-scheduler-");
  }
}
