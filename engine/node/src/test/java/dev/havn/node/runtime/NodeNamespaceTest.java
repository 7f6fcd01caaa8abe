// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A second node whose network is a namespace of its own, beside a first one in the machine's.
class NodeNamespaceTest extends TwoNodesFixture {
  private static final int PORT = 8_080;

  @Override
  RuncRuntime openOther() {
    return RuncRuntime.open(settings(otherId, SECOND, uplink(), null));
  }

  @Override
  String missing() {
    return missingOfRunc("nsenter", "nft", "busybox");
  }

  private static String in(String namespace, String shell) throws IOException {
    return Program.must(List.of("ip", "netns", "exec", namespace, "sh", "-c", shell));
  }

  private static String mac(String address) {
    Ranges all = ranges(SECOND);
    PodPorts ports = new PodPorts(new NodeId("00000000", 1), all, LinkPlace.MACHINE);
    return ports.mac(all.first().number(address));
  }

  private static String second(String address) {
    String[] parts = address.split("\\.");
    return "fd00:198:18:" + parts[2] + "::" + Integer.toHexString(Integer.parseInt(parts[3]));
  }

  @Test
  void aNodesBridgeIsInItsNamespaceAndPodsOfBothNodesReachEachOther() throws IOException {
    letsPacketsPass();
    PodPlace here = pods.place();
    PodPlace there = pods.place();
    String near = runtime.ensurePod(here);
    String far = other.ensurePod(there);
    assertThat(far).startsWith(SECOND + ".");
    assertThat(in(namespace.name(), "ip -o link show type bridge")).contains(" hv" + otherId + ":");
    assertThat(in(namespace.name(), "ip -o link show master hv" + otherId))
        .contains(" hv" + otherId + "0");
    assertThat(Program.must(List.of("ip", "-o", "link", "show", "type", "bridge")))
        .doesNotContain("hv" + otherId);
    assertThat(Links.names())
        .contains("hv" + otherId)
        .noneMatch(each -> each.startsWith("hv" + otherId + "0"));
    assertThat(answers("", far)).as("from the machine").isTrue();
    assertThat(answers("", second(far))).as("from the machine, by IPv6").isTrue();
    assertThat(answers(podNamespace(id, here), far)).as("from the other node").isTrue();
    assertThat(answers(podNamespace(otherId, there), near)).as("to the other node").isTrue();
    assertThat(answers(podNamespace(otherId, there), "198.18.99.1")).as("to the API").isTrue();
    assertThat(answers(namespace.name(), near)).as("the node itself").isTrue();
    assertThat(in(namespace.name(), "ip route get " + near)).contains("src " + SECOND + ".1");
  }

  @Test
  void whatIsNotThereEndsInTheNamespace() throws IOException {
    String far = "198.18.79.5";
    assertThat(in(namespace.name(), "ip route get " + far)).contains("hv" + id.cluster() + "-up");
    in(namespace.name(), "ip link delete hv" + id.cluster() + "-up");
    for (String each : List.of(far, "fd00:198:18:79::5")) {
      Program.Result result =
          Program.run(List.of("ip", "-n", namespace.name(), "route", "get", each));
      assertThat(result.output()).contains("No route to host");
    }
  }

  @Test
  void aPodSendsInItsOwnNameOnly() throws IOException {
    PodPlace pod = pods.place();
    String address = other.ensurePod(pod);
    String in = podNamespace(otherId, pod);
    assertThat(answers(in, SECOND + ".1")).isTrue();
    in(in, "ip address add 198.18.72.251/32 dev eth0; ip address del " + address + "/32 dev eth0");
    in(in, "ip route replace 198.18.72.1 dev eth0 src 198.18.72.251");
    in(
        namespace.name(),
        "ip neigh replace 198.18.72.251 lladdr %s dev hv%s nud permanent"
            .formatted(mac(address), otherId));
    assertThat(answersNow(in, SECOND + ".1")).isFalse();
  }

  @Test
  void aPodOfTheHostsNetworkHasThatOfItsNode() throws IOException {
    PodPlace plain = pods.place();
    PodPlace pod =
        new PodPlace(
            plain.uid(),
            plain.namespace(),
            plain.name(),
            plain.hostName(),
            new Sharing(true, false, false, false, false),
            plain.sysctls(),
            false,
            plain.bounds());
    assertThat(other.ensurePod(pod)).isEmpty();
    String script = "while :; do cat /proc/net/dev | nc -l -p " + PORT + "; done";
    other.start(pod, pods.spec("main").shell(script).get());
    String heard = TestPods.await(() -> connect(pod), each -> !each.isEmpty());
    assertThat(heard).contains("hv" + otherId).contains("hv" + id.cluster() + "-up");
    assertThat(heard).doesNotContain("hv" + id);
  }

  private String connect(PodPlace pod) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      other.connect(pod.uid(), PORT, new ByteArrayInputStream(new byte[0]), out);
    } catch (ContainerRuntime.StartException notYet) {
      return "";
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void theNextProcessFindsItAndConnectionsLiveOn() throws Exception {
    PodPlace pod = pods.place();
    String address = other.ensurePod(pod);
    String script = "mkfifo /p; nc -l -p " + PORT + " < /p | cat > /p";
    other.start(pod, pods.spec("main").shell(script).get());
    Object inode = Files.getAttribute(namespace.file(), "unix:ino");
    try (Socket socket = TestPods.await(() -> connected(address), each -> each != null)) {
      other.close();
      other = openOther();
      assertThat(Files.getAttribute(namespace.file(), "unix:ino")).isEqualTo(inode);
      assertThat(other.ensurePod(pod)).isEqualTo(address);
      assertThat(other.containers(pod.uid())).hasSize(1).allMatch(Container::running);
      socket.setSoTimeout((int) Duration.ofSeconds(10).toMillis());
      socket.getOutputStream().write("still here\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readNBytes(10), StandardCharsets.US_ASCII))
          .isEqualTo("still here");
    }
  }

  private static Socket connected(String address) {
    try {
      return new Socket(address, PORT);
    } catch (IOException notYet) {
      return null;
    }
  }

  @Test
  void whatAKilledProcessHasLeftIsRemovedByWhoKnowsItsIdAlone() throws IOException {
    other.ensurePod(pods.place());
    assertThat(leftOutside()).isNotEmpty();
    other.close();
    RuncRuntime.Settings bare = settings(otherId, SECOND, null, null);
    assertThat(RuncRuntime.cleanUp(bare)).isTrue();
    assertThat(leftOutside()).isEmpty();
    other = null;
  }

  @Test
  void whatIsMissingOfItIsMadeAgain() throws IOException {
    other.close();
    Program.must(List.of("ip", "link", "delete", "hv" + otherId));
    other = openOther();
    assertThat(answers("", SECOND + ".1")).isTrue();
    other.close();
    Program.must(List.of("ip", "netns", "delete", namespace.name()));
    other = openOther();
    assertThat(answers("", SECOND + ".1")).isTrue();
  }

  /// A folder is no namespace, and cannot be deleted as one.
  @Test
  void whatCannotBeRemovedOfANodeKeepsNothingElse() throws IOException {
    PodPlace pod = pods.place();
    other.ensurePod(pod);
    other.start(pod, pods.spec("main").command("sleep", "1000").get());
    Path stuck = Files.createDirectory(Path.of("/run/netns", "hv" + otherId + "-stuck"));
    try {
      other.removeAll();
      assertThat(leftOutside()).containsExactly(stuck.toString());
      assertThat(Cgroups.below("havn-" + otherId)).isEmpty();
      assertThat(Path.of("/run/havn-" + otherId)).doesNotExist();
    } finally {
      Files.delete(stuck);
    }
  }
}
