// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.RealTime;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Where the name server listens when its port is another's.
class NameServerPortTest {
  private final RealTime executor = new RealTime();

  @AfterEach
  void close() {
    executor.shutdownNow();
  }

  private static Resolver resolver() {
    ClusterZone zone = new ClusterZone("cluster.local", _ -> false, _ -> false);
    Upstreams nobody = new Upstreams(Map.of(), List.of(), Path.of("/dev/null"), Set.of());
    return new Resolver(
        zone,
        new AnswerCache(() -> Instant.parse("2026-01-01T00:00:00Z")),
        new Forwarder(new Random(1)),
        () -> nobody);
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
