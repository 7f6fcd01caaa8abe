// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the README promises, with the launcher and unmodified kubectls of several versions, each in
/// a namespace of its own. Steps build on each other.
@ExtendWith(LaunchedCluster.Shared.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WalkThroughTest {
  private static final Duration PAGE_WITHIN = Duration.ofSeconds(60);

  private static final String MANIFEST =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: api}
      spec:
        replicas: %d
        selector: {matchLabels: {app: api}}
        template:
          metadata: {labels: {app: api, version: "%d"}}
          spec:
            containers:
            - {name: c, image: "example/web:1", ports: [{containerPort: 8080}]}
      """;

  private static LaunchedCluster cluster;
  private static List<Kubectl> kubectls = List.of();

  @BeforeAll
  static void up(LaunchedCluster shared) {
    cluster = shared;
    kubectls = Kubectl.found(cluster.folder());
    System.out.println("walking through with " + kubectls);
    Assumptions.assumeFalse(kubectls.isEmpty(), "no kubectl to walk through with");
  }

  static List<Kubectl> kubectls() {
    return kubectls;
  }

  private static String namespace(Kubectl kubectl) {
    return "walk-" + kubectl.word();
  }

  private static Command.Result run(Kubectl kubectl, String... arguments) {
    List<String> all = new ArrayList<>(List.of("-n", namespace(kubectl)));
    all.addAll(List.of(arguments));
    return kubectl.run(cluster, all);
  }

  private static String ok(Kubectl kubectl, String... arguments) {
    return run(kubectl, arguments).succeeded();
  }

  private static void rolledOut(Kubectl kubectl, String deployment) {
    Command.Result result =
        run(kubectl, "rollout", "status", "deployment/" + deployment, "--timeout=60s");
    if (result.status() != 0) {
      System.out.println(run(kubectl, "describe", "pods").output());
      System.out.println(cluster.havn("logs").output());
    }
    assertThat(result.succeeded())
        .contains("deployment \"" + deployment + "\" successfully rolled out");
  }

  private static void needContainers(String what) {
    if (!cluster.hasContainers()) {
      System.out.println("skipped: " + what + ": pods are simulated");
    }
    Assumptions.assumeTrue(cluster.hasContainers(), "pods are simulated");
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(1)
  void aDeploymentRollsOut(Kubectl kubectl) {
    kubectl.run(cluster, List.of("create", "namespace", namespace(kubectl))).succeeded();
    ok(kubectl, "create", "deployment", "web", "--image=example/web:1", "--replicas=3");
    rolledOut(kubectl, "web");
    assertThat(ok(kubectl, "get", "pods", "-o", "wide").lines())
        .hasSize(4)
        .first()
        .asString()
        .matches("NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES *");
    assertThat(ok(kubectl, "get", "pods")).contains("1/1").contains("Running");
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(2)
  void itsPodsSpeakAnswerAndAreReached(Kubectl kubectl) throws Exception {
    needContainers("logs, exec and port-forward with " + kubectl);
    HavnProcess.await(
        "its first words", () -> ok(kubectl, "logs", "deploy/web").contains("web 1 starts"));
    assertThat(ok(kubectl, "exec", "deploy/web", "--", "id")).startsWith("uid=0(root) gid=0");
    assertThat(run(kubectl, "exec", "deploy/web", "--", "sh", "-c", "exit 7").failed())
        .contains("command terminated with exit code 7");
    assertThat(page(kubectl)).isEqualTo("web 1");
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(2)
  void aPodReachesTheApiAtItsService(Kubectl kubectl) {
    if (!cluster.hasPodNetworks()) {
      System.out.println("skipped: the API seen from a pod with " + kubectl + ": no pod networks");
    }
    Assumptions.assumeTrue(cluster.hasPodNetworks(), "pods have no networks of their own");
    String connect =
        "busybox nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT -e /bin/id && echo met";
    assertThat(ok(kubectl, "exec", "deploy/web", "--", "sh", "-c", connect)).contains("met");
    assertThat(ok(kubectl, "get", "endpoints", "kubernetes", "--namespace", "default"))
        .containsPattern("kubernetes +[0-9.]+:[0-9]+");
  }

  /// A container runs before its server listens: what is not answered is asked again.
  private static String page(Kubectl kubectl) throws Exception {
    Instant end = Instant.now().plus(PAGE_WITHIN);
    while (true) {
      try (PortForward forward =
          PortForward.open(kubectl, cluster, namespace(kubectl), "deploy/web", 8080)) {
        return forward.page();
      } catch (IOException notYet) {
        if (Instant.now().isAfter(end)) {
          throw notYet;
        }
      }
    }
  }

  /// A rollout is over before the pods that it replaced have ended, and kubectl takes those that
  /// have been ready longest.
  private static void replacedPodsEnd(Kubectl kubectl, int replicas) {
    HavnProcess.await(
        "pods of this rollout alone",
        () ->
            ok(kubectl, "get", "pods", "-l", "app=web", "-o", "name").lines().count() == replicas);
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(3)
  void applyMergesAndServerSideApplyTakesOver(Kubectl kubectl) throws IOException {
    Path file = manifest(kubectl, 2, 1);
    assertThat(ok(kubectl, "apply", "-f", file.toString())).contains("created");
    assertThat(ok(kubectl, "apply", "-f", file.toString())).contains("unchanged");
    rolledOut(kubectl, "api");
    assertThat(run(kubectl, "diff", "-f", file.toString()).status()).isZero();
    manifest(kubectl, 3, 2);
    assertThat(run(kubectl, "diff", "-f", file.toString()).failed())
        .contains("-  replicas: 2")
        .contains("+  replicas: 3");
    assertThat(ok(kubectl, "apply", "-f", file.toString())).contains("configured");
    rolledOut(kubectl, "api");
    manifest(kubectl, 1, 2);
    assertThat(ok(kubectl, "apply", "--server-side", "--force-conflicts", "-f", file.toString()))
        .contains("serverside-applied");
    rolledOut(kubectl, "api");
    assertThat(ok(kubectl, "get", "deployment", "api", "-o", "jsonpath={.spec.replicas}"))
        .isEqualTo("1");
  }

  private static Path manifest(Kubectl kubectl, int replicas, int version) throws IOException {
    return Files.writeString(
        cluster.folder().resolve("api-" + kubectl.word() + ".yaml"),
        MANIFEST.formatted(replicas, version));
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(4)
  void itScalesChangesItsImageAndGoesBack(Kubectl kubectl) throws Exception {
    ok(kubectl, "scale", "deployment/web", "--replicas=5");
    rolledOut(kubectl, "web");
    assertThat(ok(kubectl, "get", "deployment", "web")).contains("5/5");
    ok(kubectl, "set", "image", "deployment/web", "web=example/web:2");
    rolledOut(kubectl, "web");
    replacedPodsEnd(kubectl, 5);
    if (cluster.hasContainers()) {
      assertThat(page(kubectl)).isEqualTo("web 2");
    }
    assertThat(ok(kubectl, "rollout", "history", "deployment/web")).contains("2");
    ok(kubectl, "rollout", "undo", "deployment/web");
    rolledOut(kubectl, "web");
    replacedPodsEnd(kubectl, 5);
    assertThat(ok(kubectl, "get", "deployment", "web", "-o", "wide")).contains("example/web:1");
    if (cluster.hasContainers()) {
      assertThat(page(kubectl)).isEqualTo("web 1");
    }
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(5)
  void explainAndDescribeSpeak(Kubectl kubectl) {
    assertThat(ok(kubectl, "explain", "deployment.spec"))
        .contains("Deployment")
        .contains("replicas")
        .containsPattern("selector\\s+<(LabelSelector|Object)> -required-");
    String pod = ok(kubectl, "get", "pods", "-l", "app=web", "-o", "name").lines().toList().get(0);
    assertThat(ok(kubectl, "describe", pod))
        .contains("Successfully assigned")
        .containsPattern("Controlled By: +ReplicaSet/web-")
        .containsPattern("Image: +example/web:1")
        .containsPattern("Ready +True");
    assertThat(ok(kubectl, "describe", "deployment", "web")).contains("ScalingReplicaSet");
    assertThat(ok(kubectl, "auth", "can-i", "create", "pods")).contains("yes");
    ok(kubectl, "delete", pod, "--timeout=60s");
    assertThat(run(kubectl, "get", pod).failed())
        .contains("Error from server (NotFound): pods \"" + pod.replaceAll(".*/", "") + "\"");
    rolledOut(kubectl, "web");
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(6)
  void whatIsWrongIsSaidAsKubernetesSaysIt(Kubectl kubectl) throws IOException {
    Path file = cluster.folder().resolve("bad-" + kubectl.word() + ".yaml");
    Files.writeString(file, MANIFEST.formatted(1, 1).replace("replicas: 1", "replica: 1"));
    assertThat(run(kubectl, "create", "-f", file.toString()).failed())
        .containsPattern("unknown field \"(spec\\.)?replica\"");
    Files.writeString(file, MANIFEST.formatted(-1, 1).replace("name: api}", "name: bad}"));
    assertThat(run(kubectl, "create", "-f", file.toString()).failed())
        .contains("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
  }

  @Test
  @Order(7)
  void whoAsksTheRunningClusterForAnotherShapeIsTold() {
    assertThat(cluster.havn("up", "--nodes", "7", "--store", "memory").succeeded())
        .contains("it runs already, with another --nodes and --store: `havn down` first")
        .contains("Havn runs: Kubernetes");
    assertThat(cluster.havn("up", "--nodes", "1").succeeded()).doesNotContain("runs already");
  }

  @Test
  @Order(7)
  void afterDownAndUpEverythingIsThereAndPodsRunAgain() throws Exception {
    Map<String, String> before = containers();
    String address = cluster.hasPodNetworks() ? podAddress() : "";
    assertThat(cluster.havn("down").succeeded()).contains("Havn is down");
    assertThat(cluster.havn("status").status()).isEqualTo(1);
    if (!address.isEmpty()) {
      assertThat(answers(address)).as("a pod after down").isFalse();
    }
    cluster.up();
    if (cluster.hasContainers()) {
      HavnProcess.await("pods that run again", () -> runAnew(before, running()));
    }
    for (Kubectl kubectl : kubectls) {
      rolledOut(kubectl, "web");
      rolledOut(kubectl, "api");
      HavnProcess.await(
          "all of them", () -> ok(kubectl, "get", "deployment", "web").contains("5/5"));
      if (cluster.hasContainers()) {
        assertThat(page(kubectl)).isEqualTo("web 1");
      }
    }
  }

  private static String podAddress() {
    return ok(
        kubectls.getFirst(),
        "get",
        "pods",
        "-l",
        "app=web",
        "-o",
        "jsonpath={.items[0].status.podIP}");
  }

  private static boolean answers(String address) throws InterruptedException {
    try {
      return PortForward.page(address, 8080).equals("web 1");
    } catch (IOException unreachable) {
      return false;
    }
  }

  @Test
  @Order(8)
  void aKilledServerLeavesContainersThatTheNextAdopts() throws Exception {
    Map<String, String> before = containers();
    String address = cluster.hasPodNetworks() ? podAddress() : "";
    cluster.kill();
    if (!address.isEmpty()) {
      assertThat(answers(address)).as("a pod without its server").isTrue();
    }
    cluster.up();
    for (Kubectl kubectl : kubectls) {
      rolledOut(kubectl, "web");
      rolledOut(kubectl, "api");
    }
    assertThat(containers()).isEqualTo(before);
    if (cluster.hasContainers()) {
      assertThat(page(kubectls.getFirst())).isEqualTo("web 1");
      assertThat(ok(kubectls.getFirst(), "logs", "deploy/web")).contains("web 1 starts");
    }
  }

  /// The status from before stays until the node has looked.
  private static boolean runAnew(Map<String, String> before, Map<String, String> now) {
    return now.keySet().equals(before.keySet())
        && now.entrySet().stream()
            .allMatch(
                each ->
                    each.getValue().matches("[^ ]+ [^ ]+ [^ ]+ [^ ]+")
                        && !each.getValue().equals(before.get(each.getKey())));
  }

  private static Map<String, String> containers() {
    Map<String, String> containers = running();
    assertThat(containers).hasSize(6 * kubectls.size());
    return containers;
  }

  /// Every pod with its containers' identities, starts and restarts.
  private static Map<String, String> running() {
    String status = "{.metadata.uid}{\" \"}{.status.containerStatuses[0]%s}";
    String line = "{range .items[*]}" + status.formatted(".containerID") + "{\" \"}";
    line += "{.status.containerStatuses[0].state.running.startedAt}{\" \"}";
    line += "{.status.containerStatuses[0].restartCount}{\"\\n\"}{end}";
    Map<String, String> containers = new HashMap<>();
    for (Kubectl kubectl : kubectls) {
      ok(kubectl, "get", "pods", "-o", "jsonpath=" + line)
          .lines()
          .forEach(each -> containers.put(each.split(" ")[0], each));
    }
    return containers;
  }

  @ParameterizedTest
  @MethodSource("kubectls")
  @Order(9)
  void aNamespaceGoesWithAllThatIsInIt(Kubectl kubectl) {
    kubectl
        .run(cluster, List.of("delete", "namespace", namespace(kubectl), "--timeout=60s"))
        .succeeded();
    kubectl.run(cluster, List.of("get", "namespace", namespace(kubectl))).failed();
    assertThat(ok(kubectl, "get", "pods")).contains("No resources found");
  }
}
