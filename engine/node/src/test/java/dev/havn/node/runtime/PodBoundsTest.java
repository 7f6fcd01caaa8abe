// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodBoundsTest {
  private static final Resources BOUNDS = new Resources(512, 50_000, 64 << 20);

  @Test
  void versionOneHasAHierarchyForEachController() {
    assertThat(PodBounds.files(BOUNDS, 100, false))
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
    assertThat(PodBounds.files(BOUNDS, 100, true))
        .isEqualTo(
            Map.of(
                "cpu", Map.of("cpu.weight", "20", "cpu.max", "50000 100000"),
                "memory", Map.of("memory.max", "67108864"),
                "pids", Map.of("pids.max", "100")));
  }

  @Test
  void whatHasNoBoundIsNotWritten() {
    assertThat(PodBounds.files(new Resources(2, 0, 1_000), -1, true))
        .isEqualTo(
            Map.of("cpu", Map.of("cpu.weight", "1"), "memory", Map.of("memory.max", "1000")));
    assertThat(PodBounds.files(new Resources(2, 0, 0), 7, true))
        .isEqualTo(Map.of("pids", Map.of("pids.max", "7")));
    assertThat(PodBounds.files(new Resources(2, 0, 0), -1, true)).isEmpty();
  }
}
