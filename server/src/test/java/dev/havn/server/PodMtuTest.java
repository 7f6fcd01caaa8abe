// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How large packets of pods are, by what the configuration and the machine's links say.
class PodMtuTest {
  @TempDir private Path folder;

  private Configuration configuration(String yaml) throws Exception {
    Path file = Files.writeString(folder.resolve("havn.yaml"), yaml);
    return ConfigurationFile.read(file, Configuration.of(folder))
        .withRanges("10.96.0.0/16", "10.244.0.0/16");
  }

  private record Outward(String address, int mtu) {}

  /// The link of the default route: others come and go.
  private static Outward outward() throws Exception {
    String name = HostAddress.outwardLink();
    assumeTrue(!name.isEmpty(), "no packets leave this machine");
    NetworkInterface link = Objects.requireNonNull(NetworkInterface.getByName(name));
    Optional<String> address =
        link.inetAddresses()
            .filter(each -> each instanceof Inet4Address)
            .map(InetAddress::getHostAddress)
            .findFirst();
    assumeTrue(address.isPresent(), name + " has no address of IPv4");
    return new Outward(address.get(), link.getMTU());
  }

  @Test
  void whatIsNamedCounts() throws Exception {
    assertThat(PodMtu.of(configuration("pod-mtu: 1400\nbind: 192.0.2.1\n"))).isEqualTo(1_400);
    for (String wrong : new String[] {"1279", "65536", "large", "-1"}) {
      assertThatThrownBy(() -> configuration("pod-mtu: " + wrong))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("pod-mtu must be a whole number from 1280 to 65535");
    }
  }

  @Test
  void aClusterOfOneMachineHasWhatItsWayOutTakes() throws Exception {
    int fits = HostAddress.outwardMtu().orElse(PodMtu.USUAL_BYTES);
    assertThat(PodMtu.of(configuration("bind: 127.0.0.1\n")))
        .isEqualTo(Math.clamp(fits, PodMtu.BYTES_MIN, PodMtu.BYTES_MAX));
  }

  @Test
  void aClusterThatOtherMachinesJoinHasWhatTheTunnelLeaves() throws Exception {
    Outward link = outward();
    int left = Math.clamp(link.mtu() - 50, PodMtu.BYTES_MIN, PodMtu.BYTES_MAX);
    assertThat(PodMtu.of(configuration("bind: " + link.address() + "\n"))).isEqualTo(left);
    assertThat(
            PodMtu.of(
                configuration("bind: " + link.address() + "\ncni-conf-dir: /etc/cni/net.d\n")))
        .as("pods of plugins have no tunnel of Havn's")
        .isEqualTo(Math.clamp(link.mtu(), PodMtu.BYTES_MIN, PodMtu.BYTES_MAX));
  }

  @Test
  void aMachineThatJoinsIsToldWhatIsNamed() {
    assertThat(PodMtu.said("1400")).isEqualTo(1_400);
    for (String other : new String[] {"", "0", "1279", "70000", "999999999999", "x"}) {
      assertThat(PodMtu.said(other)).as(other).isZero();
    }
  }
}
