// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/// What the README promises, with the launcher, the built jars and an unmodified kubectl. Steps
/// build on each other.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WalkThroughTest {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();

  private static final String MANIFEST =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: api}
      spec:
        replicas: %d
        selector: {matchLabels: {app: api}}
        template:
          metadata: {labels: {app: api}}
          spec:
            containers:
            - {name: c, image: "example/api:%d", ports: [{containerPort: 80}]}
      """;

  @TempDir private static Path folder;

  @BeforeAll
  static void up() throws Exception {
    boolean kubectl =
        List.of(System.getenv("PATH").split(":")).stream()
            .anyMatch(path -> Files.isExecutable(Path.of(path, "kubectl")));
    if (!kubectl) {
      System.out.println("skipped: no kubectl on PATH, the walk-through needs one");
    }
    Assumptions.assumeTrue(kubectl, "no kubectl on PATH");
    Result up =
        havn(
            "up",
            "--runtime",
            "simulated",
            "--port",
            "0",
            "--kubeconfig",
            folder.resolve("kubeconfig").toString());
    assertThat(up.status()).as(up.output()).isZero();
    assertThat(up.output()).contains("Havn is up").contains("kubectl get nodes");
  }

  @AfterAll
  static void down() throws Exception {
    if (Files.exists(folder.resolve("data"))) {
      assertThat(havn("reset", "--yes").status()).isZero();
      assertThat(folder.resolve("data")).doesNotExist();
    }
  }

  @Test
  @Order(1)
  void aDeploymentRollsOutScalesChangesAndGoesBack() throws Exception {
    kubectl("create", "deployment", "web", "--image=example/web:1", "--replicas=3");
    kubectl("rollout", "status", "deployment/web", "--timeout=30s");
    kubectl("scale", "deployment/web", "--replicas=5");
    kubectl("set", "image", "deployment/web", "web=example/web:2");
    kubectl("rollout", "status", "deployment/web", "--timeout=30s");
    kubectl("rollout", "undo", "deployment/web");
    kubectl("rollout", "status", "deployment/web", "--timeout=30s");
    assertThat(kubectl("get", "deployment", "web", "-o", "wide").output())
        .contains("5/5")
        .contains("example/web:1");
  }

  @Test
  @Order(2)
  void applyMergesAndServerSideApplyTakesOver() throws Exception {
    Path file = folder.resolve("api.yaml");
    Files.writeString(file, MANIFEST.formatted(2, 1));
    assertThat(kubectl("apply", "-f", file.toString()).output()).contains("created");
    assertThat(kubectl("apply", "-f", file.toString()).output()).contains("unchanged");
    Files.writeString(file, MANIFEST.formatted(3, 2));
    assertThat(run(kubectlCommand("diff", "-f", file.toString())).output())
        .contains("-  replicas: 2")
        .contains("+  replicas: 3");
    assertThat(kubectl("apply", "-f", file.toString()).output()).contains("configured");
    assertThat(kubectl("apply", "--server-side", "-f", file.toString()).output())
        .contains("serverside-applied");
    kubectl("rollout", "status", "deployment/api", "--timeout=30s");
  }

  @Test
  @Order(3)
  void explainAndDescribeAndEventsSpeak() throws Exception {
    assertThat(kubectl("explain", "deployment.spec.replicas").output()).contains("<integer>");
    assertThat(kubectl("describe", "deployment", "web").output()).contains("ScalingReplicaSet");
    assertThat(kubectl("get", "events").output()).contains("Successfully assigned");
    assertThat(kubectl("auth", "can-i", "create", "pods").output()).contains("yes");
  }

  @Test
  @Order(4)
  void whatIsWrongIsSaidAsKubernetesSaysIt() throws Exception {
    Result missing = run(kubectlCommand("get", "pod", "nope"));
    assertThat(missing.status()).isEqualTo(1);
    assertThat(missing.output()).contains("Error from server (NotFound): pods \"nope\" not found");
    Path file = folder.resolve("bad.yaml");
    Files.writeString(file, MANIFEST.formatted(1, 1).replace("replicas: 1", "replica: 1"));
    assertThat(run(kubectlCommand("create", "-f", file.toString())).output())
        .contains("unknown field \"spec.replica\"");
    Files.writeString(file, MANIFEST.formatted(-1, 1).replace("name: api}", "name: bad}"));
    assertThat(run(kubectlCommand("create", "-f", file.toString())).output())
        .contains("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
  }

  @Test
  @Order(5)
  void aNamespaceGoesWithAllThatIsInIt() throws Exception {
    kubectl("create", "namespace", "shop");
    kubectl("-n", "shop", "create", "configmap", "settings", "--from-literal=a=b");
    kubectl("delete", "namespace", "shop", "--timeout=30s");
    assertThat(run(kubectlCommand("get", "namespace", "shop")).status()).isEqualTo(1);
  }

  @Test
  @Order(6)
  void everythingIsThereAfterAKill() throws Exception {
    String process = havn("status", "-o", "json").output();
    long pid = Long.parseLong(process.replaceAll("(?s).*\"process\" : ([0-9]+).*", "$1"));
    ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
    assertThat(server.destroyForcibly()).isTrue();
    server.onExit().join();
    Result up =
        havn(
            "up",
            "--runtime",
            "simulated",
            "--port",
            "0",
            "--kubeconfig",
            folder.resolve("kubeconfig").toString());
    assertThat(up.status()).as(up.output()).isZero();
    kubectl("rollout", "status", "deployment/web", "--timeout=30s");
    assertThat(kubectl("get", "deployments").output()).contains("web").contains("api");
  }

  @Test
  @Order(7)
  void deletingADeploymentEndsItsPods() throws Exception {
    kubectl("delete", "deployment", "web", "api", "--cascade=foreground", "--timeout=30s");
    kubectl("wait", "--for=delete", "pod", "-l", "app", "--timeout=30s");
    assertThat(kubectl("get", "pods").output()).contains("No resources found");
  }

  private record Result(int status, String output) {}

  private static Result havn(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(ROOT.resolve("havn").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data-dir", folder.resolve("data").toString()));
    return run(command);
  }

  private static List<String> kubectlCommand(String... arguments) {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static Result kubectl(String... arguments) throws Exception {
    Result result = run(kubectlCommand(arguments));
    assertThat(result.status()).as(String.join(" ", arguments) + "\n" + result.output()).isZero();
    return result;
  }

  private static Result run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }
}
