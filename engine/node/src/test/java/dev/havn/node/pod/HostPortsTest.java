// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostPortsTest {
  private final HostPorts ports = new HostPorts();
  private final Pod first = pod("first", "{hostPort: 80, protocol: TCP, containerPort: 80}", "");
  private final Pod second = pod("second", "{hostPort: 80, containerPort: 81}", "");

  private static Pod pod(String uid, String port, String status) {
    return GoldenPods.pod(
        "metadata: {name: "
            + uid
            + ", uid: "
            + uid
            + "}\nspec: {containers: [{name: c, ports: ["
            + port
            + "]}]}\n"
            + status);
  }

  @Test
  void thePortIsTheFirstOnesUntilItIsGone() {
    assertThat(ports.take(first, List.of(first))).isEmpty();
    assertThat(ports.take(first, List.of(first, second))).isEmpty();
    assertThat(ports.take(second, List.of(first, second)))
        .hasValueSatisfying(
            why -> {
              assertThat(why.reason()).isEqualTo("NodePorts");
              assertThat(why.message())
                  .isEqualTo(
                      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports");
            });
    ports.release("first");
    assertThat(ports.take(second, List.of(second))).isEmpty();
  }

  @Test
  void whoHasBegunKeepsItsPortWhenTheNodeStartsAgain() {
    String begun = "status: {phase: Running, startTime: '2026-01-01T00:00:00Z'}\n";
    Pod running = pod("first", "{hostPort: 80, containerPort: 80}", begun);
    assertThat(ports.take(second, List.of(second, running))).isPresent();
    assertThat(ports.take(running, List.of(second, running))).isEmpty();
  }

  @Test
  void whatHasEndedHoldsNothing() {
    String over = "status: {phase: Failed, startTime: '2026-01-01T00:00:00Z'}\n";
    Pod ended = pod("first", "{hostPort: 80, containerPort: 80}", over);
    assertThat(ports.take(second, List.of(second, ended))).isEmpty();
  }

  @Test
  void otherAddressesAndProtocolsAreOtherPorts() {
    Pod udp = pod("udp", "{hostPort: 80, protocol: UDP, containerPort: 80}", "");
    Pod here = pod("here", "{hostPort: 80, hostIP: 192.0.2.1, containerPort: 80}", "");
    Pod there = pod("there", "{hostPort: 80, hostIP: 192.0.2.2, containerPort: 80}", "");
    List<Pod> all = List.of(udp, here, there, first);
    assertThat(ports.take(here, all)).isEmpty();
    assertThat(ports.take(there, all)).isEmpty();
    assertThat(ports.take(udp, all)).isEmpty();
    assertThat(ports.take(first, all)).isPresent();
  }
}
