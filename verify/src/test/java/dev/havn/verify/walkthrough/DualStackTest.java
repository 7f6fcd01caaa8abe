// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A cluster of two nodes with addresses of both families, of IPv6 alone, or of IPv6 first, in a
/// network namespace of its own: pods reach each other and Services by each, policies hold, no
/// packet for the cluster leaves, and nothing is left behind.
class DualStackTest {

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
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        type: LoadBalancer
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

  private static final String INGRESS =
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: b}
      spec:
        ingressClassName: havn
        defaultBackend: {service: {name: b, port: {number: 80}}}
      """;

  @TempDir private Path folder;
  private KubectlCluster cluster;

  @BeforeEach
  void makesANamespace() {
    Skip.unlessRootWith("two families", KubectlCluster.PROGRAMS);
    cluster = KubectlCluster.apart(folder, "havn-dual");
    Skip.unless(
        cluster.run("test", "-e", "/proc/sys/net/ipv6/conf/lo").status() == 0,
        "two families need a kernel with IPv6");
    if (cluster.run("test", "-e", "/proc/sys/net/ipv6/conf/lo/force_forwarding").status() != 0) {
      // Before Linux 6.17 a whole machine forwards, or nothing of it.
      cluster.run("sysctl", "-w", "net.ipv6.conf.all.forwarding=1").succeeded();
    }
    // A way out that nothing of the cluster may take.
    ip("link", "add", "out", "type", "veth", "peer", "name", "outer");
    ip("link", "set", "out", "up");
    ip("link", "set", "outer", "up");
    ip("address", "add", "2001:db8::2/64", "dev", "out", "nodad");
    ip("route", "add", "default", "via", "2001:db8::1", "dev", "out");
  }

  private void ip(String... words) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    cluster.run(command.toArray(String[]::new)).succeeded();
  }

  @AfterEach
  void endsAllOfIt() {
    if (cluster == null) {
      return;
    }
    if (cluster.reset()) {
      assertThat(cluster.run("nft", "list", "tables").succeeded()).doesNotContain("havn-");
      assertThat(cluster.run("ip", "-6", "route", "show", "table", "all").succeeded())
          .doesNotContain("unreachable fd");
    }
    cluster.removeSpace();
  }

  private void run(String pod, String node) throws IOException {
    cluster.apply(pod, PODS.formatted(pod, node));
    cluster.awaitReady(pod);
  }

  private static List<String> families(List<String> addresses) {
    return addresses.stream().map(each -> each.contains(":") ? "IPv6" : "IPv4").toList();
  }

  private static String at(String address, String port) {
    return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
  }

  /// @param ranges of pods
  /// @param families of the cluster, its own first
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "auto,auto | IPv4 IPv6",
        "fd00:10:244::/48 | IPv6",
        "fd00:10:244::/48,auto | IPv6 IPv4",
      })
  @Timeout(300)
  void podsAndServicesAreReachedByEachFamilyAndStayInside(String ranges, String families)
      throws IOException {
    cluster.start("pod-range: %s\nnodes: 2\n".formatted(ranges));
    cluster.loadImage();
    List<String> expected = List.of(families.split(" "));
    List<String> nodes = cluster.all("nodes", ".items[*].metadata.name");
    assertThat(nodes).hasSize(2);
    assertThat(families(cluster.all("node/" + nodes.getFirst(), ".spec.podCIDRs[*]")))
        .isEqualTo(expected);
    run("a", nodes.get(0));
    run("b", nodes.get(1));
    podsReachEachOther(expected);
    servicesLead(expected, nodes.get(0));
    doorsAreReached(expected);
    nothingLeaves();
    policiesHold();
  }

  private void podsReachEachOther(List<String> families) {
    for (String[] each : new String[][] {{"a", "b"}, {"b", "a"}}) {
      List<String> addresses = cluster.all("pod/" + each[1], ".status.podIPs[*].ip");
      assertThat(families(addresses)).isEqualTo(families);
      assertThat(cluster.all("pod/" + each[1], ".status.podIP"))
          .containsExactly(addresses.getFirst());
      for (String address : addresses) {
        cluster.reaches(each[0], at(address, "8080"), "I am " + each[1]);
        cluster.machineReaches(at(address, "8080"), "I am " + each[1]);
      }
      String hosts = cluster.kubectl("exec", each[1], "--", "cat", "/etc/hosts").succeeded();
      assertThat(addresses).allMatch(address -> hosts.contains(address + "\t" + each[1]));
    }
  }

  private void servicesLead(List<String> families, String node) {
    List<String> addresses = cluster.all("service/b", ".spec.clusterIPs[*]");
    assertThat(families(addresses)).isEqualTo(families);
    String port = cluster.get("service/b", ".spec.ports[0].nodePort");
    List<String> hosts =
        cluster.all("node/" + node, ".status.addresses[?(@.type==\"InternalIP\")].address");
    assertThat(families(hosts)).isEqualTo(families);
    HavnProcess.await(
        "a load balancer's address",
        () -> !cluster.get("service/b", ".status.loadBalancer.ingress[*].ip").isEmpty());
    List<String> balancers = cluster.all("service/b", ".status.loadBalancer.ingress[*].ip");
    assertThat(families(balancers)).isEqualTo(families);
    for (int i = 0; i < families.size(); i++) {
      String address = at(addresses.get(i), "80");
      cluster.reaches("a", address, "I am b");
      cluster.reaches("b", address, "I am b");
      cluster.machineReaches(address, "I am b");
      cluster.machineReaches(at(hosts.get(i), port), "I am b");
      cluster.reaches("a", at(hosts.get(i), port), "I am b");
      cluster.machineReaches(at(balancers.get(i), "80"), "I am b");
      assertThat(cluster.asks("a", at(addresses.get(i), "81"))).contains("refused");
      assertThat(names("b", families.get(i))).contains(addresses.get(i));
    }
    cluster.reaches("a", "b.default", "I am b");
  }

  private String names(String service, String family) {
    String type = family.equals("IPv6") ? "-type=aaaa" : "-type=a";
    String name = service + ".default.svc.cluster.local";
    return cluster.kubectl("exec", "a", "--", "busybox", "nslookup", type, name).output();
  }

  /// Those of the API, of a node and of Ingresses.
  private void doorsAreReached(List<String> families) throws IOException {
    String api = cluster.get("service/kubernetes", ".spec.clusterIP");
    assertThat(families(List.of(api))).containsExactly(families.getFirst());
    assertThat(
            cluster.kubectl(
                "exec", "a", "--", "sh", "-c", "busybox nc -w 5 " + api + " 443 </dev/null"))
        .satisfies(each -> assertThat(each.status()).as(each.output()).isZero());
    assertThat(cluster.kubectl("exec", "a", "--", "env").succeeded())
        .contains("KUBERNETES_SERVICE_HOST=" + api)
        .contains("KUBERNETES_PORT=tcp://" + at(api, "443"));
    cluster.apply("ingress", INGRESS);
    HavnProcess.await(
        "an Ingress's address",
        () -> !cluster.get("ingress/b", ".status.loadBalancer.ingress[*].ip").isEmpty());
    List<String> doors = cluster.all("ingress/b", ".status.loadBalancer.ingress[*].ip");
    assertThat(families(doors)).isEqualTo(families);
    for (String each : doors) {
      cluster.machineReaches(at(each, "80"), "I am b");
      // Near the door, and on the other node.
      cluster.reaches("a", at(each, "80"), "I am b");
      cluster.reaches("b", at(each, "80"), "I am b");
    }
  }

  private void nothingLeaves() {
    String pods =
        cluster.all("nodes", ".items[0].spec.podCIDRs[*]").stream()
            .filter(each -> each.contains(":"))
            .findFirst()
            .orElseThrow();
    String[] groups = pods.split(":");
    String stranger = String.join(":", groups[0], groups[1], groups[2], "77::5");
    assertThat(cluster.run("ip", "-6", "route", "get", stranger).output())
        .doesNotContain("dev out");
    assertThat(cluster.asks("a", "[2001:db8::1]:80"))
        .containsAnyOf(
            "refused", "unreachable", "denied", "timed out", "prohibited", "not permitted");
  }

  private void policiesHold() throws IOException {
    List<String> addresses = cluster.all("pod/b", ".status.podIPs[*].ip");
    Path file = cluster.apply("policy", POLICY);
    for (String each : addresses) {
      String address = at(each, "8080");
      HavnProcess.await("a policy", () -> !cluster.asks("a", address).contains("I am b"));
      assertThat(cluster.machineAsks(address)).contains("I am b");
      assertThat(why("a", address)).contains("denied").contains("default/closed");
    }
    for (String each : cluster.all("service/b", ".spec.clusterIPs[*]")) {
      assertThat(cluster.machineAsks(at(each, "80"))).contains("I am b");
    }
    assertThat(why("a", "b:8080")).contains("denied").contains("default/closed");
    cluster.delete(file);
    for (String each : addresses) {
      cluster.reaches("a", at(each, "8080"), "I am b");
    }
  }

  private String why(String from, String to) {
    return cluster.havn("why", "connection", from, to).succeeded();
  }
}
