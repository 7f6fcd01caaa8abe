// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.proxy.Limits;
import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DoorsTest {
  private final Doors doors =
      new Doors(new Proxy(Limits.USUAL), new Exposure.Loopback(true), new Doors.Bounds(3, 2));

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
    doors.show(
        "gateways",
        List.of(
            door("x/a", 80), door("x/a", 81), door("x/b", 80), door("y/c", 80), door("z/d", 80)));
    assertThat(doors.of("x/a")).hasSize(2);
    assertThat(doors.of("x/b")).isEmpty();
    assertThat(doors.failures("x/b").get(80)).contains("2 ports of namespace x are open");
    assertThat(doors.of("y/c")).as("what one namespace has is no other's").hasSize(1);
    assertThat(doors.failures("z/d").get(80)).isEqualTo("3 ports are open, no more are opened");
    assertThat(doors.haveFailed()).isTrue();
    doors.show("gateways", List.of(door("x/a", 80), door("x/b", 80), door("y/c", 80)));
    assertThat(doors.of("x/b")).containsKey(80);
    assertThat(doors.haveFailed()).isFalse();
  }

  /// Each change anywhere shows all doors anew.
  @Test
  void whyADoorIsNotOpenedIsSaidOnce() {
    List<Door> tooMany = List.of(door("x/a", 80), door("x/a", 81), door("x/b", 80));
    List<String> said = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord line) {
            if (line.getLevel() == Level.WARNING) {
              said.add(line.getMessage());
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger log = Logger.getLogger(Doors.class.getName());
    log.addHandler(handler);
    try {
      doors.show("gateways", tooMany);
      doors.show("gateways", tooMany);
      assertThat(said).singleElement().asString().contains("x/b:80");
      doors.show("gateways", List.of());
      doors.show("gateways", tooMany);
      assertThat(said).as("it had gone").hasSize(2);
    } finally {
      log.removeHandler(handler);
    }
  }

  @Test
  void noNamespaceTakesTheDoorsOfTheIngress() {
    doors.show("gateways", List.of(door("x/a", 80), door("y/b", 80), door("z/c", 80)));
    doors.show("ingress", List.of(door("ingress", 80), door("ingress", 443)));
    assertThat(doors.of("ingress")).containsOnlyKeys(80, 443);
  }

  /// Whether or not they are free on this machine.
  @Test
  void portsWhereTheIngressIsLookedForAreNoGateways() {
    doors.show("gateways", List.of(door("x/a", 8080), door("x/a", 8443), door("y/b", 8080)));
    assertThat(doors.of("x/a").values()).hasSize(2).doesNotContain(8080, 8443);
    assertThat(doors.of("y/b").values()).hasSize(1).doesNotContain(8080);
  }

  @Test
  void aPortThatIsTakenIsAnother() {
    doors.show("gateways", List.of(door("x/a", 80)));
    int taken = doors.of("x/a").get(80);
    doors.show("gateways", List.of(door("x/a", 80), door("x/b", taken)));
    assertThat(doors.of("x/b").get(taken)).isNotNull().isNotEqualTo(taken);
  }
}
