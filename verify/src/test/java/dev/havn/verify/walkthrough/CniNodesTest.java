// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two nodes with the network of Debian's plugins and addresses of both families, in a network
/// namespace of their own: pods of one reach those of the other and Services by each, policies know
/// who sends, a pod has the address that it asks for, a killed server finds all of it again, and
/// nothing is left behind.
class CniNodesTest {

  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "havn-nodes", "plugins": [
        {"type": "bridge", "bridge": "cni9", "isGateway": true, "ipMasq": true, "hairpinMode": true,
         "capabilities": {"ipRanges": true, "ips": true, "mac": true},
         "ipam": {"type": "host-local", "dataDir": "%s", "ranges": [],
                  "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}}]}
      """;

  private static final String PORTS =
      "{\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}";

  private static final String PODS =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: %1$s
        labels: {app: %1$s}
        annotations: {%3$s}
      spec:
        nodeName: %2$s
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/web:1
          imagePullPolicy: Never
          command:
          - sh
          - -c
          - |
            mkdir -p /w/cgi-bin
            echo I am %1$s > /w/index.html
            echo '#!/bin/sh' > /w/cgi-bin/who
            echo 'echo; echo "asked by $REMOTE_ADDR."' >> /w/cgi-bin/who
            chmod 755 /w/cgi-bin/who
            exec httpd -f -p 8080 -h /w
          ports: [{containerPort: 8080, hostPort: %4$d}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        type: NodePort
        selector: {app: %1$s}
        ipFamilyPolicy: RequireDualStack
        ports: [{port: 80, targetPort: 8080}]
      """;

  private static final String POLICY =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: some}
      spec:
        podSelector: {matchLabels: {app: b}}
        policyTypes: [Ingress]
        ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]
      """;

  @TempDir private Path folder;
  private KubectlCluster cluster;

  @BeforeEach
  void makesANamespace() {
    List<String> programs = new ArrayList<>(KubectlCluster.PROGRAMS);
    programs.add("iptables");
    Skip.unlessRootWith("CNI with two nodes", programs);
    Skip.unless(Files.isExecutable(Path.of("/usr/lib/cni/bridge")), "CNI needs Debian's plugins");
    Skip.unless(
        Files.exists(Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables")),
        "CNI needs br_netfilter");
    cluster = KubectlCluster.apart(folder, "havn-cni2");
    Skip.unless(
        cluster.run("test", "-e", "/proc/sys/net/ipv6/conf/lo").status() == 0,
        "two families need a kernel with IPv6");
    cluster.run("sysctl", "-w", "net.ipv6.conf.all.forwarding=1").succeeded();
  }

  @AfterEach
  void endsAllOfIt() throws IOException {
    if (cluster == null) {
      return;
    }
    if (Files.exists(cluster.data())) {
      String id = cluster.id();
      cluster.reset();
      assertThat(cluster.run("ip", "netns", "list").succeeded()).doesNotContain("hv" + id);
      assertThat(cluster.run("ip", "link").succeeded()).doesNotContain("veth").doesNotContain("hv");
      assertThat(given()).isEmpty();
    }
    cluster.removeSpace();
  }

  private void start() throws IOException {
    cluster.start(
        "runtime: runc\nnodes: 2\npod-range: auto,auto\ncni-conf-dir: "
            + folder.resolve("net.d")
            + "\n");
  }

  private void run(String pod, String node, String annotations, int hostPort) throws IOException {
    cluster.apply(pod, PODS.formatted(pod, node, annotations, hostPort));
    cluster.awaitReady(pod);
  }

  private List<String> given() throws IOException {
    Path addresses = folder.resolve("given/havn-nodes");
    if (!Files.isDirectory(addresses)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(addresses)) {
      return files
          .map(each -> String.valueOf(each.getFileName()))
          .filter(each -> each.matches("[0-9]+\\..*|fd.*"))
          .toList();
    }
  }

  /// With a plugin in a file of its own.
  private void configure() throws IOException {
    Path beside = Files.createDirectories(folder.resolve("net.d/havn-nodes"));
    Files.writeString(beside.resolve("50-ports.conf"), PORTS);
    Files.writeString(
        folder.resolve("net.d/10-test.conflist"), LIST.formatted(folder.resolve("given")));
  }

  @Test
  @Timeout(300)
  void pluginsMakeTheNetworkOfTwoNodes() throws IOException {
    configure();
    start();
    cluster.loadImage();
    List<String> nodes = cluster.all("nodes", ".items[*].metadata.name");
    assertThat(nodes).hasSize(2);
    run("a", nodes.get(0), "", 28_480);
    String range = cluster.get("node/" + nodes.get(1), ".spec.podCIDRs[0]");
    String wanted = range.replace(".0/24", ".77");
    run(
        "b",
        nodes.get(1),
        "v1.multus-cni.io/default-network: '[{\"name\": \"havn-nodes\", \"ips\": [\""
            + wanted
            + "\"], \"mac\": \"0a:58:00:00:00:77\"}]'",
        28_480);
    run("c", nodes.get(1), "", 28_481);
    podsReachEachOther(wanted);
    servicesLead(nodes.get(1));
    policiesKnowWhoSends();
    String addresses = cluster.get("pods", ".items[*].status.podIPs[*].ip");
    cluster.kill();
    start();
    for (String each : List.of("a", "b", "c")) {
      cluster.awaitReady(each);
    }
    assertThat(cluster.get("pods", ".items[*].status.podIPs[*].ip")).isEqualTo(addresses);
    assertThat(given()).containsExactlyInAnyOrder(addresses.split(" "));
    assertThat(cluster.asks("a", "b.default.svc.cluster.local")).contains("I am b");
    cluster.kubectl("delete", "pod", "c").succeeded();
    assertThat(given()).hasSize(4);
  }

  private void podsReachEachOther(String wanted) {
    List<String> there = cluster.all("pod/b", ".status.podIPs[*].ip");
    assertThat(there).hasSize(2).first().isEqualTo(wanted);
    assertThat(there.get(1)).startsWith("fd");
    assertThat(cluster.kubectl("exec", "b", "--", "cat", "/sys/class/net/eth0/address").succeeded())
        .contains("0a:58:00:00:00:77");
    for (String[] each : new String[][] {{"a", "b"}, {"b", "a"}, {"c", "b"}, {"a", "c"}}) {
      for (String address : cluster.all("pod/" + each[1], ".status.podIPs[*].ip")) {
        assertThat(cluster.asks(each[0], at(address, "8080")))
            .as(each[0] + " to " + address)
            .contains("I am " + each[1]);
        assertThat(cluster.machineAsks(at(address, "8080"))).contains("I am " + each[1]);
      }
    }
    sendersAreSeen();
    assertThat(cluster.kubectl("exec", "b", "--", "cat", "/etc/hosts").succeeded())
        .contains(there.get(1) + "\tb");
  }

  /// A plugin that hides pods behind their node's address does not hide them from other nodes'
  /// pods.
  private void sendersAreSeen() {
    List<String> from = cluster.all("pod/a", ".status.podIPs[*].ip");
    List<String> to = cluster.all("pod/b", ".status.podIPs[*].ip");
    for (int i = 0; i < to.size(); i++) {
      assertThat(cluster.asks("a", at(to.get(i), "8080") + "/cgi-bin/who"))
          .containsPattern("asked by .*" + from.get(i) + "\\b");
      assertThat(cluster.asks("b", at(from.get(i), "8080") + "/cgi-bin/who"))
          .containsPattern("asked by .*" + to.get(i) + "\\b");
    }
  }

  private static String at(String address, String port) {
    return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
  }

  private void servicesLead(String node) {
    for (String address : cluster.all("service/b", ".spec.clusterIPs[*]")) {
      for (String from : List.of("a", "b", "c")) {
        HavnProcess.await(
            from + " to " + address,
            () -> cluster.asks(from, at(address, "80")).contains("I am b"));
      }
      assertThat(cluster.machineAsks(at(address, "80"))).contains("I am b");
    }
    assertThat(cluster.asks("a", "b.default.svc.cluster.local")).contains("I am b");
    assertThat(cluster.asks("b", "a.default.svc.cluster.local")).contains("I am a");
    String host = cluster.get("node/" + node, ".status.addresses[0].address");
    String port = cluster.get("service/a", ".spec.ports[0].nodePort");
    assertThat(cluster.machineAsks(at(host, port))).contains("I am a");
    assertThat(cluster.machineAsks(at(host, "28480"))).as("host port").contains("I am b");
    assertThat(cluster.asks("a", at(host, "28481"))).as("host port").contains("I am c");
  }

  private void policiesKnowWhoSends() throws IOException {
    Path file = cluster.apply("policy", POLICY);
    for (String address : cluster.all("pod/b", ".status.podIPs[*].ip")) {
      HavnProcess.await(
          "a policy", () -> !cluster.asks("c", at(address, "8080")).contains("I am b"));
      assertThat(cluster.asks("a", at(address, "8080"))).contains("I am b");
      assertThat(cluster.machineAsks(at(address, "8080"))).contains("I am b");
    }
    cluster.delete(file);
    String address = cluster.get("pod/b", ".status.podIP");
    HavnProcess.await("no policy", () -> cluster.asks("c", at(address, "8080")).contains("I am b"));
  }
}
