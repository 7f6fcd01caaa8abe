// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.proxy.Limits;
import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DoorsTest {
  private final Doors doors = new Doors(new Proxy(Limits.USUAL), new Exposure.Loopback(true), 2);

  @AfterEach
  void close() {
    doors.close();
  }

  private static Door door(String owner, int port) {
    return new Door(
        new DoorId(owner, port),
        false,
        new HostMap<>(Map.of(), false),
        new HostMap<>(Map.of(), false));
  }

  @Test
  void whatOneWantsLeavesTheDoorsOfOthersOpen() {
    doors.show("ingress", List.of(door("ingress", 80)));
    doors.show("gateways", List.of(door("default/web", 80)));
    int before = doors.of("ingress").get(80);
    doors.show("gateways", List.of());
    assertThat(doors.of("default/web")).isEmpty();
    assertThat(doors.of("ingress")).containsEntry(80, before);
  }

  @Test
  void noMoreAreOpenedThanMayBeAndThoseThatAreThereStay() {
    doors.show("gateways", List.of(door("a", 80), door("a", 81), door("b", 80)));
    assertThat(doors.of("a")).hasSize(2);
    assertThat(doors.of("b")).isEmpty();
    assertThat(doors.failures("b").get(80)).contains("no more are opened");
    assertThat(doors.haveFailed()).isTrue();
    doors.show("gateways", List.of(door("a", 80), door("b", 80)));
    assertThat(doors.of("b")).containsKey(80);
    assertThat(doors.haveFailed()).isFalse();
  }

  @Test
  void aPortThatIsTakenIsAnother() {
    doors.show("gateways", List.of(door("a", 80)));
    int taken = doors.of("a").get(80);
    doors.show("gateways", List.of(door("a", 80), door("b", taken)));
    assertThat(doors.of("b").get(taken)).isNotNull().isNotEqualTo(taken);
  }
}
