// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// How large packets may be that pods of two nodes send, one of them with a network namespace. They
/// are sent with the flag that nobody may make fragments of them.
class PodMtuTest extends TwoNodesFixture {
  private static final int LARGE = 9_000;
  private static final int SMALL = 1_300;

  /// The headers of IP and UDP.
  private static final int HEADERS = 28;

  private static final String PORT = "5000";
  private static final String BEYOND = "198.18.98.2";

  /// Says what it hears: how long it is.
  private static final String HEAR =
      """
      import socket, sys
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      s.settimeout(20)
      s.bind((sys.argv[1], int(sys.argv[2])))
      print('ready', flush=True)
      print(len(s.recv(65535)), flush=True)
      """;

  private static final String SAY =
      """
      import socket, sys
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER: never in fragments
      try:
          print(s.sendto(b'x' * int(sys.argv[3]), (sys.argv[1], int(sys.argv[2]))))
      except OSError as e:
          print(e.strerror)
      """;

  private int mtu = LARGE;

  @Override
  int mtu() {
    return mtu;
  }

  @Override
  RuncRuntime openOther() {
    return RuncRuntime.open(settings(otherId, SECOND, uplink(), null));
  }

  @Override
  String missing() {
    return missingOfRunc("nsenter", "nft", "python3");
  }

  private String near(PodPlace pod) {
    return podNamespace(id, pod);
  }

  private String far(PodPlace pod) {
    return podNamespace(otherId, pod);
  }

  /// Sends so many bytes with the headers from one network namespace to another; what is heard, or
  /// why nothing is sent.
  private static String send(String from, String to, String address, int bytes) throws Exception {
    Process hearer =
        new ProcessBuilder("nsenter", "--net=" + to, "python3", "-c", HEAR, address, PORT).start();
    try {
      assertThat(hearer.inputReader().readLine()).isEqualTo("ready");
      String length = String.valueOf(bytes - HEADERS);
      List<String> say =
          List.of("nsenter", "--net=" + from, "python3", "-c", SAY, address, PORT, length);
      String said = Program.must(say).strip();
      return said.equals(length) ? hearer.inputReader().readLine() : said;
    } finally {
      hearer.destroyForcibly().waitFor();
    }
  }

  private static String file(String namespace) {
    return "/run/netns/" + namespace;
  }

  /// Those of the size pass, larger ones are not sent.
  private static void passes(String from, String to, String address, int mtu) throws Exception {
    assertThat(send(from, to, address, mtu)).isEqualTo(String.valueOf(mtu - HEADERS));
    assertThat(send(from, to, address, mtu + 1)).isEqualTo("Message too long");
  }

  private static int mtuOf(String namespace, String link) throws IOException {
    String shown =
        Program.must(List.of("nsenter", "--net=" + namespace, "ip", "-o", "link", "show", link));
    return Integer.parseInt(shown.replaceFirst("(?s).* mtu ([0-9]+) .*", "$1"));
  }

  @Test
  void largePacketsPassBetweenPodsOfAllNodesAndToTheMachine() throws Exception {
    letsPacketsPass();
    PodPlace one = pods.place();
    PodPlace two = pods.place();
    PodPlace there = pods.place();
    String first = runtime.ensurePod(one);
    String second = runtime.ensurePod(two);
    String other = this.other.ensurePod(there);
    passes(file(near(one)), file(near(two)), second, LARGE);
    passes(file(near(one)), file(far(there)), other, LARGE);
    passes(file(far(there)), file(near(one)), first, LARGE);
    passes(file(far(there)), "/proc/self/ns/net", "198.18.99.1", LARGE);
    passes("/proc/self/ns/net", file(near(two)), second, LARGE);
  }

  @Test
  void linksFollowAtTheNextStartAndPodsThatAreThereKeepTheirs() throws Exception {
    PodPlace elder = pods.place();
    PodPlace there = pods.place();
    String before = runtime.ensurePod(elder);
    runtime.close();
    other.close();
    mtu = SMALL;
    runtime = open();
    letsPacketsPass();
    assertThat(runtime.ensurePod(elder)).isEqualTo(before);
    assertThat(mtuOf(file(near(elder)), "eth0")).isEqualTo(LARGE);
    String address = other.ensurePod(there);
    PodPlace here = pods.place();
    String near = runtime.ensurePod(here);
    for (String each : List.of("hv" + id, "hv" + otherId)) {
      assertThat(mtuOf("/proc/self/ns/net", each)).as(each).isEqualTo(SMALL);
    }
    for (String each : List.of("hv" + otherId, "hv" + id.cluster() + "-up")) {
      assertThat(mtuOf(file(namespace.name()), each)).as(each).isEqualTo(SMALL);
    }
    passes(file(near(here)), file(far(there)), address, SMALL);
    passes(file(far(there)), file(near(here)), near, SMALL);
  }

  /// The link by which packets leave takes less than those of Ethernet: a pod whose link takes as
  /// much loses none on it.
  @Test
  void packetsOfPodsPassASmallerLinkOfTheMachine() throws Exception {
    runtime.close();
    other.close();
    mtu = SMALL;
    runtime = open();
    letsPacketsPass();
    String beyond = "hvt" + id.cluster();
    try {
      LinkPlace.MACHINE.batch(
          List.of(
              "netns add " + beyond,
              "link add %s mtu %d type veth peer name eth0 mtu %d netns %s"
                  .formatted(beyond, SMALL, SMALL, beyond),
              "address add 198.18.98.1/30 dev " + beyond,
              "link set " + beyond + " up"));
      Program.must(
          List.of(
              "nsenter",
              "--net=" + file(beyond),
              "sh",
              "-c",
              "ip link set eth0 up; ip address add "
                  + BEYOND
                  + "/30 dev eth0; ip route add default via 198.18.98.1"));
      PodPlace here = pods.place();
      PodPlace there = pods.place();
      runtime.ensurePod(here);
      other.ensurePod(there);
      passes(file(near(here)), file(beyond), BEYOND, SMALL);
      passes(file(far(there)), file(beyond), BEYOND, SMALL);
    } finally {
      LinkPlace.MACHINE.delete(beyond);
      Program.must(List.of("ip", "netns", "delete", beyond));
    }
  }
}
