// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.pod.ProbeCounts.Of;
import dev.havn.node.pod.ProbeCounts.Series;
import java.util.Map;

/// `/metrics/probes` of a kubelet.
final class ProbeMetrics {
  private static final String TOTAL = "prober_probe_total";
  private static final String DURATION = "prober_probe_duration_seconds";

  private ProbeMetrics() {}

  static String of(ProbeCounts counts) {
    MetricLines lines =
        new MetricLines()
            .metric(DURATION, "histogram", "How long a probe took, in seconds.")
            .metric(TOTAL, "counter", "How often a probe of a container gave each result.");
    for (Map.Entry<Of, Series> each : counts.all().entrySet()) {
      Series series = each.getValue();
      total(lines, each.getKey(), "successful", series.successful());
      total(lines, each.getKey(), "failed", series.failed());
      durations(lines, each.getKey(), series);
    }
    return lines.toString();
  }

  private static void total(MetricLines lines, Of of, String result, long count) {
    if (count > 0) {
      lines.add(
          TOTAL,
          count,
          "container",
          of.container(),
          "namespace",
          of.namespace(),
          "pod",
          of.pod(),
          "pod_uid",
          of.uid(),
          "probe_type",
          of.type(),
          "result",
          result);
    }
  }

  private static void durations(MetricLines lines, Of of, Series series) {
    for (int i = 0; i < ProbeCounts.BOUNDS.size(); i++) {
      double bound = ProbeCounts.BOUNDS.get(i);
      String text =
          bound == Math.rint(bound) ? String.valueOf((long) bound) : String.valueOf(bound);
      lines.addPart(DURATION, "_bucket", series.within().get(i), labels(of, "le", text));
    }
    lines.addPart(DURATION, "_bucket", series.count(), labels(of, "le", "+Inf"));
    lines.addPart(DURATION, "_sum", series.seconds(), labels(of));
    lines.addPart(DURATION, "_count", series.count(), labels(of));
  }

  private static String[] labels(Of of, String... more) {
    String[] own = {
      "container",
      of.container(),
      "namespace",
      of.namespace(),
      "pod",
      of.pod(),
      "probe_type",
      of.type()
    };
    String[] all = java.util.Arrays.copyOf(own, own.length + more.length);
    System.arraycopy(more, 0, all, own.length, more.length);
    return all;
  }
}
