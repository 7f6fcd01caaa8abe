// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.Sharing;
import dev.havn.node.runtime.ContainerRuntime.Terminal;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.reconcile.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AttemptsTest {
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-05-04T10:00:00Z"));
  private final SimulatedRuntime runtime =
      new SimulatedRuntime(time, time, AddressRange.parse("192.0.2.0/24"));

  private void run(PodPlace place, int attempt) {
    Security security =
        new Security(
            "", null, List.of(), true, false, false, false, true, List.of(), List.of(), "", true);
    runtime.start(
        place,
        new ContainerSpec(
            "c",
            attempt,
            "example/c:1",
            List.of(),
            List.of(),
            Map.of(),
            "",
            List.of(),
            List.of(),
            security,
            Resources.NONE,
            new Terminal(false, false, false),
            "",
            Additions.NONE));
    String id = runtime.containers("u").getLast().id();
    runtime.stop("u", id, Duration.ZERO);
    time.settle();
  }

  @Test
  void whoKeepsSomethingOfAnAttemptHearsWhenItIsNoMore() {
    Sharing none = new Sharing(false, false, false, false, false);
    PodPlace place = new PodPlace("u", "default", "p", "p", none, Map.of(), false, Resources.NONE);
    runtime.ensurePod(place);
    List<Integer> removed = new ArrayList<>();
    Attempts attempts = new Attempts(runtime, "u", each -> removed.add(each.attempt()));
    for (int attempt = 0; attempt < 4; attempt++) {
      run(place, attempt);
      attempts.observe();
    }
    assertThat(removed).containsExactly(0, 1);
  }
}
