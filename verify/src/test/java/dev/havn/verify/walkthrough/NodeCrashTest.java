// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Kills a server with SIGKILL while pods come and go, and starts it again: nothing runs twice,
/// nothing is lost, and in the end nothing is left; nor is anything left of many pods that come and
/// go. Two rounds and ten pods; a hundred and a thousand with `-Dhavn.full=true`.
class NodeCrashTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final int ROUNDS = FULL ? 100 : 2;
  private static final int PODS = FULL ? 1_000 : 10;
  private static final Duration WITHIN = Duration.ofSeconds(90);
  private static final long LOOK_EVERY_NANOS = 100_000_000;
  private static final int KILL_AFTER_MILLIS_MAX = 1_500;

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: it, namespace: default}
      spec:
        replicas: 2
        selector: {matchLabels: {app: it}}
        template:
          metadata: {labels: {app: it}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: c
              image: example/it:1
              command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 1 & wait; done"]
      """;

  private static final String JOB =
      """
      apiVersion: batch/v1
      kind: Job
      metadata: {name: many, namespace: default}
      spec:
        completions: %d
        parallelism: 10
        template:
          spec:
            restartPolicy: Never
            containers: [{name: c, image: "example/it:1", command: [sh, -c, exit 0]}]
            volumes: [{name: v, emptyDir: {medium: Memory}}]
      """
          .formatted(PODS);

  @TempDir private Path folder;
  private Process server;

  private Path data() {
    return folder.resolve("data");
  }

  private List<String> havn(String... words) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dsun.jnu.encoding=UTF-8"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.havn.cli.Main"));
    command.addAll(List.of(words));
    command.addAll(List.of("--data-dir", data().toString()));
    return command;
  }

  private void up() throws IOException {
    Path said = Files.createTempFile(folder, "up", ".txt");
    server =
        Command.start(
            Map.of(),
            havn("up", "--foreground", "--port", "0", "--kubeconfig", kubeconfig().toString()),
            said);
    await("a server", () -> !server.isAlive() || text(said).contains("Havn is up"));
    assertThat(server.isAlive()).as(text(said)).isTrue();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Path kubeconfig() {
    return folder.resolve("kubeconfig");
  }

  private void kill() {
    server.destroyForcibly();
    server.onExit().join();
  }

  @AfterEach
  void reset() {
    if (server != null) {
      kill();
      Command.run(Map.of(), havn("reset", "--yes")).succeeded();
    }
  }

  private static void await(String what, BooleanSupplier there) {
    await(what, WITHIN, there);
  }

  private static void await(String what, Duration within, BooleanSupplier there) {
    Instant end = Instant.now().plus(within);
    while (!there.getAsBoolean()) {
      assertThat(Instant.now()).as("%s within %s", what, within).isBefore(end);
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }

  private KubernetesClient client() {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(kubeconfig().toFile()))
        .build();
  }

  private String clusterId() throws IOException {
    String status = Command.run(Map.of(), havn("status", "-o", "json")).succeeded();
    JsonNode json = new ObjectMapper().readTree(status);
    String runtime = json.path("runtime").asText();
    if (runtime.startsWith("simulated")) {
      System.out.println("skipped: no containers to outlive a server: " + json.path("problems"));
    }
    Assumptions.assumeFalse(runtime.startsWith("simulated"), "pods are simulated here");
    return json.path("clusterId").asText();
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void killedAtAnyMomentItGoesOnWithNothingTwiceAndNothingLeft() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    if (busybox.isEmpty()) {
      System.out.println("skipped: no static busybox to make an image from");
    }
    Assumptions.assumeTrue(busybox.isPresent(), "no static busybox");
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    up();
    String clusterId = clusterId();
    Path image =
        WebImage.of(busybox.get(), "it").dockerArchive(folder.resolve("it.tar"), "example/it:1");
    Command.run(Map.of(), havn("image", "load", image.toString())).succeeded();
    try (KubernetesClient client = client()) {
      client.load(new ByteArrayInputStream(DEPLOYMENT.getBytes(StandardCharsets.UTF_8))).create();
    }
    int replicas = 2;
    for (int round = 0; round < ROUNDS; round++) {
      try (KubernetesClient client = client()) {
        replicas = 1 + random.nextInt(4);
        client.apps().deployments().inNamespace("default").withName("it").scale(replicas);
        if (random.nextBoolean()) {
          client.pods().inNamespace("default").withLabel("app", "it").delete();
        }
      }
      LockSupport.parkNanos(random.nextInt(KILL_AFTER_MILLIS_MAX) * 1_000_000L);
      kill();
      up();
      awaitSettled(replicas);
    }
    manyComeAndGo(clusterId);
    kill();
    assertThat(Command.run(Map.of(), havn("down")).succeeded()).contains("is removed");
    assertThat(leftOf(clusterId)).isEmpty();
  }

  /// What a node has outside of its folder is the same before and after.
  private void manyComeAndGo(String clusterId) throws IOException {
    try (KubernetesClient client = client()) {
      client.apps().deployments().inNamespace("default").withName("it").scale(1);
      awaitSettled(1);
      List<String> before = leftOf(clusterId);
      client.load(new ByteArrayInputStream(JOB.getBytes(StandardCharsets.UTF_8))).create();
      var job = client.batch().v1().jobs().inNamespace("default").withName("many");
      await(
          PODS + " pods to succeed",
          WITHIN.multipliedBy(FULL ? 10 : 1),
          () -> Integer.valueOf(PODS).equals(job.get().getStatus().getSucceeded()));
      job.delete();
      await(
          "only " + before + " to be left",
          WITHIN.multipliedBy(FULL ? 3 : 1),
          () -> isLeft(clusterId, before.size()));
    }
  }

  private boolean isLeft(String clusterId, int count) {
    try {
      return leftOf(clusterId).size() == count;
    } catch (UncheckedIOException going) {
      return false; // what went while it was counted
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void awaitSettled(int replicas) {
    try (KubernetesClient client = client()) {
      await(
          replicas + " pods, each with one container",
          () -> {
            List<Pod> pods =
                client.pods().inNamespace("default").withLabel("app", "it").list().getItems();
            long ready = pods.stream().filter(NodeCrashTest::isReady).count();
            return pods.size() == replicas && ready == replicas && parents() == replicas;
          });
    }
  }

  private static boolean isReady(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() == null
        && pod.getStatus().getContainerStatuses().stream().anyMatch(each -> each.getReady());
  }

  /// How many containers have a parent: conmon, or the shell of the process runtime.
  private int parents() {
    try {
      return Processes.startedWith("--exit-dir " + data()).size()
          + Processes.startedWith(data() + "/nodes/havn/processes/keeper.sh").size();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> leftOf(String clusterId) throws IOException {
    List<String> left = new ArrayList<>();
    Processes.startedWith(data().toString()).forEach(each -> left.add("process " + each));
    Mounts.below(data()).forEach(each -> left.add("mount " + each));
    Links.names().stream().filter(each -> each.contains(clusterId)).forEach(left::add);
    Cgroups.below("havn-" + clusterId + "00").forEach(each -> left.add("cgroup " + each));
    return left;
  }
}
