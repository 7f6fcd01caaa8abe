// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
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

/// Two nodes, the second one with a network namespace of its own: pods reach each other across,
/// ports of the second node answer at its address and nowhere else, connections outlive a server
/// that is killed, and nothing is left behind.
class NodeNamespacesTest {
  private static final Duration SHORT = Duration.ofSeconds(60);

  private static final String PODS =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %1$s, labels: {app: %1$s}}
      spec:
        nodeName: %2$s
        hostNetwork: %3$s
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/web:1
          imagePullPolicy: Never
          command: [sh, -c, "mkdir /w; echo I am %1$s > /w/index.html; httpd -f -p %4$s -h /w"]
          ports: [{containerPort: %4$s, hostPort: %5$s}]
          readinessProbe: {httpGet: {port: %4$s, path: /, %6$s}, periodSeconds: 1}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        type: NodePort
        selector: {app: %1$s}
        ports: [{port: 80, targetPort: %4$s}]
      """;

  @TempDir private Path folder;
  private Process server;

  @BeforeEach
  void needsPrograms() {
    List<String> missing = new ArrayList<>();
    if (!"root".equals(System.getProperty("user.name"))) {
      missing.add("root");
    }
    for (String program : List.of("runc", "conmon", "nft", "ip", "nsenter", "kubectl", "curl")) {
      if (Command.onPath(program).isEmpty()) {
        missing.add(program);
      }
    }
    if (!missing.isEmpty()) {
      System.out.println("skipped: nodes in namespaces need " + missing);
    }
    Assumptions.assumeTrue(missing.isEmpty(), "needs " + missing);
  }

  @AfterEach
  void endsAllOfIt() throws IOException {
    if (server != null) {
      server.destroyForcibly();
      server.onExit().join();
      String id = clusterId();
      run(HavnProcess.command(data(), "reset", "--yes")).succeeded();
      assertThat(run(List.of("ip", "netns", "list")).succeeded()).doesNotContain("hv" + id);
      assertThat(run(List.of("ip", "-o", "link")).succeeded()).doesNotContain("hv" + id);
      assertThat(run(List.of("nft", "list", "tables")).succeeded()).doesNotContain("havn-" + id);
    }
  }

  private Path data() {
    return folder.resolve("server");
  }

  private String clusterId() throws IOException {
    return Files.readString(data().resolve("cluster-id")).strip();
  }

  private static Command.Result run(List<String> command) {
    return Command.run(Map.of(), command, SHORT);
  }

  private Command.Result kubectl(String... words) {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    command.addAll(List.of(words));
    return run(command);
  }

  private String get(String what, String path) {
    return kubectl("get", what, "-o", "jsonpath={" + path + "}").succeeded();
  }

  private void start() throws IOException {
    Path configuration = Files.writeString(folder.resolve("havn.yaml"), "nodes: 2\n");
    Path said = folder.resolve("server.out");
    server =
        Command.start(
            Map.of(),
            HavnProcess.command(
                data(),
                "up",
                "--foreground",
                "--port",
                "0",
                "--config",
                configuration.toString(),
                "--kubeconfig",
                folder.resolve("kubeconfig").toString()),
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
    run(HavnProcess.command(data(), "image", "load", image.toString())).succeeded();
  }

  private void run(String pod, String node, int port, int hostPort) throws IOException {
    boolean ofHost = port == hostPort;
    String text =
        PODS.formatted(
            pod, node, ofHost, port, hostPort, ofHost ? "host: 127.0.0.1" : "scheme: HTTP");
    Path file = Files.writeString(folder.resolve(pod + ".yaml"), text);
    kubectl("apply", "-f", file.toString()).succeeded();
    kubectl("wait", "--for=condition=Ready", "pod/" + pod, "--timeout=50s").succeeded();
  }

  private String asks(String pod, String target) {
    return kubectl("exec", pod, "--", "busybox", "timeout", "5", "wget", "-qO-", "http://" + target)
        .output();
  }

  private static String machineAsks(String target) {
    return run(List.of("curl", "-s", "-m", "5", "http://" + target)).output();
  }

  @Test
  @Timeout(240)
  void aNodeHasANetworkOfItsOwn() throws IOException {
    start();
    loadImage();
    List<String> nodes = List.of(get("nodes", ".items[*].metadata.name").split(" "));
    assertThat(nodes).hasSize(2);
    String address = get("node/" + nodes.get(1), ".status.addresses[0].address");
    run("a", nodes.get(0), 8080, 8071);
    run("b", nodes.get(1), 8080, 8072);
    run("h", nodes.get(1), 8073, 8073);
    theNamespaceHasTheBridge();
    String near = get("pod/a", ".status.podIP");
    String far = get("pod/b", ".status.podIP");
    assertThat(asks("a", far + ":8080")).contains("I am b");
    assertThat(asks("b", near + ":8080")).contains("I am a");
    servicesLead(address);
    portsAreTheNodes(address);
    theDoorsAnswer(nodes.get(1), address);
    nodesPassPolicies(address);
    connectionsLiveOn(far);
    servicesLead(address);
  }

  /// Whatever a policy says of others, nodes reach pods; what is told of it is what happens.
  private void nodesPassPolicies(String address) throws IOException {
    String closed =
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: closed}
        spec: {podSelector: {}, policyTypes: [Ingress]}
        """;
    Path file = Files.writeString(folder.resolve("closed.yaml"), closed);
    kubectl("apply", "-f", file.toString()).succeeded();
    String far = get("pod/b", ".status.podIP") + ":8080";
    String service = get("service/b", ".spec.clusterIP");
    HavnProcess.await("a policy", () -> !asks("a", far).contains("I am b"));
    assertThat(why("a")).contains("denied").contains("default/closed");
    assertThat(asks("a", service)).doesNotContain("I am b");
    for (String each : List.of(far, service, get("pod/a", ".status.podIP") + ":8080")) {
      assertThat(asks("h", each)).as("to " + each).contains("I am ");
    }
    assertThat(why("h")).contains("allowed");
    assertThat(machineAsks(far)).contains("I am b");
    assertThat(machineAsks(service)).contains("I am b");
    assertThat(why(address)).contains("allowed");
    kubectl("delete", "-f", file.toString()).succeeded();
    HavnProcess.await("no policy", () -> asks("a", far).contains("I am b"));
  }

  private String why(String from) {
    return run(HavnProcess.command(data(), "why", "connection", from, "b:8080")).succeeded();
  }

  private void theNamespaceHasTheBridge() throws IOException {
    String name = "hv" + clusterId() + "01";
    assertThat(run(List.of("ip", "netns", "list")).succeeded().lines())
        .anyMatch(each -> each.split(" ")[0].equals(name));
    assertThat(run(List.of("ip", "-n", name, "-o", "link", "show", "type", "bridge")).succeeded())
        .contains(name);
    assertThat(run(List.of("ip", "netns", "exec", name, "nft", "list", "tables")).succeeded())
        .contains("table ip havn-" + clusterId());
  }

  private void servicesLead(String address) {
    for (String from : List.of("a", "b", "h")) {
      for (String to : List.of("a", "b", "h")) {
        String service = get("service/" + to, ".spec.clusterIP");
        HavnProcess.await(from + " to " + to, () -> asks(from, service).contains("I am " + to));
        String port = get("service/" + to, ".spec.ports[0].nodePort");
        assertThat(asks(from, address + ":" + port)).as(from).contains("I am " + to);
        assertThat(machineAsks(address + ":" + port)).contains("I am " + to);
      }
      assertThat(asks(from, "b.default.svc.cluster.local"))
          .as(from + " by name")
          .contains(from.equals("h") ? "" : "I am b");
    }
  }

  private void portsAreTheNodes(String address) {
    assertThat(machineAsks(address + ":8072")).contains("I am b");
    assertThat(machineAsks(address + ":8073")).contains("I am h");
    assertThat(machineAsks(address + ":8071")).doesNotContain("I am");
    assertThat(machineAsks("127.0.0.1:8071")).contains("I am a");
    assertThat(machineAsks("127.0.0.1:8072")).doesNotContain("I am");
    assertThat(asks("h", "127.0.0.1:8072")).contains("I am b");
    assertThat(asks("a", address + ":8072")).contains("I am b");
  }

  private void theDoorsAnswer(String node, String address) {
    String port = get("node/" + node, ".status.daemonEndpoints.kubeletEndpoint.Port");
    assertThat(run(List.of("curl", "-sk", "-m", "5", "https://" + address + ":" + port)).output())
        .contains("Unauthorized");
    assertThat(kubectl("logs", "h").status()).isZero();
    assertThat(kubectl("get", "--raw", "/api/v1/nodes/" + node + "/proxy/healthz").succeeded())
        .contains("ok");
    assertThat(kubectl("get", "--raw", "/api/v1/namespaces/default/pods/b:8080/proxy/").succeeded())
        .contains("I am b");
  }

  /// A byte that is sent before the server is killed is answered with one that is sent after.
  private void connectionsLiveOn(String far) throws IOException {
    kubectl(
            "exec",
            "b",
            "--",
            "sh",
            "-c",
            "mkfifo /e; (busybox nc -l -p 9000 </e | cat >/e) >/dev/null 2>&1 &")
        .succeeded();
    List<Socket> found = new ArrayList<>();
    HavnProcess.await("somebody who listens", () -> connects(far, found));
    try (Socket socket = found.getFirst()) {
      socket.setSoTimeout((int) SHORT.toMillis());
      socket.getOutputStream().write('1');
      assertThat(socket.getInputStream().read()).isEqualTo('1');
      server.destroyForcibly();
      server.onExit().join();
      socket.getOutputStream().write('2');
      assertThat(socket.getInputStream().read()).isEqualTo('2');
      start();
      socket.getOutputStream().write('3');
      assertThat(socket.getInputStream().read()).isEqualTo('3');
    }
  }

  private static boolean connects(String address, List<Socket> found) {
    try {
      return found.add(new Socket(address, 9000));
    } catch (IOException notYet) {
      return false;
    }
  }
}
