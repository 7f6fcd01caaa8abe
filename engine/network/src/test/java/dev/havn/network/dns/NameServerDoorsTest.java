// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.RealTime;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Where the name server listens when its port is another's, and how its doors are closed.
class NameServerDoorsTest {
  private static final int HANDOVERS = 100;
  private static final int CLIENTS = 8;

  private final RealTime executor = new RealTime();

  @AfterEach
  void close() {
    executor.shutdownNow();
  }

  private static Resolver resolver() {
    ClusterZone zone = new ClusterZone("cluster.local", _ -> false, _ -> false);
    Upstreams nobody = new Upstreams(Map.of(), List.of(), Path.of("/dev/null"), Set.of());
    Traffic traffic = new Traffic(() -> 0);
    return new Resolver(
        zone,
        new AnswerCache(() -> Instant.parse("2026-01-01T00:00:00Z")),
        new Forwarder(new Random(1), traffic),
        () -> nobody,
        traffic);
  }

  @Test
  void whoIsConnectedIsAnsweredBeforeItEnds() throws Exception {
    NameServer server = NameServer.open("127.0.0.1", 0, resolver(), executor);
    FutureTask<Boolean> end =
        new FutureTask<>(
            () -> {
              server.finish(Duration.ofMinutes(1));
              return true;
            });
    try (Socket client = new Socket("127.0.0.1", server.port())) {
      client.setSoTimeout(10_000);
      ask(client);
      Thread.ofVirtual().start(end);
      ask(client);
      assertThat(end.isDone()).isFalse();
    }
    assertThat(end.get(10, TimeUnit.SECONDS)).isTrue();
  }

  /// Knocking at the door of one that ends is answered by the one beside it. Without that each
  /// handover would reset some of these clients; Linux itself still does with one of a thousand.
  @Test
  void whoKnocksWhenItEndsIsLetInByTheNext() throws Exception {
    Assumptions.assumeTrue(
        Files.isWritable(Path.of("/proc/sys/net/ipv4/tcp_migrate_req")),
        "needs root and Linux 5.14");
    NameServer server = NameServer.open("127.0.0.1", 0, resolver(), executor);
    int resets = 0;
    for (int round = 0; round < HANDOVERS; round++) {
      server.share();
      NameServer next = NameServer.beside("127.0.0.1", server.port(), resolver(), executor);
      AtomicBoolean goesOn = new AtomicBoolean(true);
      List<FutureTask<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        FutureTask<Integer> client = new FutureTask<>(() -> resets(next.port(), goesOn));
        clients.add(client);
        Thread.ofPlatform().start(client);
      }
      server.finish(Duration.ofMinutes(1));
      goesOn.set(false);
      for (FutureTask<Integer> each : clients) {
        resets += each.get(10, TimeUnit.SECONDS);
      }
      server = next;
    }
    server.close();
    assertThat(resets).isLessThan(HANDOVERS / 10);
  }

  /// Asks again and again, and counts how often it was not let in.
  private static int resets(int port, AtomicBoolean goesOn) throws IOException {
    int resets = 0;
    do {
      try (Socket client = new Socket("127.0.0.1", port)) {
        client.setSoTimeout(10_000);
        ask(client);
      } catch (SocketException reset) {
        resets++;
      }
    } while (goesOn.get());
    return resets;
  }

  /// Of a name that is not there.
  private static void ask(Socket client) throws IOException {
    byte[] query =
        HexFormat.of()
            .parseHex(
                "001d"
                    + "000701000001000000000000"
                    + "02"
                    + "6e6f"
                    + "07"
                    + "636c7573746572"
                    + "00"
                    + "00010001");
    ByteBuffer.wrap(query).putShort(0, (short) (query.length - 2));
    client.getOutputStream().write(query);
    DataInputStream in = new DataInputStream(client.getInputStream());
    byte[] answer = in.readNBytes(in.readUnsignedShort());
    assertThat(answer).startsWith(0x00, 0x07);
  }

  @Test
  void oneClientDoesNotHoldAllConnections() throws Exception {
    NameServer server = NameServer.open("127.0.0.1", 0, resolver(), executor);
    List<Socket> all = new ArrayList<>();
    for (int i = 0; i < NameServer.CONNECTIONS_OF_ONE_MAX + 5; i++) {
      all.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
    }
    List<Socket> last = all.reversed();
    for (Socket each : last.subList(0, 5)) {
      each.setSoTimeout(30_000);
      assertThat(each.getInputStream().read()).isEqualTo(-1);
    }
    for (Socket each : last.subList(5, 8)) {
      each.setSoTimeout(100);
      assertThatThrownBy(() -> each.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
    }
    for (Socket each : all) {
      each.close();
    }
    server.close();
  }

  /// A program of a user would answer pods when no Havn runs.
  @Test
  void listensWhereOnlyRootMayWhenTheUsualPortIsTaken() throws Exception {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
    String address = "127.83.61.2";
    InetAddress at = InetAddress.ofLiteral(address);
    try (ServerSocket usual = new ServerSocket(53, 1, at);
        ServerSocket last = new ServerSocket(1_023, 1, at);
        NameServer other = NameServer.open(address, resolver(), executor)) {
      assertThat(usual.isBound() && last.isBound()).isTrue();
      assertThat(other.port()).isBetween(1, 1_022).isNotEqualTo(53);
    }
  }
}
