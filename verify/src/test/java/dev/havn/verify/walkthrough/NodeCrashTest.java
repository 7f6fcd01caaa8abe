// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Processes;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Kills a server with SIGKILL while pods come and go, commands run in them and others talk through
/// Services, and starts it again: nothing runs twice, nothing is touched that should run on, and in
/// the end nothing is left; nor is anything left of many pods that come and go. Two rounds and ten
/// pods; a hundred and a thousand with `-Dhavn.full=true`, which keeps a page of results;
/// `-Dhavn.rounds=10` makes it fewer kills.
class NodeCrashTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final int ROUNDS = Integer.getInteger("havn.rounds", FULL ? 100 : 2);
  private static final int PODS = FULL ? 1_000 : 10;
  private static final Duration WITHIN = Duration.ofSeconds(90);

  /// What many pods leave to be done.
  private static final Duration MANY_WITHIN = WITHIN.multipliedBy(FULL ? 10 : 1);

  private static final long LOOK_EVERY_NANOS = 500_000_000;
  private static final int KILL_AFTER_MILLIS_MAX = 1_500;

  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: it, namespace: default}
      spec:
        replicas: 0
        selector: {matchLabels: {app: it}}
        template:
          metadata: {labels: {app: it}}
          spec:
            terminationGracePeriodSeconds: 1
            containers:
            - name: c
              image: example/it:1
              command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 1 & wait; done"]
              volumeMounts: [{name: v, mountPath: /v}]
            volumes: [{name: v, emptyDir: {medium: Memory}}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: it, namespace: default}
      spec: {selector: {app: it}, ports: [{port: 80}], sessionAffinity: ClientIP}
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
          metadata: {labels: {app: it}}
          spec:
            restartPolicy: Never
            containers: [{name: c, image: "example/it:1", command: [sh, -c, exit 0]}]
            volumes: [{name: v, emptyDir: {medium: Memory}}]
      """
          .formatted(PODS);

  @TempDir private Path folder;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private HavnProcess server;
  private @Nullable SteadyPods steady;
  private String clusterId;
  private boolean hasNetwork;

  @BeforeEach
  void up() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    System.out.println("seed " + seed);
    server = HavnProcess.real(folder, "data", "--port", HavnProcess.freePort());
    String runtime = server.status().path("runtime").asText();
    Skip.unless(!runtime.startsWith("simulated"), "no containers to outlive a server");
    hasNetwork = runtime.startsWith("runc");
    clusterId = server.status().path("clusterId").asText();
    server.load(WebImage.of(busybox.get(), "it"), "example/it:1");
    try (KubernetesClient client = server.client()) {
      HavnProcess.create(client, DEPLOYMENT);
    }
    awaitSettled(0, WITHIN);
  }

  @AfterEach
  void reset() {
    if (steady != null) {
      steady.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @Test
  @Timeout(value = 45, unit = TimeUnit.MINUTES)
  void killedAtAnyMomentItGoesOnWithNothingTwiceAndNothingLeft() throws IOException {
    Instant begin = Instant.now();
    if (hasNetwork) {
      steady = SteadyPods.begin(server, clusterId);
    }
    SortedSet<String> before = traces();
    scale(2, WITHIN);
    for (int round = 0; round < ROUNDS; round++) {
      int replicas = 1 + random.nextInt(4);
      try (KubernetesClient client = server.client();
          ExecWatch _ = disturb(client, replicas)) {
        LockSupport.parkNanos(random.nextInt(KILL_AFTER_MILLIS_MAX) * 1_000_000L);
        server.kill();
      }
      server.up();
      awaitSettled(replicas, WITHIN);
      if (steady != null) {
        steady.areUntouched(server);
      }
    }
    Duration rounds = Duration.between(begin, Instant.now());
    manyComeAndGo();
    scale(0, MANY_WITHIN);
    awaitNothingBut(before);
    if (FULL) {
      keepResults(rounds, Duration.between(begin, Instant.now()), before.size());
    }
    if (steady != null) {
      steady.end(server);
    }
    server.kill();
    assertThat(server.run("down").succeeded()).contains("is removed");
    assertThat(new Traces(server.data(), clusterId).outside()).isEmpty();
  }

  /// Pods come and go, and a command runs in one of them, when the server is killed.
  private ExecWatch disturb(KubernetesClient client, int replicas) {
    List<Pod> pods = pods(client);
    Pod one = pods.get(random.nextInt(pods.size()));
    ExecWatch session =
        client
            .pods()
            .inNamespace("default")
            .withName(one.getMetadata().getName())
            .redirectingInput()
            .writingOutput(OutputStream.nullOutputStream())
            .exec("cat");
    client.apps().deployments().inNamespace("default").withName("it").scale(replicas);
    if (random.nextBoolean()) {
      client.pods().inNamespace("default").withLabel("app", "it").delete();
    }
    return session;
  }

  private void manyComeAndGo() {
    try (KubernetesClient client = server.client()) {
      HavnProcess.create(client, JOB);
      var job = client.batch().v1().jobs().inNamespace("default").withName("many");
      HavnProcess.await(
          PODS + " pods to succeed",
          MANY_WITHIN,
          () -> Integer.valueOf(PODS).equals(job.get().getStatus().getSucceeded()));
      job.delete();
    }
  }

  private void scale(int replicas, Duration within) {
    try (KubernetesClient client = server.client()) {
      client.apps().deployments().inNamespace("default").withName("it").scale(replicas);
    }
    awaitSettled(replicas, within);
  }

  private void awaitSettled(int replicas, Duration within) {
    try (KubernetesClient client = server.client()) {
      HavnProcess.await(
          replicas + " pods, each with one container",
          within,
          () -> {
            List<Pod> pods = pods(client);
            long ready = pods.stream().filter(HavnProcess::isReady).count();
            return pods.size() == replicas && ready == replicas && parents() == replicas;
          });
    }
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").withLabel("app", "it").list().getItems();
  }

  /// How many containers have a parent, conmon or the shell of the process runtime, beside the
  /// steady ones.
  private int parents() {
    try {
      return Processes.startedWith("--exit-dir " + server.data()).size()
          + Processes.startedWith(server.data() + "/nodes/havn/processes/keeper.sh").size()
          - (steady == null ? 0 : SteadyPods.CONTAINERS);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private SortedSet<String> traces() {
    List<SortedSet<String>> found = new ArrayList<>();
    Traces traces = new Traces(server.data(), clusterId);
    HavnProcess.await("what there is", () -> traces.all().map(found::add).orElse(false));
    return found.getFirst();
  }

  private void awaitNothingBut(SortedSet<String> before) {
    Instant end = Instant.now().plus(WITHIN.multipliedBy(FULL ? 3 : 1));
    SortedSet<String> now = traces();
    while (!now.equals(before) && Instant.now().isBefore(end)) {
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
      now = traces();
    }
    assertThat(now).containsExactlyElementsOf(before);
  }

  /// Beside those of other runs.
  private void keepResults(Duration rounds, Duration all, int traces) throws IOException {
    Results.keep(
        "restarts",
        "Killed %d times, and %d pods".formatted(ROUNDS, PODS),
        """
        | What | Figure |
        |---|---|
        | servers killed with SIGKILL at a random moment, pods made and deleted and a command running in one of them meanwhile (seed %d) | %d |
        | for that, until all was settled each time | %d s |
        | containers of others killed, started again or there twice | 0 |
        | requests to two of them through a Service meanwhile, and those that failed | %d, 0 |
        | connections between two of them through a Service, which a policy allows, that broke | 0 |
        | pods made and deleted after that | %d |
        | processes, mounts, links, network namespaces, control groups, lines of rules and files before and after | %d, the same |
        | the whole | %d s |
        """
            .formatted(
                seed,
                ROUNDS,
                rounds.toSeconds(),
                steady == null ? 0 : steady.answers(),
                PODS,
                traces,
                all.toSeconds()));
  }
}
