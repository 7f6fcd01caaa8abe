// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResizesTest {
  private static final Map<String, BigDecimal> CAPACITY =
      Map.of("cpu", BigDecimal.valueOf(2), "memory", BigDecimal.valueOf(1_000_000));

  private static Pod pod(String name, String phase, String cpu) {
    return GoldenPods.pod(
        """
        metadata: {name: %s, uid: %s}
        spec: {containers: [{name: c, resources: {requests: {cpu: %s}}}]}
        status: {phase: %s}
        """
            .formatted(name, name, cpu, phase));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "500m | Running | none | none",
        "1600m | Running | Deferred"
            + " | Node didn't have enough resource: cpu, requested: 1600, used: 500, capacity: 2000",
        "1600m | Succeeded | none | none",
        "2500m | Succeeded | Infeasible"
            + " | Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000",
      })
  void waitsForOthersOrForEver(String cpu, String phase, String reason, String message) {
    Pod pod = pod("it", "Running", cpu);
    PodStatusOf.Waiting pending =
        Resizes.pending(pod, List.of(pod, pod("other", phase, "500m")), CAPACITY);
    assertThat(pending).isEqualTo(reason == null ? null : new PodStatusOf.Waiting(reason, message));
  }
}
