// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.nodes.NodeOptions.EvictionRates;
import dev.havn.controllers.nodes.Zones.Zone;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How long it takes from one node of a zone that loses its pods to the next, with the rates of
/// kube-controller-manager's options.
final class ZonesTest {
  @ParameterizedTest
  @CsvSource({
    "9, 1, PT10S",
    "0, 2, PT10S",
    "0, 60, PT10S",
    "1, 2, PT10S",
    "2, 3, none",
    "3, 3, PT10S",
    "9, 11, none",
    "23, 27, PT10S",
    "22, 28, none",
    "22, 29, PT1M40S",
    "28, 29, PT10S",
  })
  void goesByHowMuchOfAZoneFails(int ready, int notReady, String pause) {
    assertThat(
            new Zone(ready, notReady)
                .pause(EvictionRates.USUAL)
                .map(Duration::toString)
                .orElse("none"))
        .isEqualTo(pause);
  }

  @Test
  void ratesAndBoundsAreThoseThatAreAskedFor() {
    EvictionRates rates = new EvictionRates(2, 0.5, 0.3f, 8);
    assertThat(new Zone(9, 1).pause(rates)).contains(Duration.ofMillis(500));
    assertThat(new Zone(6, 3).pause(rates)).contains(Duration.ofSeconds(2));
    assertThat(new Zone(5, 3).pause(rates)).isEmpty();
    EvictionRates never = new EvictionRates(0, 0, 0.3f, 8);
    assertThat(new Zone(9, 1).pause(never)).isEmpty();
    assertThat(new Zone(6, 3).pause(never)).isEmpty();
  }
}
