// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RuncRuntimeTest extends ContainerRuntimeContract {
  @Override
  ContainerRuntime open() {
    return RuncRuntime.open(settings("198.18.61.0/24,fd00:198:18:61::/64"));
  }

  private RuncRuntime.Settings settings(String addresses) {
    return new RuncRuntime.Settings(
        program(),
        folder.resolve("runtime"),
        id,
        Ranges.parse(addresses),
        Ranges.parse("198.18.61.0/24,fd00:198:18:61::/64").all(),
        "198.18.62.1",
        MTU_BYTES,
        PROCESSES_MAX,
        null,
        images,
        CLOCK,
        executor,
        null);
  }

  @Override
  String missing() {
    return missingOfRunc("nft", "busybox");
  }

  /// A half-closed connection holds a namespace for minutes, and so does a process that is slow to
  /// end; the link's name and the pod's address are another pod's next.
  @Test
  void aPodsLinkGoesThoughItsNamespaceIsHeld() throws Exception {
    PodPlace pod = pods.place();
    runtime.ensurePod(pod);
    String namespace = namespaces().getFirst();
    Process holder =
        new ProcessBuilder("nsenter", "--net=/run/netns/" + namespace, "sh", "-c", "echo in; cat")
            .start();
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("in");
      runtime.removePod(pod.uid());
      assertThat(Links.names())
          .contains("hv" + id)
          .noneMatch(each -> each.startsWith("hv" + id + "0"));
      assertThat(namespaces()).isEmpty();
    } finally {
      holder.destroyForcibly().waitFor();
    }
  }

  @Test
  void anAddressThatBecameFreeRests() {
    PodPlace first = pods.place();
    String address = runtime.ensurePod(first);
    runtime.removePod(first.uid());
    assertThat(runtime.ensurePod(pods.place())).isNotEqualTo(address);
  }

  @Test
  void aPodHasAnAddressOfEachFamilyAtOnce() throws IOException {
    PodPlace pod = pods.place();
    String address = runtime.ensurePod(pod);
    String second =
        "fd00:198:18:61::"
            + Integer.toHexString(
                Integer.parseInt(address.substring(address.lastIndexOf('.') + 1)));
    assertThat(Program.must(List.of("ip", "-n", namespaces().getFirst(), "-6", "address")))
        .contains(second + "/128")
        .doesNotContain(second + "/128 scope global tentative");
    assertThat(Program.must(List.of("ip", "-n", namespaces().getFirst(), "-6", "route")))
        .contains("default via fd00:198:18:61::1 dev eth0");
    assertThat(Program.must(List.of("ip", "-6", "route", "get", second))).contains("dev hv" + id);
    assertThat(Program.run(List.of("ip", "-6", "route", "get", "fd00:198:18:62::1")).output())
        .doesNotContain("dev hv" + id);
  }

  @Test
  void nobodyIsBelievedWhoSaysWhereRoutersAre() throws IOException {
    runtime.ensurePod(pods.place());
    for (String setting : List.of("accept_ra", "autoconf", "accept_redirects")) {
      assertThat(sysctl("hv" + id, setting)).as(setting).isEqualTo("0");
      assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/" + setting)).as(setting).isEqualTo("0");
    }
    assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6")).isEqualTo("0");
  }

  @Test
  void withoutASecondFamilyNobodySpeaksItButToItself() throws IOException {
    runtime.removeAll();
    runtime.close();
    runtime = RuncRuntime.open(settings("198.18.61.0/24"));
    runtime.ensurePod(pods.place());
    for (String link : Links.names()) {
      if (link.startsWith("hv" + id)) {
        assertThat(sysctl(link, "disable_ipv6")).as(link).isEqualTo("1");
        assertThat(sysctl(link, "accept_ra")).as(link).isEqualTo("0");
      }
    }
    assertThat(inPod("ip -6 address")).contains("::1/128").doesNotContain("fe80:");
    assertThat(inPod("cat /proc/sys/net/ipv6/conf/eth0/accept_ra")).isEqualTo("0");
    assertThat(
            inPod(
                "ip link add other type veth peer name end && ip link set end up && ip link set other up && ip -6 address"))
        .doesNotContain("fe80:");
    Program.must(List.of("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/hv" + id + "/disable_ipv6"));
    runtime.close();
    runtime = RuncRuntime.open(settings("198.18.61.0/24"));
    assertThat(sysctl("hv" + id, "disable_ipv6")).as("of an older Havn").isEqualTo("1");
  }

  @Test
  void aPodSendsInItsOwnNameAndToTheMachineOnly() throws IOException {
    PodPlace pod = pods.place();
    PodPlace neighbour = pods.place();
    String own = runtime.ensurePod(pod);
    String other = runtime.ensurePod(neighbour);
    String in = namespace(pod);
    String there = namespace(neighbour);
    assertThat(answers("", own)).isTrue();
    assertThat(answers(in, "198.18.61.1")).isTrue();
    assertThat(answers(in, "fd00:198:18:61::1")).isTrue();
    ip(in, "address add 198.18.61.251/32 dev eth0");
    ip(in, "address add 198.18.61.252/32 dev eth0");
    ip(in, "address add fd00:198:18:61::fb/128 dev eth0 nodad");
    ip("", neighbour("198.18.61.252", own, "hv" + id));
    ip("", neighbour("fd00:198:18:61::fb", own, "hv" + id));
    for (String each : List.of(own, other)) {
      String ends = each.equals(own) ? there : in;
      ip(ends, "route add " + each + "/32 dev eth0");
      ip(ends, neighbour(each, each, "eth0"));
    }
    // A question is answered for another, packets have a false sender, by each family; past the
    // machine to the neighbour, to it by the link, to the machine by the link.
    Map<String, String> forged = new TreeMap<>();
    forged.put("198.18.61.251", "");
    forged.put("198.18.61.252", "");
    forged.put("fd00:198:18:61::fb", "");
    forged.put(other, in);
    assertThat(linkLocal(in)).isEqualTo(PodPorts.linkLocal(mac(own)));
    forged.put(linkLocal(there), in);
    forged.put(linkLocal(""), in);
    List<String> answered = new ArrayList<>();
    for (Map.Entry<String, String> each : forged.entrySet()) {
      if (answers(each.getValue(), each.getKey())) {
        answered.add(each.getKey());
      }
    }
    assertThat(answered).isEmpty();
    ip(in, "link set eth0 address " + mac(other));
    assertThat(answers(in, "198.18.61.1")).as("with its neighbour's link address").isFalse();
    assertThat(answers(there, "198.18.61.1")).isTrue();
  }

  /// A node has 249 addresses, and a Job may leave more pods behind than that.
  @Test
  void aPodThatIsOverGivesItsAddressBackAndKeepsItsLogs() throws IOException {
    PodPlace pod = pods.place();
    ContainerRuntime.Container container = start(pod, pods.spec("main").shell("echo done"));
    awaitEnd(pod, container);
    assertThat(runtime.address(pod.uid())).isPresent();
    assertThat(runtime.leave(pod.uid())).isTrue();
    assertThat(runtime.leave(pod.uid())).isTrue();
    assertThat(runtime.address(pod.uid())).isEmpty();
    assertThat(namespaces()).isEmpty();
    assertThat(find(pod, "main", 0).exitCode()).isZero();
    assertThat(log(container)).contains("done");
    assertThat(runtime.leave("00000000-0000-0000-0000-000000000000")).isTrue();
    runtime.removePod(pod.uid());
    assertThat(runtime.pods()).isEmpty();
  }

  /// As a firewall does that begins anew.
  @Test
  void whatPodsMaySendIsPutBackWhenSomebodyTakesItAway() throws IOException {
    PodNetwork network =
        new PodNetwork(
            folder.resolve("runtime/addresses"),
            id,
            Ranges.parse("198.18.61.0/24"),
            List.of(),
            "",
            MTU_BYTES,
            true,
            null);
    network.open();
    String table = "bridge havn-" + id;
    Program.must(List.of("nft", "delete table " + table));
    for (int look = 0; look < 6; look++) {
      assertThat(Program.run(List.of("nft", "list table " + table)).ok()).isFalse();
      network.look();
    }
    assertThat(Program.must(List.of("nft", "list table " + table))).contains("@owners accept");
  }

  @Test
  void aPodOfAnOlderHavnKeepsItsLinkAddress() throws IOException {
    PodPlace pod = pods.place();
    String address = runtime.ensurePod(pod);
    ip(namespace(pod), "link set eth0 address 02:00:00:00:00:07");
    ip("", "neigh del " + address + " dev hv" + id);
    ip("", "link set hv" + id + " address 02:00:00:00:00:08");
    runtime.close();
    Files.writeString(folder.resolve("runtime/addresses").resolve(address), pod.uid() + " up");
    runtime = open();
    assertThat(runtime.ensurePod(pod)).isEqualTo(address);
    assertThat(answers(namespace(pod), "198.18.61.1")).isTrue();
    assertThat(answers("", address)).isTrue();
  }

  private String namespace(PodPlace pod) {
    return "hv" + id + "-" + pod.uid().replace("-", "").substring(0, 12);
  }

  private static String mac(String address) {
    Ranges pods = Ranges.parse("198.18.61.0/24");
    return new PodPorts(new NodeId("00000000", 0), pods, LinkPlace.MACHINE)
        .mac(pods.first().number(address));
  }

  private static String neighbour(String address, String owner, String link) {
    return "neigh replace %s lladdr %s dev %s nud permanent".formatted(address, mac(owner), link);
  }

  private static List<String> in(String namespace) {
    return namespace.isEmpty() ? List.of() : List.of("ip", "netns", "exec", namespace);
  }

  private static void ip(String namespace, String words) throws IOException {
    List<String> command = new ArrayList<>(in(namespace));
    command.addAll(List.of("sh", "-c", "ip " + words));
    Program.must(command);
  }

  private static boolean answers(String namespace, String address) throws IOException {
    List<String> command = new ArrayList<>(in(namespace));
    String ping = address.contains(":") ? "ping6" : "ping";
    command.addAll(List.of("busybox", ping, "-c", "1", "-W", "1"));
    command.addAll(address.startsWith("fe80:") ? List.of("-I", "eth0", address) : List.of(address));
    return Program.run(command).ok();
  }

  /// Once it may be used.
  ///
  /// @param namespace empty for the machine, whose link is the bridge
  private String linkLocal(String namespace) throws IOException {
    List<String> command = new ArrayList<>(in(namespace));
    String link = namespace.isEmpty() ? "hv" + id : "eth0";
    command.addAll(List.of("ip", "-6", "-o", "address", "show", "dev", link, "scope", "link"));
    String shown =
        TestPods.await(
            () -> {
              try {
                return Program.must(command);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            each -> each.contains("fe80:") && !each.contains("tentative"));
    return shown.split(" +")[3].split("/")[0];
  }

  private static String sysctl(String link, String name) throws IOException {
    return Files.readString(Path.of("/proc/sys/net/ipv6/conf", link, name)).strip();
  }

  private String inPod(String shell) throws IOException {
    return Program.must(List.of("ip", "netns", "exec", namespaces().getFirst(), "sh", "-c", shell));
  }

  @Test
  void theContainersOfAPodAreBoundedTogether() throws IOException {
    PodPlace pod = pods.place(new ContainerRuntime.Resources(2, 0, 32 << 20));
    runtime.ensurePod(pod);
    String shell = "cat /dev/zero | head -c 60000000 | tail -n 1 | wc -c";
    ContainerRuntime.Container container = start(pod, pods.spec("main").shell(shell));
    awaitEnd(pod, container);
    assertThat(log(container)).doesNotContain("60000000");
  }

  @Test
  void aContainerGetsWhatSpecificationsOfItsDevicesSay() throws IOException {
    Path specifications = Files.createDirectories(Path.of("/var/run/cdi"));
    Path file = specifications.resolve("havn-" + id + ".json");
    Path noted = folder.resolve("noted");
    Files.writeString(
        file,
        """
        {"cdiVersion": "0.6.0", "kind": "havn-%s.example/card",
         "devices": [{"name": "one", "containerEdits": {
           "env": ["CARD=one"],
           "deviceNodes": [{"path": "/dev/card", "hostPath": "/dev/full"}],
           "mounts": [{"hostPath": "/usr", "containerPath": "/card", "options": ["ro", "rbind"]}],
           "hooks": [{"hookName": "createRuntime", "path": "/usr/bin/touch",
                      "args": ["touch", "%s"]}]}}]}
        """
            .formatted(id, noted));
    try {
      PodPlace pod = pods.place();
      ContainerRuntime.Container container =
          start(
              pod,
              pods.spec("main")
                  .cdiDevice("havn-" + id + ".example/card=one")
                  .shell("[ $CARD = one ] && [ -c /dev/card ] && [ -d /card/bin ]"));
      assertThat(awaitEnd(pod, container).exitCode()).as(log(container)).isZero();
      assertThat(noted).exists();
    } finally {
      Files.delete(file);
    }
  }

  private List<String> namespaces() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/run/netns"))) {
      return files
          .map(each -> each.getFileName().toString())
          .filter(each -> each.startsWith("hv" + id + "-"))
          .toList();
    }
  }

  /// The first ids of pods that have users of their own.
  final List<String> ranges() throws IOException {
    if (!Files.isDirectory(Path.of("/run/havn-users"))) {
      return List.of();
    }
    List<String> ranges = new ArrayList<>();
    try (Stream<Path> links = Files.list(Path.of("/run/havn-users"))) {
      for (Path each : links.toList()) {
        if (Files.readSymbolicLink(each).startsWith(id.toString())) {
          ranges.add(each.getFileName().toString());
        }
      }
    }
    return ranges;
  }

  @Test
  void containersThatShareTheirProcessesHaveAFirstOneWhichGoesWithThem() throws IOException {
    PodPlace pod = pods.place(true, Map.of());
    start(pod, pods.spec("sleeper").command("sleep", "1357"));
    ContainerRuntime.Container looker =
        start(pod, pods.spec("looker").shell("while sleep 0.1; do cat /proc/[0-9]*/cmdline; done"));
    TestPods.await(() -> text(looker), each -> each.contains("sleep\0001357"));
    assertThat(exec(pod, looker, "", "sh", "-c", "cat /proc/1/cmdline")).contains("sleep 86400");
    runtime.removePod(pod.uid());
    TestPods.await(
        () -> {
          try {
            return Processes.startedWith("/run/havn-" + id);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        List::isEmpty);
  }

  /// Its port would be one that only the machine itself is to reach.
  @Test
  void aPodWithoutANetworkHasNoneOfTheMachinesPorts() throws IOException {
    PodPlace pod = pods.place();
    PodPlace onNode =
        new PodPlace(
            pod.uid(),
            pod.namespace(),
            pod.name(),
            pod.hostName(),
            new Sharing(true, false, false, false, false),
            pod.sysctls(),
            false,
            pod.bounds());
    try (ServerSocket machine = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> greet(machine));
      String refused = "port " + machine.getLocalPort() + ": the pod has no sandbox";
      assertThat(forward(pod, machine)).isEqualTo(refused);
      runtime.ensurePod(onNode);
      assertThat(forward(pod, machine)).isEqualTo("hello");
      runtime.removePod(pod.uid());
      assertThat(forward(pod, machine)).isEqualTo(refused);
    }
  }

  private static void greet(ServerSocket server) {
    try {
      while (!server.isClosed()) {
        try (Socket client = server.accept()) {
          client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
        }
      }
    } catch (IOException closed) {
      assertThat(server.isClosed()).isTrue();
    }
  }

  private String forward(PodPlace pod, ServerSocket server) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      runtime.connect(pod.uid(), server.getLocalPort(), InputStream.nullInputStream(), out);
    } catch (ContainerRuntime.StartException e) {
      return e.getMessage();
    }
    return out.toString(StandardCharsets.US_ASCII);
  }

  /// A container may look into all processes that it sees, and be them.
  @Test
  void theFirstOfSharedProcessesHasNothingOfTheMachine() throws IOException {
    PodPlace pod = pods.place(true, Map.of());
    ContainerRuntime.Container tracer =
        start(pod, pods.spec("tracer").capability("SYS_PTRACE").command("sleep", "1000"));
    String root = "/proc/1/root";
    assertThat(exec(pod, tracer, "", "ls", root).lines())
        .contains("usr")
        .allMatch(each -> each.matches("bin|dev|lib[0-9x]*|nix|gnu|old|proc|sbin|usr|0"));
    assertThat(exec(pod, tracer, "", "ls", root + "/old", root + "/proc"))
        .isEqualTo(root + "/old:\n\n" + root + "/proc:\n0");
    assertThat(exec(pod, tracer, "", "cat", "/proc/1/net/dev").lines().filter(e -> e.contains(":")))
        .singleElement()
        .asString()
        .contains("lo:");
    assertThat(exec(pod, tracer, "", "cat", "/proc/1/environ").split("\0"))
        .hasSize(2)
        .anyMatch(each -> each.startsWith("PATH="));
    assertThat(exec(pod, tracer, "", "cat", "/proc/1/status"))
        .contains("CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1")
        .contains("Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534");
  }

  final String text(ContainerRuntime.Container container) {
    try {
      return log(container);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>(ranges());
    Mounts.below(folder).forEach(each -> left.add("mount " + each));
    for (String words : List.of(folder.toString(), "/run/havn-" + id)) {
      Processes.startedWith(words).forEach(each -> left.add("process " + each));
    }
    Links.names().stream().filter(each -> each.contains(id.toString())).forEach(left::add);
    Cgroups.below("havn-" + id).forEach(each -> left.add("cgroup " + each));
    for (Path run : List.of(Path.of("/run"), Path.of("/run/netns"))) {
      try (Stream<Path> files = Files.list(run)) {
        files.map(Path::toString).filter(each -> each.contains(id.toString())).forEach(left::add);
      }
    }
    String routes = Program.must(List.of("ip", "route", "show", "metric", "" + id.metric()));
    routes.lines().map(each -> "route " + each).forEach(left::add);
    Program.must(List.of("nft", "list", "tables"))
        .lines()
        .filter(each -> each.contains(id.toString()))
        .forEach(left::add);
    return left;
  }
}
