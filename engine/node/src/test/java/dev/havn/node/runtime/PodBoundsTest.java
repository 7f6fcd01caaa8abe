// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodBoundsTest {
  private static final Abilities UNIFIED = new Abilities(true, false);
  private static final Resources BOUNDS = new Resources(512, 50_000, 64 << 20);

  @Test
  void versionOneHasAHierarchyForEachController() {
    assertThat(PodBounds.files(BOUNDS, 100, new Abilities(false, false), Long.MAX_VALUE))
        .isEqualTo(
            Map.of(
                "cpu",
                Map.of(
                    "cpu.shares", "512",
                    "cpu.cfs_period_us", "100000",
                    "cpu.cfs_quota_us", "50000"),
                "memory",
                Map.of("memory.limit_in_bytes", "67108864"),
                "pids",
                Map.of("pids.max", "100")));
  }

  @Test
  void versionTwoCountsInWeights() {
    assertThat(PodBounds.files(BOUNDS, 100, UNIFIED, Long.MAX_VALUE))
        .isEqualTo(
            Map.of(
                "cpu", Map.of("cpu.weight", "20", "cpu.max", "50000 100000"),
                "memory", Map.of("memory.max", "67108864"),
                "pids", Map.of("pids.max", "100")));
  }

  @Test
  void whatHasNoBoundIsNotWritten() {
    assertThat(PodBounds.files(new Resources(2, 0, 1_000), -1, UNIFIED, Long.MAX_VALUE))
        .isEqualTo(
            Map.of("cpu", Map.of("cpu.weight", "1"), "memory", Map.of("memory.max", "1000")));
    assertThat(PodBounds.files(new Resources(2, 0, 0), 7, UNIFIED, Long.MAX_VALUE))
        .isEqualTo(Map.of("pids", Map.of("pids.max", "7")));
    assertThat(PodBounds.files(new Resources(2, 0, 0), -1, UNIFIED, Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void nothingIsSwappedInVersionTwo() {
    assertThat(PodBounds.files(BOUNDS, -1, new Abilities(true, true), 0).get("memory"))
        .isEqualTo(Map.of("memory.max", "67108864", "memory.swap.max", "0"));
  }

  /// The kernel refuses a bound of both that is less than memory's, at any moment.
  @Test
  void versionOneIsToldFirstWhatMayBeFirst() {
    String alone = "memory.limit_in_bytes";
    String both = "memory.memsw.limit_in_bytes";
    Abilities swap = new Abilities(false, true);
    assertThat(PodBounds.files(BOUNDS, -1, swap, 32 << 20).get("memory"))
        .containsExactly(Map.entry(both, "67108864"), Map.entry(alone, "67108864"));
    for (long now : List.of(64L << 20, 128L << 20, Long.MAX_VALUE)) {
      assertThat(PodBounds.files(BOUNDS, -1, swap, now).get("memory"))
          .containsExactly(Map.entry(alone, "67108864"), Map.entry(both, "67108864"));
    }
  }
}
