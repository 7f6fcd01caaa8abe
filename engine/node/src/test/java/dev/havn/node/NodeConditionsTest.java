// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeConditionsTest {
  private static final Instant BEGIN = Instant.parse("2026-05-04T10:00:00Z");
  private final NodeConditions conditions = new NodeConditions(BEGIN, Duration.ofMinutes(5));

  @Test
  void aShortageStaysForFiveMinutes() {
    Instant met = BEGIN.plusSeconds(60);
    assertThat(told(Set.of(), BEGIN)).isEmpty();
    assertThat(told(Set.of("memory"), met)).containsExactly("NodeHasInsufficientMemory");
    assertThat(conditions.pressures()).containsExactly("MemoryPressure");
    assertThat(told(Set.of(), met.plus(Duration.ofMinutes(4)))).isEmpty();
    assertThat(conditions.pressures()).containsExactly("MemoryPressure");
    assertThat(told(Set.of(), met.plus(Duration.ofMinutes(5))))
        .containsExactly("NodeHasSufficientMemory");
    assertThat(conditions.pressures()).isEmpty();
  }

  private List<String> told(Set<String> shortOf, Instant now) {
    conditions.observe(shortOf, now);
    List<String> changes = conditions.untold();
    conditions.told();
    return changes;
  }

  @Test
  void whatCouldNotBeWrittenIsToldAgain() {
    conditions.observe(Set.of("memory"), BEGIN);
    assertThat(conditions.untold()).containsExactly("NodeHasInsufficientMemory");
    conditions.observe(Set.of("memory"), BEGIN.plusSeconds(10));
    assertThat(conditions.untold()).containsExactly("NodeHasInsufficientMemory");
    conditions.told();
    conditions.observe(Set.of("memory"), BEGIN.plusSeconds(20));
    assertThat(conditions.untold()).isEmpty();
  }

  @Test
  void aShortageIsOverInTimeWhenTheClockGoesBack() {
    conditions.observe(Set.of("memory"), BEGIN);
    Instant back = BEGIN.minus(Duration.ofHours(1));
    conditions.observe(Set.of(), back);
    conditions.observe(Set.of(), back.plus(Duration.ofMinutes(5)));
    assertThat(conditions.pressures()).isEmpty();
  }

  @Test
  void aConditionTellsSinceWhenItIsSo() {
    conditions.observe(Set.of("ephemeral-storage"), BEGIN.plusSeconds(30));
    ArrayNode shown = JsonNodeFactory.instance.arrayNode();
    conditions.add(shown, BEGIN.plusSeconds(40));
    assertThat(shown.findValuesAsText("type"))
        .containsExactly("MemoryPressure", "DiskPressure", "PIDPressure", "Ready");
    assertThat(shown.get(1).path("reason").asText()).isEqualTo("KubeletHasDiskPressure");
    assertThat(shown.get(1).path("status").asText()).isEqualTo("True");
    assertThat(shown.get(1).path("lastTransitionTime").asText()).isEqualTo("2026-05-04T10:00:30Z");
    assertThat(shown.get(1).path("lastHeartbeatTime").asText()).isEqualTo("2026-05-04T10:00:40Z");
    assertThat(shown.get(0).path("lastTransitionTime").asText()).isEqualTo("2026-05-04T10:00:00Z");
  }

  @Test
  void aRuntimeThatCannotRunPodsMakesTheNodeNotReady() {
    conditions.observeRuntime(List.of("container runtime is down"), BEGIN.plusSeconds(30));
    assertThat(conditions.untold()).containsExactly("NodeNotReady");
    conditions.told();
    assertThat(conditions.haveChanged()).isFalse();
    ArrayNode shown = JsonNodeFactory.instance.arrayNode();
    conditions.add(shown, BEGIN.plusSeconds(40));
    assertThat(shown.get(3).path("status").asText()).isEqualTo("False");
    assertThat(shown.get(3).path("reason").asText()).isEqualTo("KubeletNotReady");
    assertThat(shown.get(3).path("message").asText()).isEqualTo("container runtime is down");
    assertThat(shown.get(3).path("lastTransitionTime").asText()).isEqualTo("2026-05-04T10:00:30Z");
    conditions.observeRuntime(List.of("one", "other"), BEGIN.plusSeconds(50));
    assertThat(conditions.untold()).isEmpty();
    assertThat(conditions.haveChanged()).isTrue();
    shown.removeAll();
    conditions.add(shown, BEGIN.plusSeconds(50));
    assertThat(shown.get(3).path("message").asText()).isEqualTo("[one, other]");
    conditions.told();
    conditions.observeRuntime(List.of(), BEGIN.plusSeconds(60));
    assertThat(conditions.untold()).containsExactly("NodeReady");
  }
}
