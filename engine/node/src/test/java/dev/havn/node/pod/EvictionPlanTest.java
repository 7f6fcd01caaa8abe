// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.pod.EvictionPlan.Signal;
import dev.havn.node.pod.EvictionPlan.Use;
import dev.havn.node.pod.PodStatusOf.Ending;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvictionPlanTest {
  private static final long MEBI = 1 << 20;

  private static Use use(String name, String spec, long memory, long disk, long volume) {
    return new Use(
        GoldenPods.pod("{metadata: {name: %s}, spec: {%s}}".formatted(name, spec)),
        Map.of("c", memory),
        Map.of("c", disk),
        Map.of("v", volume),
        0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "containers: [{name: c}] | none",
        "containers: [{name: c}], volumes: [{name: v, emptyDir: {sizeLimit: 5Mi}}] | none",
        "containers: [{name: c}], volumes: [{name: v, emptyDir: {sizeLimit: 3Mi}}]"
            + " | Usage of EmptyDir volume \"v\" exceeds the limit \"3Mi\". ",
        "containers: [{name: c, resources: {limits: {ephemeral-storage: 6Mi}}}]"
            + " | Pod ephemeral local storage usage exceeds the total limit of containers 6Mi. ",
        "containers: [{name: c, resources: {limits: {ephemeral-storage: 2Mi}}},"
            + " {name: d, resources: {limits: {ephemeral-storage: 20Mi}}}]"
            + " | Container c exceeded its local ephemeral storage limit \"2Mi\". ",
        "priority: 2000000000, containers: [{name: c}],"
            + " volumes: [{name: v, emptyDir: {sizeLimit: 3Mi}}] | none",
      },
      ignoreLeadingAndTrailingWhitespace = false)
  void whoTakesMoreOfTheDiskThanItMayEnds(String spec, String message) {
    Optional<String> why =
        EvictionPlan.overLimit(use("p", spec.strip(), 0, 3 * MEBI, 4 * MEBI)).map(Ending::message);
    assertThat(why.orElse("none").strip()).isEqualTo(message == null ? "none" : message.strip());
  }

  @Test
  void whoUsesMoreThanAskedForEndsFirstThenWhoMattersLeast() {
    Use modest =
        use(
            "modest",
            "containers: [{name: c, resources: {requests: {memory: 9Mi}}}]",
            8 * MEBI,
            0,
            0);
    Use greedy = use("greedy", "priority: 5, containers: [{name: c}]", 6 * MEBI, 0, 0);
    Use greedier = use("greedier", "priority: 5, containers: [{name: c}]", 7 * MEBI, 0, 0);
    Use humble = use("humble", "priority: 1, containers: [{name: c}]", MEBI, 0, 0);
    Signal signal = new Signal("memory", 100 * MEBI, 50 * MEBI, Ending.HASTE);
    assertThat(victim(List.of(modest, greedy, greedier, humble), signal)).contains("humble");
    assertThat(victim(List.of(modest, greedy, greedier), signal)).contains("greedier");
    assertThat(victim(List.of(modest), signal)).contains("modest");
    assertThat(EvictionPlan.underPressure(List.of(greedy), signal).orElseThrow().ending())
        .isEqualTo(
            new Ending(
                "Evicted",
                "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
                    + "Container c was using 6Mi, request is 0, has larger consumption of memory. ",
                Ending.Kind.BY_NODE,
                Ending.HASTE));
  }

  @Test
  void whoMattersLeastEndsForProcessesThenWhoHasTheMost() {
    Use few = counted("few", 0, 3);
    Use many = counted("many", 0, 300);
    Use dear = counted("dear", 9, 3_000);
    Signal signal = new Signal("pids", 100, 50, Ending.HASTE);
    assertThat(victim(List.of(few, many, dear), signal)).contains("many");
    assertThat(EvictionPlan.underPressure(List.of(dear), signal).orElseThrow().ending().message())
        .isEqualTo("The node was low on resource: pids. Threshold quantity: 100, available: 50. ");
  }

  private static Use counted(String name, int priority, long count) {
    return new Use(
        GoldenPods.pod(
            "{metadata: {name: %s}, spec: {priority: %d, containers: [{name: c}]}}"
                .formatted(name, priority)),
        Map.of(),
        Map.of(),
        Map.of(),
        count);
  }

  private static Optional<String> victim(List<Use> all, Signal signal) {
    return EvictionPlan.underPressure(all, signal).map(each -> each.pod().getMetadata().getName());
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1000, 1000", "1024, 1Ki", "1536, 1536", "104857600, 100Mi"})
  void bytesAreWrittenWithoutRest(long bytes, String text) {
    assertThat(EvictionPlan.binary(bytes)).isEqualTo(text);
  }
}
