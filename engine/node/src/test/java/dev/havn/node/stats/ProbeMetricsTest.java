// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.pod.ProbeCountsFixture;
import org.junit.jupiter.api.Test;

class ProbeMetricsTest {
  private static final String LABELS = "container=\"c\",namespace=\"n\",pod=\"p\",";

  @Test
  void probesAreCountedByTheirResultsAndTimes() {
    ProbeCounts counts = new ProbeCounts();
    ProbeCountsFixture.add(counts, "u", true, 3);
    ProbeCountsFixture.add(counts, "u", true, 300);
    ProbeCountsFixture.add(counts, "u", false, 20_000);
    assertThat(ProbeMetrics.of(counts).lines())
        .contains(
            "# TYPE prober_probe_duration_seconds histogram",
            "prober_probe_duration_seconds_bucket{"
                + "container=\"c\",le=\"0.005\",namespace=\"n\",pod=\"p\",probe_type=\"Liveness\"} 1",
            "prober_probe_duration_seconds_bucket{"
                + "container=\"c\",le=\"10\",namespace=\"n\",pod=\"p\",probe_type=\"Liveness\"} 2",
            "prober_probe_duration_seconds_bucket{"
                + "container=\"c\",le=\"+Inf\",namespace=\"n\",pod=\"p\",probe_type=\"Liveness\"} 3",
            "prober_probe_duration_seconds_sum{" + LABELS + "probe_type=\"Liveness\"} 20.303",
            "prober_probe_duration_seconds_count{" + LABELS + "probe_type=\"Liveness\"} 3",
            "prober_probe_total{"
                + LABELS
                + "pod_uid=\"u\",probe_type=\"Liveness\",result=\"successful\"} 2",
            "prober_probe_total{"
                + LABELS
                + "pod_uid=\"u\",probe_type=\"Liveness\",result=\"failed\"} 1");
    ProbeCountsFixture.forget(counts, "u");
    assertThat(ProbeMetrics.of(counts)).isEmpty();
  }
}
