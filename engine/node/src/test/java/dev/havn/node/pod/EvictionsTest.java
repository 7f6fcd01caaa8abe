// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.configuration.EvictionThreshold.Absolute;
import dev.havn.node.configuration.EvictionThreshold.Amount;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.pod.Thresholds.Amounts;
import dev.havn.node.runtime.SimulatedRuntime;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvictionsTest {
  private static final long PLENTY = 64L << 30;
  private static final Instant NOW = Instant.parse("2026-05-04T10:00:00Z");

  @TempDir private Path folder;
  private final Map<String, Ending> ended = new LinkedHashMap<>();
  private final List<String> told = new ArrayList<>();
  private final Map<EvictionSignal, Amounts> left = new EnumMap<>(EvictionSignal.class);

  private static Pod pod(String name) {
    return pod(name, "containers: [{name: c}], volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}]");
  }

  private static Pod pod(String name, String spec) {
    return GoldenPods.pod(
        """
        metadata: {name: %s, namespace: default, uid: %s}
        spec: {%s}
        status: {phase: Running}
        """
            .formatted(name, name, spec));
  }

  /// A disk on which each volume holds two mebibytes, and that of one pod has no end.
  private final class Disk implements PodDisks.Meter {
    @Override
    public Map<Path, Long> bytes(List<Path> paths) throws IOException {
      if (paths.stream().anyMatch(each -> each.startsWith(folder.resolve("endless")))) {
        throw new IOException("du does not end");
      }
      Map<Path, Long> bytes = new HashMap<>();
      paths.forEach(each -> bytes.put(each, 2L << 20));
      return bytes;
    }

    @Override
    public Map<Path, Long> files(List<Path> paths) {
      Map<Path, Long> files = new HashMap<>();
      paths.forEach(each -> files.put(each, each.toString().contains("many") ? 900L : 5L));
      return files;
    }
  }

  private Evictions evictions(EvictionPolicy policy, Executor executor) {
    SimulatedRuntime runtime =
        new SimulatedRuntime(
            InstantSource.system(), Runnable::run, AddressRange.parse("192.0.2.0/24"));
    return new Evictions(
        runtime,
        policy,
        (_, memory) -> {
          left.put(EvictionSignal.MEMORY, new Amounts(memory, PLENTY));
          return Map.copyOf(left);
        },
        new PodDisks(runtime, folder, executor, new Disk()),
        new Evictions.Actions(
            (pod, ending) -> ended.put(pod.getMetadata().getName(), ending),
            told::add,
            () -> {
              told.add("images");
              left.computeIfPresent(EvictionSignal.IMAGE_DISK, (_, _) -> new Amounts(500, 1_000));
            }));
  }

  private static EvictionPolicy hard(EvictionSignal signal, long amount) {
    return new EvictionPolicy(
        List.of(
            new EvictionThreshold(signal, new Absolute(amount), false, Duration.ZERO, Amount.NONE)),
        Duration.ofMinutes(5),
        Duration.ZERO);
  }

  @Test
  void aPodWhoseDiskCannotBeMeasuredKeepsNoOtherFromEnding() {
    Evictions evictions = evictions(EvictionPolicy.STANDARD, Runnable::run);
    evictions.look(List.of(pod("endless"), pod("greedy")), PLENTY, NOW);
    assertThat(ended.keySet()).containsExactly("greedy");
  }

  @Test
  void aWalkThatLastsKeepsNobodyWaitingAndIsNotBegunTwice() {
    List<Runnable> walks = new ArrayList<>();
    Evictions evictions = evictions(EvictionPolicy.STANDARD, walks::add);
    evictions.look(List.of(pod("greedy")), PLENTY, NOW);
    evictions.look(List.of(pod("greedy")), PLENTY, NOW);
    assertThat(ended).isEmpty();
    assertThat(walks).hasSize(1);
    walks.removeFirst().run();
    evictions.look(List.of(pod("greedy")), PLENTY, NOW);
    assertThat(ended.keySet()).containsExactly("greedy");
    assertThat(walks).hasSize(1);
  }

  @Test
  void shortMemoryIsSaidWhateverDisksDo() {
    Evictions evictions = evictions(EvictionPolicy.STANDARD, Runnable::run);
    assertThat(evictions.look(List.of(pod("endless")), 1, NOW)).containsExactly("memory");
    assertThat(told).containsExactly("memory");
  }

  @Test
  void imagesLeaveAFullDiskBeforePodsDo() {
    left.put(EvictionSignal.IMAGE_DISK, new Amounts(5, 1_000));
    Pod pod = pod("p", "containers: [{name: c}], volumes: [{name: v, emptyDir: {}}]");
    Evictions evictions = evictions(hard(EvictionSignal.IMAGE_DISK, 100), Runnable::run);
    assertThat(evictions.look(List.of(pod), PLENTY, NOW)).containsExactly("ephemeral-storage");
    assertThat(told).containsExactly("ephemeral-storage", "images");
    assertThat(ended).isEmpty();
  }

  /// `/etc/hosts` and the file of last words take as much as a container likes.
  @Test
  void filesThatAllContainersHaveCountForTheirPod() {
    String spec = "containers: [{name: c, resources: {limits: {ephemeral-storage: 3Mi}}}]";
    Evictions evictions = evictions(hard(EvictionSignal.NODE_DISK, 0), Runnable::run);
    evictions.look(List.of(pod("p", spec)), PLENTY, NOW);
    assertThat(ended.values())
        .extracting(Ending::message)
        .containsExactly(
            "Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. ");
  }

  @Test
  void whoHasTheMostFilesEndsWhereTheyRunShort() {
    left.put(EvictionSignal.NODE_INODES, new Amounts(5, 1_000));
    String spec = "containers: [{name: c}], volumes: [{name: v, emptyDir: {}}]";
    Evictions evictions = evictions(hard(EvictionSignal.NODE_INODES, 2_000), Runnable::run);
    assertThat(evictions.look(List.of(pod("few", spec), pod("many", spec)), PLENTY, NOW))
        .containsExactly("ephemeral-storage");
    assertThat(ended.keySet()).containsExactly("many");
    assertThat(ended.values())
        .extracting(Ending::message)
        .containsExactly(
            "The node was low on resource: inodes. Threshold quantity: 2k, available: 5. ");
  }

  @Test
  void aSoftThresholdLeavesPodsTimeToEnd() {
    EvictionPolicy soft =
        new EvictionPolicy(
            List.of(
                new EvictionThreshold(
                    EvictionSignal.NODE_DISK,
                    new Absolute(100),
                    true,
                    Duration.ofSeconds(20),
                    Amount.NONE)),
            Duration.ofMinutes(5),
            Duration.ofSeconds(15));
    left.put(EvictionSignal.NODE_DISK, new Amounts(5, 1_000));
    Pod pod = pod("p", "containers: [{name: c}], volumes: [{name: v, emptyDir: {}}]");
    Evictions evictions = evictions(soft, Runnable::run);
    assertThat(evictions.look(List.of(pod), PLENTY, NOW)).isEqualTo(Set.of("ephemeral-storage"));
    assertThat(ended).isEmpty();
    evictions.look(List.of(pod), PLENTY, NOW.plusSeconds(20));
    assertThat(ended.get("p").grace(Duration.ofSeconds(30))).isEqualTo(Duration.ofSeconds(15));
    assertThat(ended.get("p").grace(Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void processesAreNotEndedByWhatPodsAskedFor() {
    left.put(EvictionSignal.PROCESSES, new Amounts(5, 1_000));
    Evictions evictions = evictions(hard(EvictionSignal.PROCESSES, 100), Runnable::run);
    assertThat(evictions.look(List.of(pod("p", "containers: [{name: c}]")), PLENTY, NOW))
        .containsExactly("pids");
    assertThat(told).containsExactly("pids");
  }
}
