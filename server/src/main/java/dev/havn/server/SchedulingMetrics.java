// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.reconcile.Histogram;
import dev.havn.scheduler.SchedulingFigures;
import dev.havn.scheduler.SchedulingFigures.Result;
import dev.havn.scheduler.queue.QueueFigures;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/// What a scheduler does, under the names of kube-scheduler.
final class SchedulingMetrics {
  private static final String OF = "scheduler_";

  private SchedulingMetrics() {}

  static void write(MetricsText text, SchedulingFigures figures) {
    counts(
        text,
        "schedule_attempts_total",
        "Attempts to give a pod a node, by what came of them.",
        figures.attempts(),
        SchedulingMetrics::labels);
    histograms(
        text,
        "scheduling_attempt_duration_seconds",
        "How long an attempt takes, binding included.",
        figures.attempts(),
        SchedulingMetrics::labels);
    histogram(
        text,
        "scheduling_algorithm_duration_seconds",
        "How long finding a node for a pod takes.",
        figures.algorithm());
    histograms(
        text,
        "pod_scheduling_sli_duration_seconds",
        "How long pods wait for their node, all attempts included.",
        figures.waits(),
        tries -> "attempts=\"" + tries + "\"");
    histogram(
        text,
        "pod_scheduling_attempts",
        "How often pods are looked at until they have their node.",
        figures.tries());
    queue(text, figures.queue());
    String preemptions = OF + "preemption_attempts_total";
    text.metric(preemptions, "counter", "Looks for pods that could go for another one.");
    text.sample(preemptions, "", figures.preemptions());
    histogram(
        text, "preemption_victims", "How many pods have to go for another one.", figures.victims());
    numbers(
        text,
        new Metric("cache_size", "gauge", "Nodes, pods, and pods not yet bound."),
        figures.cached(),
        type -> "type=\"" + type + "\"");
  }

  private static void queue(MetricsText text, QueueFigures queue) {
    numbers(
        text,
        new Metric("pending_pods", "gauge", "Pods without a node, by queue."),
        queue.pending(),
        each -> "queue=\"" + each + "\"");
    numbers(
        text,
        new Metric(
            "queue_incoming_pods_total",
            "counter",
            "Pods that came to a queue, by what brought them there."),
        queue.arrivals(),
        each -> "event=\"%s\",queue=\"%s\"".formatted(each.event(), each.queue()));
    numbers(
        text,
        new Metric("unschedulable_pods", "gauge", "Pods that wait since a plugin refused them."),
        queue.refused(),
        each -> "plugin=\"%s\",profile=\"%s\"".formatted(each.plugin(), each.profile()));
  }

  private static String labels(Result of) {
    return "profile=\"%s\",result=\"%s\"".formatted(of.profile(), of.result());
  }

  /// @param name without what those of all schedulers begin with
  private record Metric(String name, String type, String help) {}

  private static <K> void counts(
      MetricsText text,
      String name,
      String help,
      Map<K, Histogram.Counts> values,
      Function<K, String> labels) {
    Map<K, Long> counts = new HashMap<>();
    values.forEach((each, value) -> counts.put(each, value.count()));
    numbers(text, new Metric(name, "counter", help), counts, labels);
  }

  private static <K, N extends Number> void numbers(
      MetricsText text, Metric metric, Map<K, N> values, Function<K, String> labels) {
    write(
        text,
        metric,
        values,
        labels,
        (name, each, value) -> text.sample(name, each, value.longValue()));
  }

  private static void histogram(
      MetricsText text, String name, String help, Histogram.Counts counts) {
    histograms(text, name, help, Map.of("", counts), Function.identity());
  }

  private static <K> void histograms(
      MetricsText text,
      String name,
      String help,
      Map<K, Histogram.Counts> values,
      Function<K, String> labels) {
    write(
        text,
        new Metric(name, "histogram", help),
        values,
        labels,
        (full, each, counts) -> HistogramText.write(text, full, each, counts));
  }

  @FunctionalInterface
  private interface Lines<V> {
    void of(String name, String labels, V value);
  }

  /// In the order of the labels, the same at each look.
  private static <K, V> void write(
      MetricsText text,
      Metric metric,
      Map<K, V> values,
      Function<K, String> labels,
      Lines<V> lines) {
    String name = OF + metric.name();
    text.metric(name, metric.type(), metric.help());
    Map<String, V> sorted = new TreeMap<>();
    values.forEach((each, value) -> sorted.put(labels.apply(each), value));
    sorted.forEach((each, value) -> lines.of(name, each, value));
  }
}
