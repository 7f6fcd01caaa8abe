// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ZoneHintsTest {
  private static Node node(String zone, String cpu) {
    return new NodeBuilder()
        .withNewMetadata()
        .addToLabels("topology.kubernetes.io/zone", zone)
        .endMetadata()
        .withNewStatus()
        .addToAllocatable("cpu", new Quantity(cpu))
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  private static ZoneShares shares(String... zonesAndCpus) {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < zonesAndCpus.length; i += 2) {
      nodes.add(node(zonesAndCpus[i], zonesAndCpus[i + 1]));
    }
    return ZoneShares.of(nodes);
  }

  private static ObjectNode endpoint(String zone, boolean ready) {
    ObjectNode endpoint = Api.object();
    endpoint.putObject("conditions").put("ready", ready);
    return zone.isEmpty() ? endpoint : endpoint.put("zone", zone);
  }

  private static List<ObjectNode> endpoints(String zones) {
    List<ObjectNode> all = new ArrayList<>();
    zones.chars().forEach(zone -> all.add(endpoint(String.valueOf((char) zone), true)));
    return all;
  }

  private static String hinted(List<ObjectNode> endpoints) {
    StringBuilder zones = new StringBuilder();
    endpoints.forEach(each -> zones.append(each.at("/hints/forZones/0/name").asText("-")));
    return zones.toString();
  }

  @Test
  void whereZonesHaveTheirPartsEachKeepsItsOwn() {
    List<ObjectNode> all = endpoints("abab");
    assertThat(ZoneHints.give(all, shares("a", "4", "b", "4")).counts())
        .isEqualTo(Map.of("a", 2, "b", 2));
    assertThat(hinted(all)).isEqualTo("abab");
  }

  @Test
  void aZoneWithMoreThanItsPartGivesToOneWithLess() {
    List<ObjectNode> all = endpoints("aaaaab");
    ZoneHints hints = ZoneHints.give(all, shares("a", "2", "b", "2"));
    assertThat(hinted(all)).isEqualTo("bbaaab");
    assertThat(hints.counts()).isEqualTo(Map.of("a", 3, "b", 3));
    List<ObjectNode> uneven = endpoints("bbbb");
    ZoneHints.give(uneven, shares("a", "1", "a", "2", "b", "500m", "b", "500m"));
    assertThat(hinted(uneven)).isEqualTo("aaab");
  }

  @Test
  void endpointsThatAreNotReadyAreForNobody() {
    List<ObjectNode> all = endpoints("ab");
    all.add(endpoint("a", false));
    assertThat(ZoneHints.give(all, shares("a", "1", "b", "1")).problem()).isEmpty();
    assertThat(hinted(all)).isEqualTo("ab-");
  }

  @Test
  void whatCannotBeGivenIsSaid() {
    assertThat(ZoneHints.give(endpoints("a"), shares("a", "1", "b", "1")).problem())
        .isEqualTo("Insufficient number of endpoints (1 endpoints, 2 zones)");
    assertThat(ZoneHints.give(endpoints("aa"), shares("a", "1", "a", "1")).problem())
        .startsWith("Insufficient Node information: ");
    assertThat(ZoneHints.give(endpoints("aa"), shares("a", "1", "b", "0")).problem())
        .startsWith("Insufficient Node information: ");
    assertThat(ZoneHints.give(endpoints("abc"), shares("a", "10", "b", "1", "c", "1")).problem())
        .isEqualTo(
            "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 3 zones)");
    List<ObjectNode> nowhere = endpoints("aba");
    nowhere.add(endpoint("", true));
    assertThat(ZoneHints.give(nowhere, shares("a", "1", "b", "1")).problem())
        .isEqualTo("One or more endpoints do not have a zone specified");
    assertThat(hinted(nowhere)).isEqualTo("----");
  }

  @Test
  void aZoneThatHasTooFewByNowIsOverloaded() {
    ZoneShares half = shares("a", "1", "b", "1");
    assertThat(half.isOverloaded(Map.of("a", 3, "b", 3))).isFalse();
    assertThat(half.isOverloaded(Map.of("a", 5, "b", 1))).isTrue();
    assertThat(half.isOverloaded(Map.of("a", 5))).isTrue();
    assertThat(shares().isOverloaded(Map.of("a", 5))).isTrue();
  }
}
