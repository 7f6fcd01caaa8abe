// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.network.service.ServiceRules.Flow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StaleFlowsTest {
  private static final Flow FLOW = new Flow("10.96.0.20", 53);

  private static SortedSet<String> targets(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "10.244.0." + i)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void fewEndpointsAreNamedAndManyAreNot() {
    assertThat(StaleFlows.between(Map.of(FLOW, targets(2)), Map.of(FLOW, targets(1))))
        .containsExactly(
            List.of(
                "--orig-dst", "10.96.0.20", "--orig-port-dst", "53", "--reply-src", "10.244.0.1"));
    assertThat(StaleFlows.between(Map.of(FLOW, targets(200)), Map.of()))
        .containsExactly(List.of("--orig-dst", "10.96.0.20", "--orig-port-dst", "53"));
  }

  @Test
  void whoAsksDoesNotWaitAndOneTaskDoesItAll() {
    List<Runnable> tasks = new ArrayList<>();
    List<String> run = new ArrayList<>();
    StaleFlows flows =
        new StaleFlows(
            (command, _) -> {
              run.add(command.getLast());
              return new Commands.Output(0, "");
            },
            tasks::add);
    flows.delete(List.of(List.of("a"), List.of("b")));
    flows.delete(List.of(List.of("b"), List.of("c")));
    assertThat(run).isEmpty();
    assertThat(tasks).hasSize(1);
    tasks.getFirst().run();
    assertThat(run).containsExactly("a", "b", "c");
    flows.delete(List.of(List.of("d")));
    assertThat(tasks).hasSize(2);
  }
}
