// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AllocationsTest {
  private static final Map<String, BigDecimal> CAPACITY =
      Map.of("cpu", BigDecimal.valueOf(2), "memory", BigDecimal.valueOf(1_000_000));

  private final Map<String, Pod> pods = new LinkedHashMap<>();
  private final List<String> events = new ArrayList<>();
  private final List<String> looks = new ArrayList<>();
  private Instant now = Instant.parse("2026-05-04T10:00:00Z");
  private Allocations allocations = open();

  private Allocations open() {
    return new Allocations(
        () -> List.copyOf(pods.values()),
        CAPACITY,
        new ResizeEvents(
            (pod, type, reason, message) ->
                events.add(
                    pod.getMetadata().getName() + " " + type + " " + reason + ": " + message)),
        pod -> looks.add(pod.getMetadata().getName()),
        () -> now);
  }

  /// A pod as the API has it now.
  private Pod pod(String name, int generation, String spec, String status) {
    Pod pod =
        GoldenPods.pod(
            """
            metadata: {name: %s, uid: %s, generation: %d}
            spec: {%s}
            status: {%s}
            """
                .formatted(name, name, generation, spec, status));
    pods.put(name, pod);
    return pod;
  }

  private Pod asks(String name, int generation, String cpu) {
    return pod(
        name,
        generation,
        "containers: [{name: c, resources: {requests: {cpu: " + cpu + "}}}]",
        "phase: Running");
  }

  private PodStatusOf.@Nullable Waiting look(Pod pod) {
    Pod unused = allocations.of(pod);
    return allocations.look(pod);
  }

  private String cpu(String name) {
    return String.valueOf(
        allocations
            .of(pods.get(name))
            .getSpec()
            .getContainers()
            .getFirst()
            .getResources()
            .getRequests()
            .get("cpu"));
  }

  @Test
  void whoAsksForMoreGetsItWhereThereIsRoom() {
    assertThat(look(asks("it", 1, "500m"))).isNull();
    assertThat(allocations.begun("it")).isNull();
    assertThat(look(asks("it", 2, "1500m"))).isNull();
    assertThat(cpu("it")).isEqualTo("1500m");
    assertThat(allocations.begun("it")).isEqualTo(2);
    assertThat(allocations.begun("it")).isNull();
    assertThat(events)
        .containsExactly(
            "it Normal ResizeStarted: Pod resize started: {\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"1500m\"}}}],\"generation\":2}");
    assertThat(looks).isEmpty();
  }

  @Test
  void whoThereIsNoRoomForWaitsUntilAnotherGoes() {
    look(asks("other", 1, "1500m"));
    look(asks("it", 1, "250m"));
    Pod it = asks("it", 2, "750m");
    String message =
        "Node didn't have enough resource: cpu, requested: 750, used: 1500, capacity: 2000";
    assertThat(look(it)).isEqualTo(new PodStatusOf.Waiting("Deferred", message));
    assertThat(look(it)).isEqualTo(new PodStatusOf.Waiting("Deferred", message));
    assertThat(cpu("it")).isEqualTo("250m");
    assertThat(events)
        .containsExactly(
            "it Warning ResizeDeferred: Pod resize OutOfcpu: {\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"750m\"}}}],\"generation\":2,\"error\":\""
                + message
                + "\"}");
    allocations.retry();
    assertThat(looks).isEmpty();
    pod("other", 1, "containers: []", "phase: Succeeded");
    allocations.retry();
    assertThat(looks).containsExactly("it");
    assertThat(look(it)).isNull();
    assertThat(cpu("it")).isEqualTo("750m");
  }

  @Test
  void whoAsksForLessMakesRoomForOthers() {
    look(asks("other", 1, "1500m"));
    look(asks("it", 1, "250m"));
    assertThat(look(asks("it", 2, "750m"))).isNotNull();
    assertThat(look(asks("other", 2, "1"))).isNull();
    assertThat(looks).containsExactly("it");
    assertThat(cpu("it")).isEqualTo("750m");
  }

  @Test
  void whoAsksNoMoreWaitsNoMore() {
    look(asks("it", 1, "1"));
    assertThat(look(asks("it", 2, "3"))).isNotNull();
    assertThat(look(asks("it", 3, "1"))).isNull();
    assertThat(events).hasSize(1);
  }

  @Test
  void theMoreImportantGoesFirstThenTheOneThatIsPromisedMoreThenTheOneThatHasWaitedLonger() {
    look(asks("full", 1, "2"));
    String containers = "containers: [{name: c, resources: {requests: {cpu: %s}}}]";
    String sure = "phase: Running, qosClass: Guaranteed";
    List<String> names = List.of("late", "later", "sure", "first");
    for (String cpu : List.of("1m", "501m")) {
      int generation = cpu.equals("1m") ? 1 : 2;
      String asked = containers.formatted(cpu);
      for (String name : names) {
        now = now.plusSeconds(1);
        String spec = name.equals("first") ? "priority: 7, " + asked : asked;
        look(pod(name, generation, spec, name.equals("sure") ? sure : "phase: Running"));
      }
    }
    pods.remove("full");
    pod("half", 1, "containers: [{name: c, resources: {requests: {cpu: 490m}}}]", "");
    allocations.retry();
    assertThat(names.stream().filter(each -> cpu(each).equals("501m")))
        .containsExactly("late", "sure", "first");
  }

  /// Another process of the node has told of it.
  @Test
  void whatWasToldIsNotToldAgainAfterARestart() {
    String spec = "containers: [{name: c, resources: {requests: {cpu: '3'}}}]";
    String status =
        "phase: Running, conditions: [{type: PodResizePending, status: 'True', reason: Deferred,"
            + " message: m, observedGeneration: 2}],"
            + " containerStatuses: [{name: c, resources: {requests: {cpu: '1'}}}]";
    Pod it = pod("it", 2, spec, status);
    assertThat(cpu("it")).isEqualTo("1");
    assertThat(look(it)).isNotNull();
    assertThat(events).isEmpty();
    assertThat(look(pod("it", 3, spec, status))).isNotNull();
    assertThat(events).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "resources: {requests: {cpu: '2'}} | resources: {requests: {cpu: 1}} | 1",
        "resources: {requests: {cpu: '2'}}, overhead: {cpu: 250m}"
            + " | resources: {requests: {cpu: 1250m}} | 1",
        "resources: {requests: {cpu: '2'}} | allocatedResources: {cpu: 1} | 2",
      })
  void whatAPodHasAsAWholeIsKnownByItsStatus(String spec, String status, BigDecimal cpu) {
    pod("it", 2, "containers: [{name: c}], " + spec, "phase: Running, " + status);
    assertThat(
            ContainerResources.request(
                allocations.of(pods.get("it")).getSpec().getResources(), "cpu"))
        .isEqualByComparingTo(cpu);
  }

  @Test
  void aPodThatIsNoMoreHasNothing() {
    look(asks("it", 1, "1"));
    assertThat(look(asks("it", 2, "3"))).isNotNull();
    allocations.forget("it");
    pods.remove("it");
    allocations.retry();
    assertThat(looks).isEmpty();
    assertThat(look(asks("it", 1, "3"))).isNull();
  }
}
