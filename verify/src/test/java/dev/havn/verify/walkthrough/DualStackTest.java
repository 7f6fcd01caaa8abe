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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A cluster of two nodes with addresses of both families, of IPv6 alone, or of IPv6 first, in a
/// network namespace of its own: pods reach each other and Services by each, policies hold, no
/// packet for the cluster leaves, and nothing is left behind.
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
        in(List.of("test", "-e", "/proc/sys/net/ipv6/conf/lo")).status() == 0,
        "the kernel has no IPv6");
    if (in(List.of("test", "-e", "/proc/sys/net/ipv6/conf/lo/force_forwarding")).status() != 0) {
      // Before Linux 6.17 a whole machine forwards, or nothing of it.
      in(List.of("sysctl", "-w", "net.ipv6.conf.all.forwarding=1")).succeeded();
    }
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

  private void start(String ranges) throws IOException {
    Path configuration =
        Files.writeString(
            folder.resolve("havn.yaml"), "pod-range: %s\nnodes: 2\n".formatted(ranges));
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

  private List<String> all(String what, String path) {
    return List.of(get(what, path).split(" "));
  }

  private static List<String> families(List<String> addresses) {
    return addresses.stream().map(each -> each.contains(":") ? "IPv6" : "IPv4").toList();
  }

  private static String at(String address, String port) {
    return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
  }

  private String asks(String pod, String target) {
    return kubectl("exec", pod, "--", "busybox", "timeout", "5", "wget", "-qO-", "http://" + target)
        .output();
  }

  private String machineAsks(String target) {
    return in(List.of("curl", "-s", "-m", "5", "http://" + target)).output();
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
    start(ranges);
    List<String> expected = List.of(families.split(" "));
    List<String> nodes = all("nodes", ".items[*].metadata.name");
    assertThat(nodes).hasSize(2);
    assertThat(families(all("node/" + nodes.getFirst(), ".spec.podCIDRs[*]"))).isEqualTo(expected);
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
      List<String> addresses = all("pod/" + each[1], ".status.podIPs[*].ip");
      assertThat(families(addresses)).isEqualTo(families);
      assertThat(all("pod/" + each[1], ".status.podIP")).containsExactly(addresses.getFirst());
      for (String address : addresses) {
        assertThat(asks(each[0], at(address, "8080"))).contains("I am " + each[1]);
        assertThat(machineAsks(at(address, "8080"))).contains("I am " + each[1]);
      }
      String hosts = kubectl("exec", each[1], "--", "cat", "/etc/hosts").succeeded();
      assertThat(addresses).allMatch(address -> hosts.contains(address + "\t" + each[1]));
    }
  }

  private void servicesLead(List<String> families, String node) {
    List<String> addresses = all("service/b", ".spec.clusterIPs[*]");
    assertThat(families(addresses)).isEqualTo(families);
    String port = get("service/b", ".spec.ports[0].nodePort");
    List<String> hosts =
        all("node/" + node, ".status.addresses[?(@.type==\"InternalIP\")].address");
    assertThat(families(hosts)).isEqualTo(families);
    List<String> balancers = all("service/b", ".status.loadBalancer.ingress[*].ip");
    assertThat(families(balancers)).isEqualTo(families);
    for (int i = 0; i < families.size(); i++) {
      String address = at(addresses.get(i), "80");
      HavnProcess.await("a Service", () -> asks("a", address).contains("I am b"));
      assertThat(asks("b", address)).as("itself").contains("I am b");
      assertThat(machineAsks(address)).contains("I am b");
      assertThat(machineAsks(at(hosts.get(i), port))).contains("I am b");
      assertThat(asks("a", at(hosts.get(i), port))).contains("I am b");
      assertThat(machineAsks(at(balancers.get(i), "80"))).contains("I am b");
      assertThat(asks("a", at(addresses.get(i), "81"))).contains("refused");
      assertThat(names("b", families.get(i))).contains(addresses.get(i));
    }
    assertThat(asks("a", "b.default")).contains("I am b");
  }

  private String names(String service, String family) {
    String type = family.equals("IPv6") ? "-type=aaaa" : "-type=a";
    String name = service + ".default.svc.cluster.local";
    return kubectl("exec", "a", "--", "busybox", "nslookup", type, name).output();
  }

  /// Those of the API, of a node and of Ingresses.
  private void doorsAreReached(List<String> families) throws IOException {
    String api = get("service/kubernetes", ".spec.clusterIP");
    assertThat(families(List.of(api))).containsExactly(families.getFirst());
    assertThat(kubectl("exec", "a", "--", "sh", "-c", "busybox nc -w 5 " + api + " 443 </dev/null"))
        .satisfies(each -> assertThat(each.status()).as(each.output()).isZero());
    assertThat(kubectl("exec", "a", "--", "env").succeeded())
        .contains("KUBERNETES_SERVICE_HOST=" + api)
        .contains("KUBERNETES_PORT=tcp://" + at(api, "443"));
    Path file = Files.writeString(folder.resolve("ingress.yaml"), INGRESS);
    kubectl("apply", "-f", file.toString()).succeeded();
    HavnProcess.await(
        "an Ingress's address",
        () -> !get("ingress/b", ".status.loadBalancer.ingress[*].ip").isEmpty());
    List<String> doors = all("ingress/b", ".status.loadBalancer.ingress[*].ip");
    assertThat(families(doors)).isEqualTo(families);
    for (String each : doors) {
      HavnProcess.await("an Ingress", () -> machineAsks(at(each, "80")).contains("I am b"));
      assertThat(asks("a", at(each, "80"))).as("near the door").contains("I am b");
      assertThat(asks("b", at(each, "80"))).as("on the other node").contains("I am b");
    }
  }

  private void nothingLeaves() {
    String pods =
        all("nodes", ".items[0].spec.podCIDRs[*]").stream()
            .filter(each -> each.contains(":"))
            .findFirst()
            .orElseThrow();
    String[] groups = pods.split(":");
    String stranger = String.join(":", groups[0], groups[1], groups[2], "77::5");
    assertThat(in(List.of("ip", "-6", "route", "get", stranger)).output())
        .doesNotContain("dev out");
    assertThat(asks("a", "[2001:db8::1]:80"))
        .containsAnyOf(
            "refused", "unreachable", "denied", "timed out", "prohibited", "not permitted");
  }

  private void policiesHold() throws IOException {
    List<String> addresses = all("pod/b", ".status.podIPs[*].ip");
    Path file = Files.writeString(folder.resolve("policy.yaml"), POLICY);
    kubectl("apply", "-f", file.toString()).succeeded();
    for (String each : addresses) {
      String address = at(each, "8080");
      HavnProcess.await("a policy", () -> !asks("a", address).contains("I am b"));
      assertThat(machineAsks(address)).contains("I am b");
      assertThat(why("a", address)).contains("denied").contains("default/closed");
    }
    for (String each : all("service/b", ".spec.clusterIPs[*]")) {
      assertThat(machineAsks(at(each, "80"))).contains("I am b");
    }
    assertThat(why("a", "b:8080")).contains("denied").contains("default/closed");
    kubectl("delete", "-f", file.toString()).succeeded();
    for (String each : addresses) {
      HavnProcess.await("no policy", () -> asks("a", at(each, "8080")).contains("I am b"));
    }
  }

  private String why(String from, String to) {
    return in(HavnProcess.command(folder.resolve("server"), "why", "connection", from, to))
        .succeeded();
  }
}
