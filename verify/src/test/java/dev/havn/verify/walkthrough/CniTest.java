// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A cluster on the network of Debian's plugins, in a network namespace of its own: it waits for
/// its configuration, pods reach each other, Services, names and host ports, policies hold, a
/// killed server finds all of it again, and nothing is left behind.
class CniTest {

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
  private KubectlCluster cluster;

  @BeforeEach
  void makesANamespace() {
    List<String> programs = new ArrayList<>(KubectlCluster.PROGRAMS);
    programs.add("iptables");
    Skip.unlessRootWith("CNI", programs);
    Skip.unless(Files.isExecutable(Path.of("/usr/lib/cni/bridge")), "CNI needs Debian's plugins");
    Skip.unless(
        Files.exists(Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables")),
        "CNI needs br_netfilter");
    cluster = KubectlCluster.apart(folder, "havn-cni");
  }

  @AfterEach
  void endsAllOfIt() {
    if (cluster != null) {
      cluster.reset();
      cluster.removeSpace();
    }
  }

  private void start() throws IOException {
    cluster.start("runtime: runc\ncni-conf-dir: " + folder.resolve("net.d") + "\n");
  }

  private void run(String pod, int hostPort) throws IOException {
    cluster.apply(pod, PODS.formatted(pod, hostPort));
  }

  @Test
  @Timeout(300)
  void aNetworkOfPluginsCarriesACluster() throws IOException {
    start();
    waitsForAConfiguration();
    podsAndServicesAreReached();
    policiesHold();
    String before = cluster.get("pods", ".items[*].status.containerStatuses[0].containerID");
    String addresses = cluster.get("pods", ".items[*].status.podIP");
    cluster.kill();
    start();
    cluster.awaitReady("a");
    assertThat(cluster.get("pods", ".items[*].status.containerStatuses[0].containerID"))
        .isEqualTo(before);
    assertThat(cluster.get("pods", ".items[*].status.podIP")).isEqualTo(addresses);
    cluster.reaches("a", "b.default.svc.cluster.local", "I am b");
    cluster.kubectl("delete", "pod", "b").succeeded();
    assertThat(given()).hasSize(1);
    cluster.kill();
    cluster.havn("down").succeeded();
    assertThat(given()).isEmpty();
    assertThat(cluster.run("ip", "link").succeeded()).doesNotContain("veth").doesNotContain(" hv");
    assertThat(cluster.run("iptables-save", "-t", "nat").succeeded()).doesNotContain("28480");
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
    String message = ".items[0].status.conditions[?(@.type=='Ready')].message";
    HavnProcess.await("a node that says why", () -> cluster.get("nodes", message).equals(why));
    assertThat(cluster.havn("status").output()).contains(why);
    cluster.loadImage();
    Files.createDirectories(folder.resolve("net.d"));
    Files.writeString(
        folder.resolve("net.d/10-test.conflist"), LIST.formatted(folder.resolve("given")));
    run("a", 28_480);
    run("b", 28_481);
    cluster.awaitReady("a");
    cluster.awaitReady("b");
    assertThat(cluster.get("nodes", ".items[0].status.conditions[?(@.type=='Ready')].status"))
        .isEqualTo("True");
  }

  private void podsAndServicesAreReached() {
    String address = cluster.get("pod/b", ".status.podIP");
    assertThat(address).startsWith("198.18.80.");
    String service = cluster.get("service/b", ".spec.clusterIP");
    cluster.reaches("a", address + ":8080", "I am b");
    cluster.reaches("a", service, "I am b");
    cluster.reaches("a", "b.default.svc.cluster.local", "I am b");
    cluster.reaches("b", "b.default.svc.cluster.local", "I am b");
    cluster.machineReaches(service, "I am b");
    String host = cluster.get("nodes", ".items[0].status.addresses[0].address");
    String port = cluster.get("service/b", ".spec.ports[0].nodePort");
    cluster.machineReaches(host + ":" + port, "I am b");
    // Its host port.
    cluster.machineReaches(host + ":28480", "I am a");
  }

  private void policiesHold() throws IOException {
    String address = cluster.get("pod/b", ".status.podIP");
    Path file = cluster.apply("policy", POLICY);
    HavnProcess.await("a policy", () -> !cluster.asks("a", address + ":8080").contains("I am b"));
    assertThat(cluster.machineAsks(address + ":8080")).contains("I am b");
    cluster.delete(file);
    cluster.reaches("a", address + ":8080", "I am b");
  }
}
