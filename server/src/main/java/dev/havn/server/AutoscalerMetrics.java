// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.controllers.autoscaling.ScalingCounts;
import dev.havn.controllers.autoscaling.ScalingCounts.Series;
import java.util.List;

/// What autoscalers do, under the names of Kubernetes' controller-manager.
final class AutoscalerMetrics {
  private static final String OF = "horizontal_pod_autoscaler_controller_";

  private AutoscalerMetrics() {}

  static void write(MetricsText text, ScalingCounts counts) {
    series(
        text,
        OF + "reconciliations_total",
        "Looks at autoscalers.",
        OF + "reconciliation_duration_seconds",
        "How long a look at an autoscaler takes.",
        counts.reconciliations());
    series(
        text,
        OF + "metric_computation_total",
        "Looks at one metric of an autoscaler.",
        OF + "metric_computation_duration_seconds",
        "How long a look at one metric of an autoscaler takes.",
        counts.computations());
    String number = OF + "num_horizontal_pod_autoscalers";
    text.metric(number, "gauge", "Autoscalers there are.");
    text.sample(number, "", counts.autoscalers());
    String desired = OF + "desired_replicas";
    text.metric(desired, "gauge", "How many replicas an autoscaler wants.");
    counts
        .desired()
        .forEach(
            (key, replicas) ->
                text.sample(
                    desired,
                    "namespace=\"%s\",hpa_name=\"%s\"".formatted(key.namespace(), key.name()),
                    replicas));
  }

  private static void series(
      MetricsText text,
      String total,
      String totalHelp,
      String durations,
      String durationsHelp,
      List<Series> all) {
    text.metric(total, "counter", totalHelp);
    all.forEach(each -> text.sample(total, labels(each), each.counts().count()));
    text.metric(durations, "histogram", durationsHelp);
    all.forEach(each -> HistogramText.write(text, durations, labels(each), each.counts()));
  }

  private static String labels(Series of) {
    String labels = "action=\"%s\",error=\"%s\"".formatted(of.action(), of.error());
    return of.metricType().isEmpty() ? labels : labels + ",metric_type=\"" + of.metricType() + "\"";
  }
}
