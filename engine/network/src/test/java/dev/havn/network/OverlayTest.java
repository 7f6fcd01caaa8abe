// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OverlayTest {
  private static final Ranges PODS = Ranges.parse("10.244.0.0/16");

  private static Node node(String name, String range, String host, int second) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .withCreationTimestamp("2026-01-01T00:00:0" + second + "Z")
        .addToAnnotations("havn.dev/host", host)
        .endMetadata()
        .withNewSpec()
        .withPodCIDR(range)
        .endSpec()
        .build();
  }

  private static Map<String, String> others(Node... nodes) {
    return Overlay.others(List.of(nodes), List.of("here"), PODS, Family.IPV4);
  }

  private static final Node HERE = node("here", "10.244.0.0/24", "192.0.2.1", 5);

  @Test
  void podsOfOtherMachinesAreReachedAtTheirMachines() {
    assertThat(
            others(
                HERE,
                node("b", "10.244.254.0/24", "192.0.2.2", 2),
                node("c", "10.244.253.0/24", "192.0.2.3", 3)))
        .isEqualTo(Map.of("10.244.254.0/24", "192.0.2.2", "10.244.253.0/24", "192.0.2.3"));
  }

  @Test
  void aRangeIsItsFirstNodesAndNeverOneOfThisMachine() {
    assertThat(
            others(
                HERE,
                node("a", "10.244.254.0/24", "192.0.2.6", 3),
                node("b", "10.244.254.0/24", "192.0.2.2", 2),
                node("early", "10.244.0.0/24", "192.0.2.7", 1)))
        .isEqualTo(Map.of("10.244.254.0/24", "192.0.2.2"));
  }

  @Test
  void whatIsNoAddressOrNotOfTheClusterIsPassedOver() {
    assertThat(
            others(
                HERE,
                node("a", "10.245.1.0/24", "192.0.2.2", 1),
                node("b", "10.244.1.0/16", "192.0.2.2", 1),
                node("c", "999.244.1.0/24", "192.0.2.2", 1),
                node("d", "10.244.2.0/24", "127.0.0.1", 1),
                node("e", "10.244.3.0/24", "10.244.0.1", 1),
                node("f", "10.244.4.0/24", "192.0.2.2\nlink delete eth0", 1),
                node("g", "10.244.5.0/24", "", 1)))
        .isEmpty();
  }

  @Test
  void machinesReachEachOtherByOneFamilyWhateverPodsSpeak() {
    Node far = node("b", "fd00:10:244:7::/64", "2001:db8::2", 2);
    far.getSpec().setPodCIDRs(List.of("fd00:10:244:7::/64", "10.244.7.0/24"));
    Node other = node("c", "fd00:10:244:8::/64", "192.0.2.2", 2);
    Ranges pods = Ranges.parse("fd00:10:244::/48,10.244.0.0/16");
    List<Node> nodes = List.of(far, other);
    assertThat(Overlay.others(nodes, List.of(), pods, Family.IPV6))
        .isEqualTo(Map.of("fd00:10:244:7::/64", "2001:db8::2", "10.244.7.0/24", "2001:db8::2"));
    assertThat(Overlay.others(nodes, List.of(), pods, Family.IPV4))
        .isEqualTo(Map.of("fd00:10:244:8::/64", "192.0.2.2"));
  }

  @Test
  void machinesAreKnownByWhatTheirNodesSayInEachFamily() {
    List<Node> nodes =
        List.of(
            HERE,
            node("b", "10.244.1.0/24", "2001:db8:0::2", 1),
            node("c", "10.244.2.0/24", "192.0.2.2 }; flush ruleset", 1),
            node("d", "10.244.3.0/24", "", 1));
    assertThat(Overlay.machines(Family.IPV4, nodes).elements().keySet())
        .containsExactly(new Rules.Element("machines", "192.0.2.1"));
    assertThat(Overlay.machines(Family.IPV6, nodes).elements().keySet())
        .containsExactly(new Rules.Element("machines", "2001:db8::2"));
  }

  @Test
  void aMachinesHardwareAddressFollowsFromItsAddress() {
    assertThat(Overlay.hardwareAddress("192.0.2.17")).isEqualTo("0a:58:c0:00:02:11");
    assertThat(Overlay.hardwareAddress("2001:db8::2"))
        .matches("0a:58(:[0-9a-f]{2}){4}")
        .isNotEqualTo(Overlay.hardwareAddress("2001:db8::3"));
  }
}
