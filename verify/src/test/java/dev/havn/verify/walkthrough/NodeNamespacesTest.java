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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two nodes, the second one with a network namespace of its own: pods reach each other across,
/// ports of the second node answer at its address and nowhere else, connections outlive a server
/// that is killed, and nothing is left behind.
class NodeNamespacesTest {
  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(60);

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
  private KubectlCluster cluster;

  @BeforeEach
  void needsPrograms() {
    Skip.unlessRootWith("a node in a namespace", KubectlCluster.PROGRAMS);
    cluster = KubectlCluster.in(folder);
  }

  @AfterEach
  void endsAllOfIt() throws IOException {
    if (cluster != null && Files.exists(cluster.data())) {
      String id = cluster.id();
      cluster.reset();
      assertThat(cluster.run("ip", "netns", "list").succeeded()).doesNotContain("hv" + id);
      assertThat(cluster.run("ip", "-o", "link").succeeded()).doesNotContain("hv" + id);
      assertThat(cluster.run("nft", "list", "tables").succeeded()).doesNotContain("havn-" + id);
    }
  }

  private void start() throws IOException {
    cluster.start("nodes: 2\n");
  }

  private void run(String pod, String node, int port, int hostPort) throws IOException {
    boolean ofHost = port == hostPort;
    String text =
        PODS.formatted(
            pod, node, ofHost, port, hostPort, ofHost ? "host: 127.0.0.1" : "scheme: HTTP");
    cluster.apply(pod, text);
    cluster.awaitReady(pod);
  }

  @Test
  @Timeout(240)
  void aNodeHasANetworkOfItsOwn() throws IOException {
    start();
    cluster.loadImage();
    List<String> nodes = List.of(cluster.get("nodes", ".items[*].metadata.name").split(" "));
    assertThat(nodes).hasSize(2);
    String address = cluster.get("node/" + nodes.get(1), ".status.addresses[0].address");
    run("a", nodes.get(0), 8080, 8071);
    run("b", nodes.get(1), 8080, 8072);
    run("h", nodes.get(1), 8073, 8073);
    theNamespaceHasTheBridge();
    String near = cluster.get("pod/a", ".status.podIP");
    String far = cluster.get("pod/b", ".status.podIP");
    cluster.reaches("a", far + ":8080", "I am b");
    cluster.reaches("b", near + ":8080", "I am a");
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
    Path file = cluster.apply("closed", closed);
    String far = cluster.get("pod/b", ".status.podIP") + ":8080";
    String service = cluster.get("service/b", ".spec.clusterIP");
    HavnProcess.await("a policy", () -> !cluster.asks("a", far).contains("I am b"));
    assertThat(why("a")).contains("denied").contains("default/closed");
    assertThat(cluster.asks("a", service)).doesNotContain("I am b");
    for (String each : List.of(far, service, cluster.get("pod/a", ".status.podIP") + ":8080")) {
      assertThat(cluster.asks("h", each)).as("to " + each).contains("I am ");
    }
    assertThat(why("h")).contains("allowed");
    assertThat(cluster.machineAsks(far)).contains("I am b");
    assertThat(cluster.machineAsks(service)).contains("I am b");
    assertThat(why(address)).contains("allowed");
    cluster.delete(file);
    cluster.reaches("a", far, "I am b");
  }

  private String why(String from) {
    return cluster.havn("why", "connection", from, "b:8080").succeeded();
  }

  private void theNamespaceHasTheBridge() throws IOException {
    String name = "hv" + cluster.id() + "01";
    assertThat(cluster.run("ip", "netns", "list").succeeded().lines())
        .anyMatch(each -> each.split(" ")[0].equals(name));
    assertThat(cluster.run("ip", "-n", name, "-o", "link", "show", "type", "bridge").succeeded())
        .contains(name);
    assertThat(cluster.run("ip", "netns", "exec", name, "nft", "list", "tables").succeeded())
        .contains("table ip havn-" + cluster.id());
  }

  private void servicesLead(String address) {
    for (String from : List.of("a", "b", "h")) {
      for (String to : List.of("a", "b", "h")) {
        String service = cluster.get("service/" + to, ".spec.clusterIP");
        cluster.reaches(from, service, "I am " + to);
        String port = cluster.get("service/" + to, ".spec.ports[0].nodePort");
        cluster.reaches(from, address + ":" + port, "I am " + to);
        cluster.machineReaches(address + ":" + port, "I am " + to);
      }
      if (!from.equals("h")) {
        cluster.reaches(from, "b.default.svc.cluster.local", "I am b");
      }
    }
  }

  private void portsAreTheNodes(String address) {
    assertThat(cluster.machineAsks(address + ":8072")).contains("I am b");
    assertThat(cluster.machineAsks(address + ":8073")).contains("I am h");
    assertThat(cluster.machineAsks(address + ":8071")).doesNotContain("I am");
    assertThat(cluster.machineAsks("127.0.0.1:8071")).contains("I am a");
    assertThat(cluster.machineAsks("127.0.0.1:8072")).doesNotContain("I am");
    assertThat(cluster.asks("h", "127.0.0.1:8072")).contains("I am b");
    assertThat(cluster.asks("a", address + ":8072")).contains("I am b");
  }

  private void theDoorsAnswer(String node, String address) {
    String port = cluster.get("node/" + node, ".status.daemonEndpoints.kubeletEndpoint.Port");
    assertThat(cluster.run("curl", "-sk", "-m", "5", "https://" + address + ":" + port).output())
        .contains("Unauthorized");
    assertThat(cluster.kubectl("logs", "h").status()).isZero();
    assertThat(
            cluster.kubectl("get", "--raw", "/api/v1/nodes/" + node + "/proxy/healthz").succeeded())
        .contains("ok");
    assertThat(
            cluster
                .kubectl("get", "--raw", "/api/v1/namespaces/default/pods/b:8080/proxy/")
                .succeeded())
        .contains("I am b");
  }

  /// A byte that is sent before the server is killed is answered with one that is sent after.
  private void connectionsLiveOn(String far) throws IOException {
    cluster
        .kubectl(
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
      socket.setSoTimeout((int) ANSWERS_WITHIN.toMillis());
      socket.getOutputStream().write('1');
      assertThat(socket.getInputStream().read()).isEqualTo('1');
      cluster.kill();
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
