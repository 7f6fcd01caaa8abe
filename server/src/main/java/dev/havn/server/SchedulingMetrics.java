// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.reconcile.Histogram;
import dev.havn.scheduler.SchedulingFigures;
import dev.havn.scheduler.SchedulingFigures.Result;
import dev.havn.scheduler.queue.QueueFigures;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a scheduler does, under the names of kube-scheduler.
final class SchedulingMetrics {
  private static final String OF = "scheduler_";
  private static final Comparator<Result> RESULTS =
      Comparator.comparing(Result::profile).thenComparing(Result::result);

  private SchedulingMetrics() {}

  static void write(MetricsText text, SchedulingFigures figures) {
    attempts(text, figures);
    histogram(
        text,
        "scheduling_algorithm_duration_seconds",
        "How long finding a node for a pod takes.",
        figures.algorithm());
    String wait = OF + "pod_scheduling_sli_duration_seconds";
    text.metric(wait, "histogram", "How long pods wait for their node, all attempts included.");
    new TreeMap<>(figures.waits())
        .forEach(
            (tries, counts) ->
                HistogramText.write(text, wait, "attempts=\"" + tries + "\"", counts));
    histogram(
        text,
        "pod_scheduling_attempts",
        "How often pods are looked at until they have their node.",
        figures.tries());
    gauges(
        text, "pending_pods", "Pods without a node, by queue.", "queue", figures.queue().pending());
    arrivals(text, figures.queue());
    refused(text, figures.queue());
    String preemptions = OF + "preemption_attempts_total";
    text.metric(preemptions, "counter", "Looks for pods that could go for another one.");
    text.sample(preemptions, "", figures.preemptions());
    histogram(
        text, "preemption_victims", "How many pods have to go for another one.", figures.victims());
    gauges(text, "cache_size", "Nodes, pods, and pods not yet bound.", "type", figures.cached());
  }

  private static void attempts(MetricsText text, SchedulingFigures figures) {
    List<Map.Entry<Result, Histogram.Counts>> attempts =
        figures.attempts().entrySet().stream().sorted(Map.Entry.comparingByKey(RESULTS)).toList();
    String total = OF + "schedule_attempts_total";
    text.metric(total, "counter", "Attempts to give a pod a node, by what came of them.");
    attempts.forEach(each -> text.sample(total, labels(each.getKey()), each.getValue().count()));
    String took = OF + "scheduling_attempt_duration_seconds";
    text.metric(took, "histogram", "How long an attempt takes, binding included.");
    attempts.forEach(
        each -> HistogramText.write(text, took, labels(each.getKey()), each.getValue()));
  }

  private static String labels(Result of) {
    return "profile=\"%s\",result=\"%s\"".formatted(of.profile(), of.result());
  }

  private static void arrivals(MetricsText text, QueueFigures queue) {
    String name = OF + "queue_incoming_pods_total";
    text.metric(name, "counter", "Pods that came to a queue, by what brought them there.");
    Map<String, Long> lines = new TreeMap<>();
    queue
        .arrivals()
        .forEach(
            (each, count) ->
                lines.put(
                    "event=\"%s\",queue=\"%s\"".formatted(each.event(), each.queue()), count));
    lines.forEach((labels, count) -> text.sample(name, labels, count));
  }

  private static void refused(MetricsText text, QueueFigures queue) {
    String name = OF + "unschedulable_pods";
    text.metric(name, "gauge", "Pods that wait since a plugin refused them.");
    Map<String, Integer> lines = new TreeMap<>();
    queue
        .refused()
        .forEach(
            (each, count) ->
                lines.put(
                    "plugin=\"%s\",profile=\"%s\"".formatted(each.plugin(), each.profile()),
                    count));
    lines.forEach((labels, count) -> text.sample(name, labels, count));
  }

  private static void gauges(
      MetricsText text, String metric, String help, String label, Map<String, Integer> values) {
    text.metric(OF + metric, "gauge", help);
    new TreeMap<>(values)
        .forEach((value, count) -> text.sample(OF + metric, label + "=\"" + value + "\"", count));
  }

  private static void histogram(
      MetricsText text, String metric, String help, Histogram.Counts counts) {
    text.metric(OF + metric, "histogram", help);
    HistogramText.write(text, OF + metric, "", counts);
  }
}
