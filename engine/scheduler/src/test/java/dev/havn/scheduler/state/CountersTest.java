// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CountersTest {
  private static final int KEPT = 3;
  private static final int KINDS = 5;

  private final NodeState node = new NodeState("n", 0);
  private final Topology topology = new Topology("");
  private int asked;

  private static PodFacts pod(int number) {
    return PodFacts.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("p" + number)
            .withUid("p" + number)
            .withNamespace("default")
            .addToLabels("part-of", "all")
            .addToLabels("app", "a" + number)
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .build());
  }

  private static PodKind kind(int number) {
    Selector selector = Selector.of(Map.of("part-of", "all", "app", "a" + number));
    return new PodKind(List.of(PodSelector.in("default", selector)), false);
  }

  private long count(Counters counters, int number, List<PodFacts> pods) {
    return counters
        .of(
            kind(number),
            topology,
            (_, told) -> {
              asked++;
              pods.forEach(each -> told.accept(each, node));
            })
        .total();
  }

  @Test
  void whatNobodyAskedForLongestIsCountedAnewAndTheRestIsKept() {
    node.set(
        new io.fabric8.kubernetes.api.model.NodeBuilder().withNewMetadata().endMetadata().build());
    topology.put(node);
    Counters counters = new Counters(_ -> Map.of(), KEPT);
    for (int i = 0; i < KINDS; i++) {
      assertThat(count(counters, i, List.of())).isZero();
    }
    for (int i = 0; i < KINDS; i++) {
      counters.add(pod(i), node, 1);
    }
    assertThat(asked).isEqualTo(KINDS);
    assertThat(count(counters, KINDS - 1, List.of())).isEqualTo(1);
    assertThat(asked).as("the last one is kept").isEqualTo(KINDS);
    assertThat(count(counters, 0, List.of(pod(0)))).isEqualTo(1);
    assertThat(asked).as("the first one is not").isEqualTo(KINDS + 1);
  }
}
