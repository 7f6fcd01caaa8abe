// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import dev.havn.network.service.Place;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortRulesTest {
  private static final Place PLACE = new Place("a", "hv0123abcd00", "10.244.0.1", "");

  private static Rules rules(String hostAddress, int hostPort, String podAddress) {
    Pod pod =
        new PodBuilder()
            .withNewSpec()
            .addNewContainer()
            .addNewPort()
            .withHostIP(hostAddress)
            .withHostPort(hostPort)
            .withContainerPort(8_080)
            .endPort()
            .endContainer()
            .endSpec()
            .withNewStatus()
            .withPodIP(podAddress)
            .endStatus()
            .build();
    return HostPortRules.of(Family.IPV4, pod, PLACE);
  }

  @Test
  void anAddressIsTheOnlyOneAtWhichThePortIsReached() {
    assertThat(rules("192.0.2.1", 80, "10.244.0.5").elements().toString())
        .contains("key=192.0.2.1 . tcp . 80]=10.244.0.5 . 8080")
        .doesNotContain("machine-ports");
    assertThat(rules("", 80, "10.244.0.5").elements().toString())
        .contains("key=10.244.0.1 . tcp . 80]", "set=machine-ports, key=tcp . 80]");
  }

  /// The API takes them all.
  @ParameterizedTest
  @ValueSource(strings = {"garbage", "localhost", "010.0.0.1", "1.2.3", "1.2.3.4 . tcp", "::1"})
  void whatIsNoAddressHasNoRules(String text) {
    assertThat(rules(text, 80, "10.244.0.5")).isEqualTo(Rules.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2001:db8::5", "127.0.0.1", "169.254.1.1", "224.0.0.5", "0.0.0.0"})
  void aPodThatNoPacketCanBeLedToHasNoRules(String text) {
    assertThat(rules("", 80, text)).isEqualTo(Rules.NONE);
  }
}
