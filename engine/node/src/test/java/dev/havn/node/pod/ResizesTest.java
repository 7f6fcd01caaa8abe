// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ResizesTest {
  private static final Instant START = Instant.parse("2026-05-04T10:00:00Z");
  private static final long MEBI = 1 << 20;

  private final List<String> done = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final List<Container> running = new ArrayList<>();

  /// Bytes by container, that of the pod by the empty name.
  private final Map<String, Long> used = new HashMap<>();

  private String refuses = "";
  private final ContainerRuntime runtime =
      (ContainerRuntime)
          Proxy.newProxyInstance(
              ResizesTest.class.getClassLoader(),
              new Class<?>[] {ContainerRuntime.class},
              (_, method, arguments) ->
                  switch (method.getName()) {
                    case "containers" -> List.copyOf(running);
                    case "resize" -> change((String) arguments[1], (Resources) arguments[2]);
                    case "resizePod" -> change("pod", (Resources) arguments[1]);
                    case "memoryBytes" -> {
                      Long bytes = used.get((String) arguments[1]);
                      yield bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                  });
  private final ResizeEvents told =
      new ResizeEvents((_, type, reason, message) -> events.add(type + " " + reason + message));
  private final Allocations allocations =
      new Allocations(
          List::of,
          Map.of("cpu", BigDecimal.valueOf(64), "memory", BigDecimal.valueOf(1L << 40)),
          told,
          _ -> {},
          () -> START);
  private final Resizes resizes = new Resizes(runtime, told, allocations);
  private final PodMemory memory = new PodMemory();

  private Object change(String what, Resources bounds) {
    if (what.equals(refuses)) {
      throw new StartException("ResizeError", "resize: no", null);
    }
    done.add(
        "%s %d %d %dMi"
            .formatted(
                what, bounds.cpuShares(), bounds.cpuQuotaMicros(), bounds.memoryBytes() / MEBI));
    return null;
  }

  private void runs(String name, int attempt) {
    running.removeIf(each -> each.name().equals(name));
    running.add(
        new Container(name, name, attempt, "i", "i", START, null, 0, false, Path.of("/dev/null")));
  }

  private static Pod pod(int generation, String spec) {
    return GoldenPods.pod(
        """
        metadata: {name: p, uid: u, generation: %d}
        spec: {%s}
        status: {phase: Running}
        """
            .formatted(generation, spec));
  }

  /// One look of a node.
  private Object look(Pod asks) {
    resizes.decide(asks, memory);
    Pod pod = allocations.of(asks);
    Attempts attempts = new Attempts(runtime, "u", _ -> {});
    attempts.observe();
    for (Container each : running) {
      // As when it is started.
      memory.applied.computeIfAbsent(
          each.id(),
          _ ->
              ContainerResources.bounding(
                  pod,
                  Restarts.containers(pod)
                      .filter(spec -> spec.getName().equals(each.name()))
                      .findFirst()
                      .orElseThrow()));
    }
    if (memory.bounds == null) {
      memory.bounds = ContainerResources.ofPod(pod);
    }
    return resizes.bring(
        new Resizes.Look(
            pod, memory, attempts, "runc", (spec, _) -> done.add("restart " + spec.getName())));
  }

  private static Pod whole(int generation, String limits) {
    return pod(generation, "resources: {limits: {%s}}, containers: [{name: a}]".formatted(limits));
  }

  @Test
  void aPodGrowsBeforeItsContainersAndShrinksAfterThem() {
    runs("a", 0);
    look(whole(1, "cpu: 1, memory: 64Mi"));
    assertThat(done).isEmpty();
    assertThat(look(whole(2, "cpu: 2, memory: 128Mi"))).isNull();
    assertThat(done).containsExactly("pod 2048 200000 128Mi", "a 2048 200000 128Mi");
    done.clear();
    look(whole(3, "cpu: 1, memory: 64Mi"));
    assertThat(done).containsExactly("a 1024 100000 64Mi", "pod 1024 100000 64Mi");
    done.clear();
    look(whole(4, "cpu: 2, memory: 32Mi"));
    assertThat(done)
        .containsExactly("pod 2048 200000 64Mi", "a 2048 200000 32Mi", "pod 2048 200000 32Mi");
    assertThat(look(whole(4, "cpu: 2, memory: 32Mi"))).isNull();
    assertThat(done).hasSize(3);
    assertThat(events).hasSize(6);
    assertThat(events.get(4))
        .isEqualTo(
            "Normal ResizeStartedPod resize started: {\"containers\":[{\"name\":\"a\",\"resources\":{}}],\"generation\":4}");
    assertThat(events.get(5)).startsWith("Normal ResizeCompletedPod resize completed: {");
    assertThat(memory.resizing).isNull();
  }

  @Test
  void aContainerWithLimitsOfItsOwnKeepsThem() {
    runs("a", 0);
    String spec =
        "resources: {limits: {memory: %s}},"
            + " containers: [{name: a, resources: {limits: {memory: 16Mi}}}]";
    look(pod(1, spec.formatted("64Mi")));
    look(pod(2, spec.formatted("32Mi")));
    assertThat(done).containsExactly("pod 2 0 32Mi");
  }

  @Test
  void whatIsInUseIsNotTakenAway() {
    runs("a", 0);
    look(whole(1, "memory: 64Mi"));
    used.put("", 48 * MEBI);
    used.put("a", 40 * MEBI);
    Pod less = whole(2, "memory: 32Mi");
    assertThat(look(less)).isNotNull();
    assertThat(look(less)).isNotNull();
    assertThat(done).isEmpty();
    String why =
        "cannot decrease memory limits: [attempting to set pod memory limit (33554432) below current"
            + " usage (50331648), attempting to set container \"a\" memory limit (33554432) below"
            + " current usage (41943040)]";
    assertThat(memory.resizing).isEqualTo(new Resizes.Progress(2, "Error", why));
    assertThat(events.subList(1, events.size())).hasSize(1);
    assertThat(events.get(1)).startsWith("Warning ResizeErrorPod resize error: {");
    used.clear();
    assertThat(look(less)).isNull();
    assertThat(done).containsExactly("a 2 0 32Mi", "pod 2 0 32Mi");
    assertThat(events.get(2)).startsWith("Normal ResizeCompleted");
  }

  @Test
  void whatTheRuntimeRefusesIsTriedAgain() {
    runs("a", 0);
    look(whole(1, "memory: 64Mi"));
    refuses = "a";
    Pod more = whole(2, "memory: 128Mi");
    assertThat(look(more)).isNotNull();
    assertThat(memory.resizing).isEqualTo(new Resizes.Progress(2, "Error", "resize: no"));
    assertThat(memory.given.suits(more)).isFalse();
    refuses = "";
    assertThat(look(more)).isNull();
    assertThat(done).containsExactly("pod 2 0 128Mi", "a 2 0 128Mi");
    assertThat(memory.given.suits(more)).isTrue();
  }

  /// The pod has room for the larger of both until the container has started again.
  @Test
  void aContainerStartsAgainWhereItsPolicySaysSo() {
    runs("a", 0);
    runs("b", 0);
    String spec =
        "containers: [{name: a, resources: {limits: {memory: %s}}, resizePolicy:"
            + " [{resourceName: memory, restartPolicy: RestartContainer}]},"
            + " {name: b, resources: {limits: {memory: 16Mi}}}]";
    look(pod(1, spec.formatted("64Mi")));
    Pod less = pod(2, spec.formatted("32Mi"));
    assertThat(look(less)).isNull();
    assertThat(done).containsExactly("restart a");
    assertThat(memory.resizing).isEqualTo(new Resizes.Progress(2, "", ""));
    running.removeFirst();
    running.addFirst(
        new Container("a-1", "a", 1, "i", "i", START, null, 0, false, Path.of("/dev/null")));
    done.clear();
    look(less);
    assertThat(done).containsExactly("pod 2 0 48Mi");
    assertThat(memory.resizing).isNull();
  }

  @Test
  void sidecarsAndInitContainersAreResizedWhileTheyRun() {
    runs("i", 0);
    runs("s", 0);
    String spec =
        "initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: %1$s}}},"
            + " {name: i, resources: {requests: {cpu: %1$s}}}], containers: [{name: a}]";
    look(pod(1, spec.formatted("1")));
    look(pod(2, spec.formatted("2")));
    assertThat(done).containsExactly("pod 4096 0 0Mi", "s 2048 0 0Mi", "i 2048 0 0Mi");
  }
}
