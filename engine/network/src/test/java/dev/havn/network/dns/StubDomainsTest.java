// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the ConfigMap `kube-dns` says, and who is asked then.
class StubDomainsTest {
  private static final Set<String> OWN =
      Set.of("10.96.0.10", "10.244.0.1", "fd00:10:96::a", "fd00:10:244::1");

  private final RealTime executor = new RealTime();

  @AfterEach
  void close() {
    executor.shutdownNow();
  }

  private static StubDomains read(String domains, String others) {
    return StubDomains.read(Map.of("stubDomains", domains, "upstreamNameservers", others), OWN);
  }

  private static List<String> addresses(List<InetSocketAddress> servers) {
    return servers.stream()
        .map(each -> Upstreams.canonical(each.getAddress().getHostAddress()) + " " + each.getPort())
        .toList();
  }

  @Test
  void addressesOfBothFamiliesHaveAPortOrNone() {
    StubDomains read =
        read(
            "{\"Corp.Example.\": [\"192.0.2.53\", \"192.0.2.53:5353\", \"fd00::53\", \"[fd00::53]\", \"[fd00::1]:53\", \"[fd00:0::1]:5353\"]}",
            "[]");
    assertThat(addresses(read.domains().getOrDefault("corp.example", List.of())))
        .containsExactly(
            "192.0.2.53 53",
            "192.0.2.53 5353",
            "fd00::53 53",
            "fd00::53 53",
            "fd00::1 53",
            "fd00::1 5353");
    assertThat(read.problems()).isEmpty();
  }

  @Test
  void anEntryThatCannotBeUnderstoodTakesNoOtherWithIt() {
    for (String bad :
        List.of(
            "ns.corp.example",
            "192.0.2.300",
            "192.0.2.1:",
            "192.0.2.1:0",
            "192.0.2.1:65536",
            "192.0.2.1:dns",
            "[fd00::1",
            "[fd00::1]53",
            "[fd00::1]:x",
            "53",
            "")) {
      StubDomains read =
          read(
              "{\"a.example\": [\"%1$s\", \"192.0.2.1\"], \"b.example\": [\"192.0.2.2\"]}"
                  .formatted(bad),
              "[\"192.0.2.3\", \"%s\", \"192.0.2.4\"]".formatted(bad));
      assertThat(addresses(read.domains().getOrDefault("a.example", List.of())))
          .as(bad)
          .containsExactly("192.0.2.1 53");
      assertThat(addresses(read.domains().getOrDefault("b.example", List.of())))
          .containsExactly("192.0.2.2 53");
      assertThat(addresses(read.others())).containsExactly("192.0.2.3 53", "192.0.2.4 53");
      assertThat(read.problems())
          .containsExactly(
              "the ConfigMap kube-system/kube-dns: stubDomains of 'a.example': '%s' is no address of a name server such as 192.0.2.53, 192.0.2.53:5353, fd00::53 or [fd00::53]:5353"
                  .formatted(bad),
              "the ConfigMap kube-system/kube-dns: upstreamNameservers: '%s' is no address of a name server such as 192.0.2.53, 192.0.2.53:5353, fd00::53 or [fd00::53]:5353"
                  .formatted(bad));
    }
  }

  @Test
  void whatIsNoListNorJsonIsTold() {
    StubDomains read =
        read("{\"a.example\": \"192.0.2.1\", \"b.example\": [\"192.0.2.2\"]}", "192.0.2.3");
    assertThat(read.domains()).containsKey("b.example");
    assertThat(read.others()).isEmpty();
    assertThat(read.problems())
        .hasSize(2)
        .anyMatch(each -> each.contains("stubDomains of 'a.example' is no list of addresses"))
        .anyMatch(each -> each.contains("upstreamNameservers is no JSON"));
    assertThat(read("[]", "[\"192.0.2.3\"]").problems())
        .singleElement()
        .matches(each -> each.contains("stubDomains is no object"));
  }

  @Test
  void theWordsAboutManyAreFew() {
    String many = "\"x\", ".repeat(500) + "\"" + "y".repeat(5_000) + "\"";
    List<String> problems = read("{}", "[" + many + "]").problems();
    assertThat(problems).hasSize(11);
    assertThat(problems.getLast()).endsWith("491 more entries that count for nothing");
    assertThat(read("{}", "[\"" + "y".repeat(5_000) + "\"]").problems().getFirst())
        .hasSizeLessThan(400);
  }

  @Test
  void theNameServerIsNotAskedByItself() throws Exception {
    Upstreams upstreams =
        read(
                "{\"a.org\": [\"10.96.0.10\", \"192.0.2.1\", \"[fd00:10:96:0::a]:53\"]}",
                "[\"10.244.0.1:53\"]")
            .upstreams(Path.of("/dev/null"), OWN);
    assertThat(addresses(upstreams.of("x.a.org"))).containsExactly("192.0.2.1 53");
    assertThat(upstreams.of("b.org")).isEmpty();
  }

  @Test
  void aLineOfTheMachinesFileThatIsNoAddressTakesNoOtherWithIt(@TempDir Path folder)
      throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("resolv.conf"),
            "nameserver router\nnameserver fd00:10:244:0::1\nnameserver 192.0.2.1\n");
    assertThat(addresses(read("{}", "[]").upstreams(file, OWN).of("b.org")))
        .containsExactly("192.0.2.1 53");
  }

  @Test
  void aNameIsAskedOfTheServerOfItsDomain() throws Exception {
    asks("127.0.0.1", "127.0.0.1:%d");
  }

  @Test
  void aNameIsAskedOfAServerByIpv6() throws Exception {
    asks("::1", "[::1]:%d");
  }

  /// One name server knows the domain and one all else; each says who it is.
  private void asks(String address, String form) throws Exception {
    try (DatagramSocket stub = open(address);
        DatagramSocket other = open("127.0.0.1")) {
      executor.execute(() -> answer(stub, 1));
      executor.execute(() -> answer(other, 2));
      Upstreams upstreams =
          read(
                  "{\"corp.example\": [\"nonsense\", \"%s\"]}"
                      .formatted(form.formatted(stub.getLocalPort())),
                  "[\"127.0.0.1:%d\"]".formatted(other.getLocalPort()))
              .upstreams(Path.of("/dev/null"), OWN);
      Traffic traffic = new Traffic(() -> 0);
      Resolver resolver =
          new Resolver(
              new ClusterZone("cluster.local", _ -> false, _ -> false),
              new AnswerCache(() -> Instant.EPOCH),
              new Forwarder(new Random(1), traffic),
              () -> upstreams,
              traffic);
      try (NameServer server = NameServer.open("127.0.0.1", 0, resolver, executor)) {
        assertThat(ask(server, "corp.example")).isEqualTo("c0000201");
        assertThat(ask(server, "db.Corp.example")).isEqualTo("c0000201");
        assertThat(ask(server, "notcorp.example")).isEqualTo("c0000202");
        assertThat(ask(server, "example")).isEqualTo("c0000202");
      }
    }
  }

  private static DatagramSocket open(String address) throws IOException {
    try {
      return new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(address), 0));
    } catch (BindException e) {
      assumeTrue(false, "this machine has no address " + address);
      throw e;
    }
  }

  private static void answer(DatagramSocket socket, int last) {
    byte[] buffer = new byte[512];
    while (!socket.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        Question question = Question.parse(Arrays.copyOf(buffer, packet.getLength())).orElseThrow();
        Resource.Address found =
            new Resource.Address(question.name(), new byte[] {(byte) 192, 0, 2, (byte) last});
        byte[] bytes = Wire.answer(question, Answer.of(List.of(found)), 512, 60);
        socket.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
      } catch (SocketException closing) {
        return;
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /// The address that is answered.
  private static String ask(NameServer server, String name) throws IOException {
    ByteBuffer query = ByteBuffer.allocate(300);
    query.putShort((short) 1).putShort((short) 0x100).putShort((short) 1).position(12);
    for (String label : name.split("\\.")) {
      query.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
    }
    query.put((byte) 0).putShort((short) Resource.A).putShort((short) 1);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(30_000);
      socket.connect(InetAddress.getLoopbackAddress(), server.port());
      socket.send(new DatagramPacket(query.array(), query.position()));
      DatagramPacket answer = new DatagramPacket(new byte[512], 512);
      socket.receive(answer);
      byte[] bytes = Arrays.copyOf(answer.getData(), answer.getLength());
      return Message.parse(bytes).orElseThrow().records().stream()
          .map(each -> HexFormat.of().formatHex(((Resource.Address) each).address()))
          .findFirst()
          .orElse("none");
    }
  }
}
