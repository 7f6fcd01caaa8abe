// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A cluster of two nodes with addresses of both families, in a network namespace of its own: pods
/// reach each other and Services by each, policies hold, no packet for the cluster leaves, and
/// nothing is left behind.
class DualStackTest {
  private static final String SPACE = "havn-dual";
  private static final Duration SHORT = Duration.ofSeconds(60);

  private static final String PODS =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %1$s, labels: {app: %1$s}}
      spec:
        nodeName: %2$s
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/web:1
          imagePullPolicy: Never
          command: [sh, -c, "mkdir /w; echo I am %1$s > /w/index.html; httpd -f -p 8080 -h /w"]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        type: NodePort
        selector: {app: %1$s}
        ipFamilyPolicy: PreferDualStack
        ports: [{port: 80, targetPort: 8080}]
      """;

  private static final String POLICY =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: closed}
      spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress, Egress]}
      """;

  @TempDir private Path folder;
  private Process server;

  @BeforeEach
  void makesANamespace() {
    skipUnless("root".equals(System.getProperty("user.name")), "needs root");
    for (String program : List.of("runc", "conmon", "nft", "ip", "nsenter", "kubectl", "curl")) {
      skipUnless(Command.onPath(program).isPresent(), "needs " + program);
    }
    clear();
    ip("netns", "add", SPACE);
    ip("-n", SPACE, "link", "set", "lo", "up");
    skipUnless(
        in(List.of("test", "-e", "/proc/sys/net/ipv6/conf/lo/force_forwarding")).status() == 0,
        "the kernel is older than 6.17");
    // A way out that nothing of the cluster may take.
    ip("-n", SPACE, "link", "add", "out", "type", "veth", "peer", "name", "outer");
    ip("-n", SPACE, "link", "set", "out", "up");
    ip("-n", SPACE, "link", "set", "outer", "up");
    ip("-n", SPACE, "address", "add", "2001:db8::2/64", "dev", "out", "nodad");
    ip("-n", SPACE, "route", "add", "default", "via", "2001:db8::1", "dev", "out");
  }

  private static void skipUnless(boolean possible, String reason) {
    if (!possible) {
      System.out.println("skipped: two families: " + reason);
    }
    Assumptions.assumeTrue(possible, reason);
  }

  @AfterEach
  void endsAllOfIt() {
    if (server != null) {
      server.destroyForcibly();
      server.onExit().join();
      in(HavnProcess.command(folder.resolve("server"), "reset", "--yes")).succeeded();
      assertThat(in(List.of("nft", "list", "tables")).succeeded()).doesNotContain("havn-");
      assertThat(in(List.of("ip", "-6", "route", "show", "table", "all")).succeeded())
          .doesNotContain("unreachable fd");
    }
    clear();
  }

  private static void clear() {
    if (Files.exists(Path.of("/run/netns", SPACE))) {
      ip("netns", "delete", SPACE);
    }
  }

  private static void ip(String... words) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Command.run(Map.of(), command).succeeded();
  }

  private static Command.Result in(List<String> command) {
    return Command.run(Map.of(), enter(command), SHORT);
  }

  private static List<String> enter(List<String> command) {
    List<String> whole = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + SPACE));
    whole.addAll(command);
    return whole;
  }

  private Command.Result kubectl(String... words) {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    command.addAll(List.of(words));
    return in(command);
  }

  private String get(String what, String path) {
    return kubectl("get", what, "-o", "jsonpath={" + path + "}").succeeded();
  }

  private void start() throws IOException {
    Path configuration =
        Files.writeString(folder.resolve("havn.yaml"), "pod-range: auto,auto\nnodes: 2\n");
    Path said = folder.resolve("server.out");
    server =
        Command.start(
            Map.of(),
            enter(
                HavnProcess.command(
                    folder.resolve("server"),
                    "up",
                    "--foreground",
                    "--port",
                    "0",
                    "--config",
                    configuration.toString(),
                    "--kubeconfig",
                    folder.resolve("kubeconfig").toString())),
            said);
    HavnProcess.await(
        "a server: " + said, () -> !server.isAlive() || text(said).contains("Havn is up"));
    assertThat(server.isAlive()).as(text(said)).isTrue();
    Optional<Path> busybox = WebImage.busybox(folder);
    Assumptions.assumeTrue(busybox.isPresent(), "skipped: needs a static busybox");
    Path image =
        WebImage.of(busybox.get(), "web").dockerArchive(folder.resolve("web.tar"), "example/web:1");
    in(HavnProcess.command(folder.resolve("server"), "image", "load", image.toString()))
        .succeeded();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void run(String pod, String node) throws IOException {
    Path file = Files.writeString(folder.resolve(pod + ".yaml"), PODS.formatted(pod, node));
    kubectl("apply", "-f", file.toString()).succeeded();
    kubectl("wait", "--for=condition=Ready", "pod/" + pod, "--timeout=50s").succeeded();
  }

  private String asks(String pod, String target) {
    return kubectl("exec", pod, "--", "busybox", "timeout", "5", "wget", "-qO-", "http://" + target)
        .output();
  }

  private String machineAsks(String target) {
    return in(List.of("curl", "-s", "-m", "5", "http://" + target)).output();
  }

  @Test
  @Timeout(180)
  void bothFamiliesReachPodsAndServicesAndStayInside() throws IOException {
    start();
    List<String> nodes = List.of(get("nodes", ".items[*].metadata.name").split(" "));
    assertThat(nodes).hasSize(2);
    assertThat(get("nodes", ".items[*].spec.podCIDRs[1]").split(" "))
        .hasSize(2)
        .allMatch(each -> each.matches("fd[0-9a-f:]+::/64"));
    run("a", nodes.get(0));
    run("b", nodes.get(1));
    podsReachEachOther();
    servicesLead(nodes.get(0));
    nothingLeaves();
    policiesHold();
  }

  private void podsReachEachOther() {
    for (String[] each : new String[][] {{"a", "b"}, {"b", "a"}}) {
      String first = get("pod/" + each[1], ".status.podIPs[0].ip");
      String second = get("pod/" + each[1], ".status.podIPs[1].ip");
      assertThat(second).startsWith("fd");
      assertThat(asks(each[0], first + ":8080")).contains("I am " + each[1]);
      assertThat(asks(each[0], "[" + second + "]:8080")).contains("I am " + each[1]);
      assertThat(machineAsks("[" + second + "]:8080")).contains("I am " + each[1]);
    }
    assertThat(kubectl("exec", "a", "--", "cat", "/etc/hosts").succeeded())
        .contains(get("pod/a", ".status.podIPs[1].ip") + "\ta");
  }

  private void servicesLead(String node) {
    String second = get("service/b", ".spec.clusterIPs[1]");
    assertThat(second).startsWith("fd");
    HavnProcess.await("a Service", () -> asks("a", "[" + second + "]").contains("I am b"));
    assertThat(asks("a", get("service/b", ".spec.clusterIPs[0]"))).contains("I am b");
    assertThat(asks("b", "[" + second + "]")).as("itself").contains("I am b");
    assertThat(machineAsks("[" + second + "]")).contains("I am b");
    String host = get("node/" + node, ".status.addresses[1].address");
    String port = get("service/b", ".spec.ports[0].nodePort");
    assertThat(machineAsks("[" + host + "]:" + port)).contains("I am b");
    assertThat(asks("a", "[" + host + "]:" + port)).contains("I am b");
    assertThat(
            kubectl(
                    "exec",
                    "a",
                    "--",
                    "busybox",
                    "nslookup",
                    "-type=aaaa",
                    "b.default.svc.cluster.local")
                .output())
        .contains(second);
    assertThat(asks("a", "[" + second + "]:81")).contains("refused");
  }

  private void nothingLeaves() {
    String pods = get("nodes", ".items[0].spec.podCIDRs[1]");
    String[] groups = pods.split(":");
    String stranger = String.join(":", groups[0], groups[1], groups[2], "77::5");
    assertThat(in(List.of("ip", "-6", "route", "get", stranger)).output())
        .doesNotContain("dev out");
    assertThat(asks("a", "[2001:db8::1]:80"))
        .containsAnyOf(
            "refused", "unreachable", "denied", "timed out", "prohibited", "not permitted");
  }

  private void policiesHold() throws IOException {
    String second = get("pod/b", ".status.podIPs[1].ip");
    Path file = Files.writeString(folder.resolve("policy.yaml"), POLICY);
    kubectl("apply", "-f", file.toString()).succeeded();
    HavnProcess.await("a policy", () -> !asks("a", "[" + second + "]:8080").contains("I am b"));
    assertThat(machineAsks("[" + second + "]:8080")).contains("I am b");
    assertThat(
            in(HavnProcess.command(
                    folder.resolve("server"), "why", "connection", "a", "[" + second + "]:8080"))
                .succeeded())
        .contains("denied")
        .contains("default/closed");
    kubectl("delete", "-f", file.toString()).succeeded();
    HavnProcess.await("no policy", () -> asks("a", "[" + second + "]:8080").contains("I am b"));
  }
}
