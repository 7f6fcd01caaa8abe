// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MirroredSubsetsTest {
  private static MirroredSubsets of(String subsets) {
    try {
      return MirroredSubsets.of(new ObjectMapper().readTree(subsets.replace('\'', '"')));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// One line for each slice: its family, ports and addresses, with a `-` at those not ready.
  private static List<String> lines(MirroredSubsets mirrored) {
    List<String> lines = new ArrayList<>();
    for (JsonNode slice : mirrored.slices()) {
      List<String> addresses = new ArrayList<>();
      for (JsonNode each : slice.path("endpoints")) {
        boolean ready = each.path("conditions").path("ready").asBoolean();
        addresses.add((ready ? "" : "-") + each.path("addresses").path(0).asText());
      }
      lines.add(
          slice.path("addressType").asText()
              + " "
              + slice.path("ports").findValuesAsText("port")
              + " "
              + addresses);
    }
    return lines;
  }

  @Test
  void portsWithTheSameAddressesStandTogether() {
    assertThat(
            lines(
                of(
                    """
                    [{'addresses': [{'ip': '192.0.2.2'}, {'ip': '192.0.2.1'}], 'ports': [{'port': 80}]},
                     {'addresses': [{'ip': '192.0.2.1'}, {'ip': '192.0.2.2'}], 'ports': [{'name': 'b', 'port': 81}]},
                     {'addresses': [{'ip': '192.0.2.3'}], 'ports': [{'port': 80}, {'name': 'c', 'port': 82}]}]
                    """)))
        .containsExactly(
            "IPv4 [80] [192.0.2.1, 192.0.2.2, 192.0.2.3]",
            "IPv4 [81] [192.0.2.1, 192.0.2.2]",
            "IPv4 [82] [192.0.2.3]");
    assertThat(
            lines(
                of(
                    """
                    [{'addresses': [{'ip': '192.0.2.1'}], 'ports': [{'port': 80}]},
                     {'addresses': [{'ip': '192.0.2.1'}], 'ports': [{'name': 'b', 'port': 81}]}]
                    """)))
        .containsExactly("IPv4 [80, 81] [192.0.2.1]");
  }

  @Test
  void eachFamilyHasASliceOfItsOwn() {
    assertThat(
            lines(
                of(
                    """
                    [{'addresses': [{'ip': '2001:db8::1'}], 'notReadyAddresses': [{'ip': '192.0.2.1'}], 'ports': [{'port': 80}]}]
                    """)))
        .containsExactly("IPv4 [80] [-192.0.2.1]", "IPv6 [80] [2001:db8::1]");
  }

  @Test
  void whoIsNotReadyAtOnePlaceIsNotReady() {
    assertThat(
            lines(
                of(
                    """
                    [{'notReadyAddresses': [{'ip': '192.0.2.1'}], 'ports': [{'port': 80}]},
                     {'addresses': [{'ip': '192.0.2.1'}], 'ports': [{'port': 80}]}]
                    """)))
        .containsExactly("IPv4 [80] [-192.0.2.1]");
  }

  @Test
  void addressesWithoutPortsAreShownAndPortsWithoutAddressesAreNot() {
    assertThat(lines(of("[{'addresses': [{'ip': '192.0.2.1'}]}, {'ports': [{'port': 80}]}]")))
        .containsExactly("IPv4 [] [192.0.2.1]");
  }

  @Test
  void thoseThatAreReadyComeFirstWhereThereIsNoRoomForAll() {
    String notReady =
        IntStream.range(0, 1_000)
            .mapToObj(i -> "{'ip': '10.0.%d.%d'}".formatted(i / 250, i % 250))
            .collect(Collectors.joining(", "));
    MirroredSubsets mirrored =
        of(
            "[{'addresses': [{'ip': '192.0.2.1'}, {'ip': '192.0.2.2'}], 'notReadyAddresses': [%s], 'ports': [{'port': 80}]}]"
                .formatted(notReady));
    assertThat(mirrored.skipped()).isEqualTo(2);
    assertThat(mirrored.slices()).hasSize(1);
    JsonNode endpoints = mirrored.slices().getFirst().path("endpoints");
    assertThat(endpoints).hasSize(1_000);
    assertThat(endpoints.path(1).path("addresses").path(0).asText()).isEqualTo("192.0.2.2");
  }
}
