// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.SimulatedRuntime;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvictionsTest {
  private static final long PLENTY = 64L << 30;

  @TempDir private Path folder;
  private final List<String> ended = new ArrayList<>();

  private static Pod pod(String name) {
    return GoldenPods.pod(
        """
        metadata: {name: %s, namespace: default, uid: %s}
        spec: {containers: [{name: c}], volumes: [{name: v, emptyDir: {sizeLimit: 1Mi}}]}
        status: {phase: Running}
        """
            .formatted(name, name));
  }

  /// A disk on which each volume holds two mebibytes, and that of one pod has no end.
  private Map<Path, Long> bytes(List<Path> paths) throws IOException {
    if (paths.stream().anyMatch(each -> each.startsWith(folder.resolve("endless")))) {
      throw new IOException("du does not end");
    }
    Map<Path, Long> bytes = new HashMap<>();
    paths.forEach(each -> bytes.put(each, 2L << 20));
    return bytes;
  }

  @Test
  void aPodWhoseDiskCannotBeMeasuredKeepsNoOtherFromEnding() throws IOException {
    Evictions evictions =
        new Evictions(
            new SimulatedRuntime(InstantSource.system(), Runnable::run, "192.0.2"),
            folder,
            (pod, _) -> ended.add(pod.getMetadata().getName()),
            this::bytes);
    evictions.look(List.of(pod("endless"), pod("greedy")), PLENTY);
    assertThat(ended).containsExactly("greedy");
  }

  @Test
  void shortMemoryIsSaidWhateverDisksDo() throws IOException {
    Evictions evictions =
        new Evictions(
            new SimulatedRuntime(InstantSource.system(), Runnable::run, "192.0.2"),
            folder,
            (pod, _) -> ended.add(pod.getMetadata().getName()),
            this::bytes);
    assertThat(evictions.look(List.of(pod("endless")), 1)).contains(EvictionPlan.MEMORY);
  }
}
