// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
import org.junit.jupiter.api.io.TempDir;

/// A cluster whose pods a containerd runs that has nothing but what the guide says, in folders of
/// its own. With `-Dhavn.full=true` it goes away for a while, too.
class ContainerdTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final String PLUGINS = "/usr/lib/cni";

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, namespace: default}
      spec:
        replicas: 3
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: web
              image: example/web:1
              imagePullPolicy: IfNotPresent
              readinessProbe: {httpGet: {port: 8080, path: /}, periodSeconds: 1}
              livenessProbe: {exec: {command: [sh, -c, exit 0]}}
      """;

  private static final String CONTAINERD =
      """
      version = 2
      root = "%1$s/root"
      state = "%1$s/state"
      [grpc]
        address = "%1$s/containerd.sock"
      [plugins."io.containerd.internal.v1.opt"]
        path = "%1$s/opt"
      [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "example.test/pause:1"
        stream_server_address = "127.0.0.1"
        stream_server_port = "0"
        restrict_oom_score_adj = true
      [plugins."io.containerd.grpc.v1.cri".cni]
        bin_dir = "/usr/lib/cni"
        conf_dir = "%1$s/networks"
      """;

  private static final String KUBELET =
      """
      apiVersion: kubelet.config.k8s.io/v1beta1
      kind: KubeletConfiguration
      containerRuntimeEndpoint: unix://%s/containerd.sock
      """;

  @TempDir private Path folder;
  private Process containerd;
  private HavnProcess server;

  private String missing() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    List<String> programs = Program.missing(List.of("containerd", "ctr", "runc", "ip", "nsenter"));
    if (!programs.isEmpty()) {
      return "needs " + programs;
    }
    return Files.isExecutable(Path.of(PLUGINS, "bridge"))
        ? WebImage.busybox(folder).isPresent() ? "" : "no static busybox"
        : "needs CNI's plugins in " + PLUGINS;
  }

  private Path containers() {
    return folder.resolve("c");
  }

  private void startContainerd() throws IOException {
    Files.createDirectories(containers());
    Path file = folder.resolve("containerd.toml");
    Files.writeString(file, CONTAINERD.formatted(containers()));
    containerd =
        Command.start(
            Map.of(), List.of("containerd", "--config", file.toString()), folder.resolve("log"));
    HavnProcess.await("a containerd", () -> Files.exists(containers().resolve("containerd.sock")));
  }

  private String[] options() throws IOException {
    Path kubelet = folder.resolve("kubelet.yaml");
    Files.writeString(kubelet, KUBELET.formatted(containers()));
    Path file = folder.resolve("up.yaml");
    Files.writeString(file, "runtime: containerd\nkubelet-config: " + kubelet + "\n");
    return new String[] {"--config", file.toString()};
  }

  @AfterEach
  void end() throws IOException {
    if (server != null) {
      server.close();
    }
    if (containerd != null) {
      containerd.destroy();
      containerd.onExit().join();
      Mounts.detachBelow(folder);
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aDeploymentRunsIsTalkedWithAndOutlivesHavn() throws Exception {
    String missing = missing();
    if (!missing.isEmpty()) {
      System.out.println("skipped: " + missing);
    }
    Assumptions.assumeTrue(missing.isEmpty(), missing);
    saysWhatItNeeds();
    startContainerd();
    server = HavnProcess.real(folder, "data", options());
    loadImages();
    try (KubernetesClient client = server.client()) {
      HavnProcess.create(client, DEPLOYMENT);
      List<Pod> pods = awaitReady(client);
      assertThat(client.nodes().list().getItems().getFirst().getStatus().getNodeInfo())
          .matches(each -> each.getContainerRuntimeVersion().startsWith("containerd://"));
      for (Pod each : pods) {
        assertThat(said(client, each, "cat", "/www/index.html")).isEqualTo("web 1");
        assertThat(log(client, each)).contains("web 1 starts");
      }
    }
    List<String> before = identities();
    server.kill();
    server.up();
    try (KubernetesClient client = server.client()) {
      awaitReady(client);
      if (FULL) {
        comesBack(client);
      }
    }
    assertThat(identities()).isEqualTo(before).allMatch(each -> each.contains(" 0 containerd://"));
    server.kill();
    assertThat(server.run("down").succeeded()).contains("is removed");
    assertThat(containers().resolve("networks")).isEmptyDirectory();
    assertThat(
            Program.must(
                List.of(
                    "ctr",
                    "--address",
                    containers() + "/containerd.sock",
                    "--namespace",
                    "k8s.io",
                    "containers",
                    "list",
                    "--quiet")))
        .isEmpty();
  }

  private void saysWhatItNeeds() throws IOException {
    assertThat(
            Command.run(
                    Map.of(),
                    HavnProcess.upCommand(
                        folder.resolve("data"), folder.resolve("data.kubeconfig"), options()))
                .failed())
        .contains("runtime containerd: there is no socket " + containers() + "/containerd.sock")
        .contains("apt-get install containerd");
  }

  /// Without its runtime the node is not Ready, and pods run on.
  private void comesBack(KubernetesClient client) throws IOException {
    containerd.destroy();
    containerd.onExit().join();
    HavnProcess.await(
        "a node without its runtime",
        () -> ready(client).equals("False KubeletNotReady container runtime is down"));
    Files.deleteIfExists(containers().resolve("containerd.sock"));
    startContainerd();
    HavnProcess.await(
        "a node with its runtime",
        () -> ready(client).equals("True KubeletReady kubelet is posting ready status"));
  }

  private static String ready(KubernetesClient client) {
    return client.nodes().list().getItems().getFirst().getStatus().getConditions().stream()
        .filter(each -> each.getType().equals("Ready"))
        .map(each -> each.getStatus() + " " + each.getReason() + " " + each.getMessage())
        .findFirst()
        .orElse("");
  }

  private void loadImages() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    WebImage web = WebImage.of(busybox.orElseThrow(), "web 1");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = (ObjectNode) mapper.readTree(web.config());
    var entrypoint = config.withObjectProperty("config").putArray("Entrypoint");
    List.of("/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 86400 & wait; done")
        .forEach(entrypoint::add);
    WebImage pause = new WebImage(web.layer(), mapper.writeValueAsBytes(config));
    server.load(pause, "example.test/pause:1");
    server.load(web, "docker.io/example/web:1");
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").withLabel("app", "web").list().getItems();
  }

  private static List<Pod> awaitReady(KubernetesClient client) {
    HavnProcess.await(
        "three pods that are ready",
        () -> {
          List<Pod> pods = pods(client);
          return pods.size() == 3
              && pods.stream()
                  .allMatch(
                      each ->
                          each.getStatus().getContainerStatuses().stream()
                              .anyMatch(status -> status.getReady()));
        });
    return pods(client);
  }

  /// Which containers there are, and how often each has been restarted.
  private List<String> identities() {
    try (KubernetesClient client = server.client()) {
      return pods(client).stream()
          .map(
              each -> {
                var status = each.getStatus().getContainerStatuses().getFirst();
                return each.getStatus().getPodIP()
                    + " "
                    + status.getRestartCount()
                    + " "
                    + status.getContainerID();
              })
          .sorted()
          .toList();
    }
  }

  private static String said(KubernetesClient client, Pod pod, String... command) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ExecWatch watch =
        client
            .pods()
            .inNamespace("default")
            .withName(pod.getMetadata().getName())
            .writingOutput(out)
            .exec(command)) {
      assertThat(watch.exitCode().get(30, TimeUnit.SECONDS)).isZero();
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private static String log(KubernetesClient client, Pod pod) {
    return client.pods().inNamespace("default").withName(pod.getMetadata().getName()).getLog();
  }
}
