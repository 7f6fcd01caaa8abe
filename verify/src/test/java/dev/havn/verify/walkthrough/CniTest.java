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

/// A cluster on the network of Debian's plugins, in a network namespace of its own: it waits for
/// its configuration, pods reach each other, Services, names and host ports, policies hold, a
/// killed server finds all of it again, and nothing is left behind.
class CniTest {
  private static final String SPACE = "havn-cni";
  private static final Duration SHORT = Duration.ofSeconds(60);

  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "havn-test", "plugins": [
        {"type": "bridge", "bridge": "cni9", "isGateway": true, "ipMasq": true, "hairpinMode": true,
         "ipam": {"type": "host-local", "dataDir": "%s", "routes": [{"dst": "0.0.0.0/0"}],
                  "ranges": [[{"subnet": "198.18.80.0/24"}]]}},
        {"type": "portmap", "capabilities": {"portMappings": true}}]}
      """;

  private static final String PODS =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %1$s, labels: {app: %1$s}}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/web:1
          imagePullPolicy: Never
          command: [sh, -c, "mkdir /w; echo I am %1$s > /w/index.html; httpd -f -p 8080 -h /w"]
          ports: [{containerPort: 8080, hostPort: %2$d}]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        type: NodePort
        selector: {app: %1$s}
        ports: [{port: 80, targetPort: 8080}]
      """;

  private static final String POLICY =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: closed}
      spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress]}
      """;

  @TempDir private Path folder;
  private Process server;

  @BeforeEach
  void makesANamespace() {
    skipUnless("root".equals(System.getProperty("user.name")), "needs root");
    for (String program :
        List.of("runc", "conmon", "nft", "ip", "nsenter", "kubectl", "curl", "iptables")) {
      skipUnless(Command.onPath(program).isPresent(), "needs " + program);
    }
    skipUnless(Files.isExecutable(Path.of("/usr/lib/cni/bridge")), "needs CNI's plugins");
    skipUnless(
        Files.exists(Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables")),
        "needs br_netfilter");
    clear();
    ip("netns", "add", SPACE);
    ip("-n", SPACE, "link", "set", "lo", "up");
  }

  private static void skipUnless(boolean possible, String reason) {
    if (!possible) {
      System.out.println("skipped: CNI: " + reason);
    }
    Assumptions.assumeTrue(possible, reason);
  }

  @AfterEach
  void endsAllOfIt() {
    if (server != null) {
      kill();
      in(HavnProcess.command(folder.resolve("server"), "reset", "--yes")).succeeded();
    }
    clear();
  }

  private static void clear() {
    if (Files.exists(Path.of("/run/netns", SPACE))) {
      ip("netns", "delete", SPACE);
    }
  }

  private void kill() {
    server.destroyForcibly();
    server.onExit().join();
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
        Files.writeString(
            folder.resolve("havn.yaml"),
            "runtime: runc\ncni-conf-dir: " + folder.resolve("net.d") + "\n");
    Path said = Files.createTempFile(folder, "server", ".out");
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
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void loadImage() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Assumptions.assumeTrue(busybox.isPresent(), "skipped: needs a static busybox");
    Path image =
        WebImage.of(busybox.get(), "web").dockerArchive(folder.resolve("web.tar"), "example/web:1");
    in(HavnProcess.command(folder.resolve("server"), "image", "load", image.toString()))
        .succeeded();
  }

  private void run(String pod, int hostPort) throws IOException {
    Path file = Files.writeString(folder.resolve(pod + ".yaml"), PODS.formatted(pod, hostPort));
    kubectl("apply", "-f", file.toString()).succeeded();
  }

  private void awaitReady(String pod) {
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
  @Timeout(300)
  void aNetworkOfPluginsCarriesACluster() throws IOException {
    start();
    waitsForAConfiguration();
    podsAndServicesAreReached();
    policiesHold();
    String before = get("pods", ".items[*].status.containerStatuses[0].containerID");
    String addresses = get("pods", ".items[*].status.podIP");
    kill();
    start();
    awaitReady("a");
    assertThat(get("pods", ".items[*].status.containerStatuses[0].containerID")).isEqualTo(before);
    assertThat(get("pods", ".items[*].status.podIP")).isEqualTo(addresses);
    assertThat(asks("a", "b.default.svc.cluster.local")).contains("I am b");
    kubectl("delete", "pod", "b").succeeded();
    assertThat(given()).hasSize(1);
    kill();
    in(HavnProcess.command(folder.resolve("server"), "down")).succeeded();
    assertThat(given()).isEmpty();
    assertThat(in(List.of("ip", "link")).succeeded()).doesNotContain("veth").doesNotContain(" hv");
    assertThat(in(List.of("iptables-save", "-t", "nat")).succeeded()).doesNotContain("28480");
  }

  private List<String> given() throws IOException {
    try (var files = Files.list(folder.resolve("given/havn-test"))) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(each -> each.startsWith("198.18."))
          .toList();
    }
  }

  private void waitsForAConfiguration() throws IOException {
    String why =
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
    assertThat(get("nodes", ".items[0].status.conditions[?(@.type=='Ready')].message"))
        .isEqualTo(why);
    assertThat(in(HavnProcess.command(folder.resolve("server"), "status")).output()).contains(why);
    loadImage();
    Files.createDirectories(folder.resolve("net.d"));
    Files.writeString(
        folder.resolve("net.d/10-test.conflist"), LIST.formatted(folder.resolve("given")));
    run("a", 28_480);
    run("b", 28_481);
    awaitReady("a");
    awaitReady("b");
    assertThat(get("nodes", ".items[0].status.conditions[?(@.type=='Ready')].status"))
        .isEqualTo("True");
  }

  private void podsAndServicesAreReached() {
    String address = get("pod/b", ".status.podIP");
    assertThat(address).startsWith("198.18.80.");
    assertThat(asks("a", address + ":8080")).contains("I am b");
    HavnProcess.await(
        "a Service", () -> asks("a", get("service/b", ".spec.clusterIP")).contains("I am b"));
    assertThat(asks("a", "b.default.svc.cluster.local")).contains("I am b");
    assertThat(asks("b", "b.default.svc.cluster.local")).as("itself").contains("I am b");
    assertThat(machineAsks(get("service/b", ".spec.clusterIP"))).contains("I am b");
    String host = get("nodes", ".items[0].status.addresses[0].address");
    String port = get("service/b", ".spec.ports[0].nodePort");
    assertThat(machineAsks(host + ":" + port)).contains("I am b");
    assertThat(machineAsks(host + ":28480")).as("host port").contains("I am a");
  }

  private void policiesHold() throws IOException {
    String address = get("pod/b", ".status.podIP");
    Path file = Files.writeString(folder.resolve("policy.yaml"), POLICY);
    kubectl("apply", "-f", file.toString()).succeeded();
    HavnProcess.await("a policy", () -> !asks("a", address + ":8080").contains("I am b"));
    assertThat(machineAsks(address + ":8080")).contains("I am b");
    kubectl("delete", "-f", file.toString()).succeeded();
    HavnProcess.await("no policy", () -> asks("a", address + ":8080").contains("I am b"));
  }
}
