// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.node.kernel.NetworkCounters.Link;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.SimulatedRuntime;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The links of a node whose network is a namespace of its own.
class NodeNetworkTest {
  private static final AddressRange ADDRESSES = AddressRange.parse("198.18.75.0/24");

  private final NetworkNamespace namespace =
      NetworkNamespace.named("havn-test-" + UUID.randomUUID().toString().substring(0, 8));
  private final ContainerRuntime runtime =
      new SimulatedRuntime(() -> Instant.EPOCH, Runnable::run, ADDRESSES);
  private boolean isMade;

  @BeforeEach
  void makeNamespace() throws IOException {
    boolean may =
        "root".equals(System.getProperty("user.name")) && Program.missing(List.of("ip")).isEmpty();
    if (!may) {
      System.out.println("skipped NodeNetworkTest: needs root and ip");
    }
    Assumptions.assumeTrue(may, "needs root and ip");
    Program.must(List.of("ip", "netns", "add", namespace.name()));
    isMade = true;
    for (String words :
        List.of(
            "link add name inner type bridge",
            "link add name outer type bridge",
            "address add 198.18.75.1/24 dev outer",
            "link set outer up",
            "route add default via 198.18.75.2")) {
      Program.must(List.of("sh", "-c", "ip -n " + namespace.name() + " " + words));
    }
  }

  @AfterEach
  void removeNamespace() throws IOException {
    if (isMade) {
      Program.must(List.of("ip", "netns", "delete", namespace.name()));
    }
  }

  @Test
  void itsLinksAreCountedAndTheOneThatLeadsOutIsTheFirst() {
    Counters.Network network = Counters.ofMachine(runtime, namespace).ofNode();
    assertThat(network.links()).extracting(Link::name).containsExactlyInAnyOrder("inner", "outer");
    assertThat(network.first()).isNotNull().extracting(Link::name).isEqualTo("outer");
    assertThat(Counters.ofMachine(runtime, null).ofNode().links())
        .extracting(Link::name)
        .doesNotContain("inner", "outer");
  }

  @Test
  void whereThereIsNoNamespaceNothingIsCounted() {
    NetworkNamespace none = NetworkNamespace.named(namespace.name() + "-none");
    assertThat(Counters.ofMachine(runtime, none).ofNode()).isEqualTo(Counters.Network.NONE);
  }
}
