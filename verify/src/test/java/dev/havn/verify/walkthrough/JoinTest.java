// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A node that joins from another network namespace, which a single wire joins with the server's:
/// what pods on both say to each other, what reaches the node's pods, who is not let in, and that
/// nothing ends when one of the two is killed.
class JoinTest {
  private static final String SERVER = "havn-jt-a";
  private static final String NODE = "havn-jt-b";
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
          command: [sh, -c, "echo %1$s serves; mkdir /w; echo I am %1$s > /w/index.html; cat /bin/busybox > /w/large; httpd -f -p 8080 -h /w"]
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: %1$s}
      spec:
        selector: {app: %1$s}
        ipFamilyPolicy: PreferDualStack
        ports: [{port: 80, targetPort: 8080}]
      """;

  @TempDir private Path folder;
  private Process server;
  private Process node;

  @BeforeEach
  void makesTwoNamespaces() {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: needs root");
    for (String program :
        List.of("runc", "conmon", "nft", "ip", "bridge", "nsenter", "kubectl", "curl")) {
      Assumptions.assumeTrue(Command.onPath(program).isPresent(), "skipped: needs " + program);
    }
    clear();
    ip("netns", "add", SERVER);
    ip("netns", "add", NODE);
    Assumptions.assumeTrue(
        Command.run(
                    Map.of(),
                    List.of(
                        "ip", "-n", SERVER, "link", "add", "x", "type", "vxlan", "id", "1",
                        "dstport", "4789"))
                .status()
            == 0,
        "skipped: the kernel has no VXLAN");
    ip("-n", SERVER, "link", "delete", "x");
    ip("-n", SERVER, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", NODE);
    int last = 1;
    for (String each : List.of(SERVER, NODE)) {
      ip("-n", each, "link", "set", "lo", "up");
      ip("-n", each, "link", "set", "wire", "up");
      ip("-n", each, "address", "add", "192.0.2." + last + "/24", "dev", "wire");
      ip("-n", each, "address", "add", "2001:db8::" + last + "/64", "dev", "wire", "nodad");
      last++;
    }
  }

  @AfterEach
  void endsAllOfIt() {
    for (Process each : new Process[] {node, server}) {
      if (each != null) {
        each.destroyForcibly();
        each.onExit().join();
      }
    }
    for (String each : List.of("node", "server")) {
      String space = each.equals("node") ? NODE : SERVER;
      if (Files.exists(folder.resolve(each))) {
        in(space, HavnProcess.command(folder.resolve(each), "reset", "--yes")).succeeded();
      }
    }
    clear();
  }

  private static void clear() {
    for (String each : List.of(SERVER, NODE)) {
      if (Files.exists(Path.of("/run/netns", each))) {
        ip("netns", "delete", each);
      }
    }
  }

  private static void ip(String... words) {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Command.run(Map.of(), command).succeeded();
  }

  private static List<String> enter(String space, List<String> command) {
    List<String> whole = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + space));
    whole.addAll(command);
    return whole;
  }

  private static Command.Result in(String space, List<String> command) {
    return Command.run(Map.of(), enter(space, command), SHORT);
  }

  private Command.Result kubectl(String... words) {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    command.addAll(List.of(words));
    return Kubectl.heard(() -> in(SERVER, command));
  }

  private Command.Result at(String which, String... words) {
    return in(
        which.equals("node") ? NODE : SERVER, HavnProcess.command(folder.resolve(which), words));
  }

  private Process start(String which, String... words) throws IOException {
    Path said = folder.resolve(which + ".out");
    String space = which.equals("node") ? NODE : SERVER;
    Process process =
        Command.start(
            Map.of(), enter(space, HavnProcess.command(folder.resolve(which), words)), said);
    HavnProcess.await(
        which + ": " + said, () -> !process.isAlive() || text(said).contains("Havn "));
    assertThat(process.isAlive()).as(text(said)).isTrue();
    return process;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void startServer() throws IOException {
    startServer("192.0.2.1");
  }

  private void startServer(String bind, String... more) throws IOException {
    List<String> words = new ArrayList<>(List.of("up", "--foreground", "--bind", bind));
    words.addAll(List.of("--port", "6443"));
    words.addAll(List.of("--kubeconfig", folder.resolve("kubeconfig").toString()));
    words.addAll(List.of(more));
    server = start("server", words.toArray(String[]::new));
  }

  private void kill(Process process) {
    process.destroyForcibly();
    process.onExit().join();
  }

  private void await(String what, String wanted, String... words) {
    HavnProcess.await(what, () -> kubectl(words).output().contains(wanted));
  }

  private void run(String pod, String on) throws IOException {
    Path file = Files.writeString(folder.resolve(pod + ".yaml"), PODS.formatted(pod, on));
    kubectl("apply", "-f", file.toString()).succeeded();
    kubectl("wait", "--for=condition=Ready", "pod/" + pod, "--timeout=50s").succeeded();
  }

  /// Asks again until a pod gets that: its server listens, and what leads there comes, a little
  /// after the pod is Ready.
  private void hears(String from, String to, String words) {
    HavnProcess.await(
        from + " to hear '" + words + "' from " + to,
        () -> kubectl("exec", from, "--", "wget", "-qO-", to).output().contains(words));
  }

  private String address(String pod) {
    return kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}").succeeded();
  }

  @Test
  @Timeout(300)
  void aNodeElsewhereIsAsGoodAsOneHere() throws IOException {
    startServer();
    List<String> join = join("24h");
    refusesWhoIsNotInvited(join);
    List<String> words = new ArrayList<>(join);
    words.addAll(List.of("--foreground", "--name", "far"));
    node = start("node", words.toArray(String[]::new));
    await("a node", " Ready", "get", "node", "far");
    loadImages();
    run("near", "havn");
    run("far", "far");
    podsTalk();
    thePodsOfTheNodeAreReached();
    nothingEndsWithOneOfTheTwo();
  }

  /// @param ranges of pods
  /// @param bind by which the machines reach each other
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "auto,auto | 192.0.2.1",
        "fd00:10:244::/48 | 192.0.2.1",
        "fd00:10:244::/48,auto | ::"
      })
  @Timeout(240)
  void podsOnBothTalkByEachFamily(String ranges, String bind) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), "pod-range: %s\n".formatted(ranges));
    startServer(bind, "--config", file.toString());
    List<String> words = new ArrayList<>(join("24h"));
    words.addAll(List.of("--foreground", "--name", "far"));
    node = start("node", words.toArray(String[]::new));
    await("a node", " Ready", "get", "node", "far");
    loadImages();
    run("near", "havn");
    run("far", "far");
    for (String[] each : new String[][] {{"near", "far"}, {"far", "near"}}) {
      for (String address : all("pod", each[1], ".status.podIPs[*].ip")) {
        hears(each[0], at(address, 8080), "I am " + each[1]);
      }
      for (String address : all("service", each[1], ".spec.clusterIPs[*]")) {
        hears(each[0], at(address, 80), "I am " + each[1]);
        assertThat(largeBytes(each[0], at(address, 80))).isPositive();
      }
    }
    // The machine's own way there.
    for (String address : all("pod", "far", ".status.podIPs[*].ip")) {
      HavnProcess.await(
          "the machine to reach " + address,
          () ->
              in(SERVER, List.of("curl", "-s", "-m", "5", at(address, 8080)))
                  .output()
                  .contains("I am far"));
    }
  }

  private List<String> all(String kind, String name, String path) {
    String text = kubectl("get", kind, name, "-o", "jsonpath={" + path + "}").succeeded();
    return List.of(text.split(" "));
  }

  private static String at(String address, int port) {
    return "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
  }

  /// The words that the server says a node joins with.
  private List<String> join(String lifetime) {
    String command = at("server", "token", "create", "--ttl", lifetime).succeeded().strip();
    assertThat(command)
        .matches("havn join https://(192\\.0\\.2\\.1|\\[2001:db8::1]):6443 --token .*");
    return List.of(command.substring("havn ".length()).split(" "));
  }

  private void loadImages() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Assumptions.assumeTrue(busybox.isPresent(), "skipped: needs a static busybox");
    Path image =
        WebImage.of(busybox.get(), "web").dockerArchive(folder.resolve("web.tar"), "example/web:1");
    for (String each : List.of("server", "node")) {
      at(each, "image", "load", image.toString()).succeeded();
    }
  }

  private void refusesWhoIsNotInvited(List<String> join) {
    String token = join.get(3);
    String over = join("1s").get(3);
    Instant end = Instant.now().plusSeconds(1);
    String other = token.endsWith("a") ? "b" : "a";
    List<List<String>> tries =
        List.of(
            List.of(token, "aaaaaa.aaaaaaaaaaaaaaaa", "the token aaaaaa is not known"),
            List.of(token, token.replaceFirst(".$", other), "the second half of the token"),
            List.of(join.get(5), "sha256:" + "0".repeat(64), "is not the one that --ca-hash names"),
            List.of(join.get(1), "https://192.0.2.1:7", "https://192.0.2.1:7 does not answer"),
            List.of(token, over, "or its time is over"));
    HavnProcess.await("the end of a token", () -> Instant.now().isAfter(end));
    for (List<String> each : tries) {
      List<String> words = new ArrayList<>(join);
      words.replaceAll(word -> word.equals(each.get(0)) ? each.get(1) : word);
      assertThat(at("node", words.toArray(String[]::new)).failed()).contains(each.get(2));
    }
    List<String> taken = new ArrayList<>(join);
    taken.addAll(List.of("--name", "havn"));
    assertThat(at("node", taken.toArray(String[]::new)).failed())
        .contains("the cluster has a node havn that is Ready");
  }

  private void podsTalk() {
    hears("near", address("far") + ":8080", "I am far");
    hears("far", address("near") + ":8080", "I am near");
    hears("near", "http://far", "I am far");
    hears("far", "http://near.default.svc.cluster.local", "I am near");
    hears("far", "http://near", "I am near");
    assertThat(largeBytes("near", "http://far")).isEqualTo(largeBytes("far", "http://near"));
  }

  /// Packets between machines are smaller than those of pods.
  private long largeBytes(String from, String to) {
    String count =
        kubectl("exec", from, "--", "sh", "-c", "wget -qO- " + to + "/large | busybox wc -c")
            .succeeded()
            .strip();
    assertThat(Long.parseLong(count)).isGreaterThan(1 << 20);
    return Long.parseLong(count);
  }

  private void thePodsOfTheNodeAreReached() throws IOException {
    assertThat(kubectl("logs", "far").succeeded()).contains("far serves");
    assertThat(kubectl("get", "--raw", "/api/v1/nodes/far/proxy/healthz").succeeded())
        .isEqualTo("ok");
    await("figures of the pod", "far", "top", "pod", "far", "--no-headers");
    await("figures of the node", "usage", "get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes/far");
    Path said = folder.resolve("forward.out");
    Process forward =
        Command.start(
            Map.of(),
            enter(
                SERVER,
                List.of(
                    "kubectl",
                    "--kubeconfig",
                    folder.resolve("kubeconfig").toString(),
                    "port-forward",
                    "pod/far",
                    "7780:8080")),
            said);
    try {
      HavnProcess.await("a forwarded port", () -> text(said).contains("Forwarding"));
      assertThat(in(SERVER, List.of("curl", "-s", "http://127.0.0.1:7780/")).succeeded())
          .contains("I am far");
    } finally {
      kill(forward);
    }
  }

  private void nothingEndsWithOneOfTheTwo() throws IOException {
    String container =
        kubectl("get", "pod", "far", "-o", "jsonpath={.status.containerStatuses[0].containerID}")
            .succeeded();
    kill(node);
    kill(server);
    startServer();
    node = start("node", "join", "--foreground");
    podsTalk();
    assertThat(
            kubectl(
                    "get",
                    "pod",
                    "far",
                    "-o",
                    "jsonpath={.status.containerStatuses[0].containerID}")
                .succeeded())
        .isEqualTo(container);
    kill(server);
    startServer();
    run("later", "far");
    hears("near", "http://later", "I am later");
    assertThat(at("node", "status").succeeded()).contains("Havn runs a node of").contains("far");
  }
}
