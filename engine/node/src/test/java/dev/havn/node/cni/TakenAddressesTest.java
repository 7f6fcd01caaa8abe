// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which addresses pods may ask for.
@Timeout(60)
class TakenAddressesTest {
  /// A pod without wishes gets 10.9.0.7; one with them what it asks for.
  private static final String RESULT =
      """
      {"cniVersion": "1.0.0",
       "interfaces": [{"name": "br9", "mac": "0a:58:0a:09:00:fe"}, {"name": "eth0", "sandbox": "/ns", "mac": "0A:58:0a:09:00:07"}],
       "ips": [{"address": "10.9.0.7/24", "gateway": "10.9.0.254", "interface": 1}]}""";

  private static final String LIST =
      """
      {"cniVersion": "1.0.0", "name": "pods", "plugins": [
        {"type": "first", "capabilities": {"ips": true, "mac": true%s}, "ipam": {"type": "some"%s}}]}
      """;

  private static final String SUBNET = ", \"ranges\": [[{\"subnet\": \"10.9.0.0/16\"}]]";

  @TempDir private Path folder;
  private TestPlugins plugins;

  @BeforeEach
  void makesPlugins() throws IOException {
    plugins = new TestPlugins(folder);
    plugins.giving("first", RESULT).configure("10-pods.conflist", LIST.formatted("", SUBNET));
  }

  private CniNetwork network(boolean bound) {
    Ranges ranges = Ranges.parse("10.9.0.0/24,fd00:9::/64");
    return new CniNetwork(
        new CniNetwork.Settings(
            folder.resolve("notes"),
            plugins.places(),
            Duration.ofSeconds(30),
            null,
            ranges,
            bound));
  }

  private Sandbox pod(String id, String asked) {
    String text = "[{\"name\": \"pods\"" + (asked.isEmpty() ? "" : ", " + asked) + "}]";
    return new Sandbox(
        id,
        folder,
        "/pods/" + id,
        "shop",
        id,
        List.of(),
        Map.of(NetworkSelection.ANNOTATION, text),
        Sandbox.Dns.NONE);
  }

  private void refuses(CniNetwork network, String asked, String message) throws IOException {
    int before = plugins.calls().size();
    assertThatThrownBy(() -> network.attach(pod("b", asked)))
        .as(asked)
        .isInstanceOf(CniException.class)
        .hasMessage("annotation " + NetworkSelection.ANNOTATION + ": " + message);
    assertThat(plugins.calls()).hasSize(before);
    assertThat(network.find("b")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"ips\": [\"10.9.0.7\"] | address 10.9.0.7 is that of another pod of the node",
        "\"ips\": [\"10.9.0.9\", \"10.9.0.7/16\"] | address 10.9.0.7 is that of another pod of the node",
        "\"ips\": [\"::ffff:10.9.0.7\"] | address 10.9.0.7 is that of another pod of the node",
        "\"ips\": [\"10.9.0.1\"] | address 10.9.0.1 is that of the node",
        "\"ips\": [\"10.9.0.254\"] | address 10.9.0.254 is that of the gateway of network pods",
        "\"mac\": \"0a:58:0A:09:00:07\" | mac 0a:58:0a:09:00:07 is that of another pod of the node",
        "\"mac\": \"0a:58:0a:09:00:fe\" | mac 0a:58:0a:09:00:fe is that of the node",
      })
  void whatSomebodyHasNoPodGets(String asked, String message) throws IOException {
    CniNetwork network = network(false);
    network.attach(pod("a", ""));
    refuses(network, asked, message + ", ask for a free one");
    network.detach("a");
    if (message.endsWith("pod of the node")) {
      assertThat(network.attach(pod("b", asked))).isNotEmpty();
    }
  }

  /// A plugin may give a pod less than it asks for, and takes its time.
  @Test
  void whatAPodHasAskedForIsItsOwnWhileItIsMade() throws IOException {
    CniNetwork network = network(false);
    String asked = "\"ips\": [\"10.9.0.50\"], \"mac\": \"0a:58:0a:09:00:50\"";
    network.attach(pod("a", asked));
    refuses(
        network,
        "\"ips\": [\"10.9.0.50\"]",
        "address 10.9.0.50 is that of another pod of the node, ask for a free one");
    refuses(
        network,
        "\"mac\": \"0A:58:0A:09:00:50\"",
        "mac 0a:58:0a:09:00:50 is that of another pod of the node, ask for a free one");
    assertThat(network.attach(pod("a", asked))).as("again").isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"})
  void aMacThatIsNotOfOneLinkIsRefused(String mac) throws IOException {
    refuses(
        network(false), "\"mac\": \"" + mac + "\"", "'" + mac + "' is the 'mac' of no single link");
  }

  @Test
  void anAddressOfNoRangeThatIsKnownIsRefused() throws IOException {
    String outside = "\"ips\": [\"10.8.0.7\"]";
    refuses(
        network(false), outside, "address 10.8.0.7 is of no range of the network (10.9.0.0/16)");
    plugins.configure("10-pods.conflist", LIST.formatted(", \"ipRanges\": true", SUBNET));
    refuses(
        network(false),
        outside,
        "address 10.8.0.7 is of no range of the network (10.9.0.0/24, fd00:9::/64, 10.9.0.0/16)");
    refuses(
        network(true),
        "\"ips\": [\"10.9.1.7\"]",
        "address 10.9.1.7 is of no range of the network (10.9.0.0/24, fd00:9::/64)");
    plugins.configure("10-pods.conflist", LIST.formatted("", ", \"subnet\": \"none\""));
    assertThat(network(false).attach(pod("b", outside))).as("none is known").isNotEmpty();
  }

  @Test
  void theGatewayThatAConfigurationNamesIsNoPods() throws IOException {
    plugins.configure(
        "10-pods.conflist",
        LIST.formatted("", ", \"subnet\": \"10.7.0.0/16\", \"gateway\": \"10.7.0.3\""));
    refuses(
        network(false),
        "\"ips\": [\"10.7.0.3\"]",
        "address 10.7.0.3 is that of the gateway of network pods, ask for a free one");
    plugins.configure("10-pods.conflist", LIST.formatted("", ", \"subnet\": \"10.7.0.0/16\""));
    refuses(
        network(false),
        "\"ips\": [\"10.7.0.1\"]",
        "address 10.7.0.1 is that of the gateway of network pods, ask for a free one");
  }

  @Test
  void noPodIsGivenWhatALinkOfTheNodeHas() throws IOException {
    assumeTrue(Program.missing(List.of("ip")).isEmpty(), "needs ip");
    List<NetworkInterface> links =
        NetworkInterface.networkInterfaces().filter(TakenAddressesTest::hasAddresses).toList();
    assumeTrue(!links.isEmpty(), "needs a link with addresses");
    plugins.configure("10-pods.conflist", LIST.formatted("", ""));
    for (InterfaceAddress each : links.getFirst().getInterfaceAddresses()) {
      String address = each.getAddress().getHostAddress().replaceFirst("%.*", "");
      if (!address.contains(":")) {
        refuses(
            network(false),
            "\"ips\": [\"" + address + "\"]",
            "address " + address + " is that of the node, ask for a free one");
      }
    }
    String mac = HexFormat.ofDelimiter(":").formatHex(links.getFirst().getHardwareAddress());
    refuses(
        network(false),
        "\"mac\": \"" + mac + "\"",
        "mac " + mac + " is that of the node, ask for a free one");
  }

  private static boolean hasAddresses(NetworkInterface link) {
    try {
      byte[] mac = link.getHardwareAddress();
      return mac != null && mac.length == 6 && !link.getInterfaceAddresses().isEmpty();
    } catch (SocketException e) {
      return false;
    }
  }
}
