// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Controller.Counts;
import dev.havn.reconcile.Controller.Times;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// Work queues, under the names that Kubernetes' components give theirs.
final class QueueMetrics {
  private static final String WAITS = "workqueue_queue_duration_seconds";
  private static final String WORKS = "workqueue_work_duration_seconds";
  private static final String UNFINISHED = "workqueue_unfinished_work_seconds";
  private static final String LONGEST = "workqueue_longest_running_processor_seconds";

  private QueueMetrics() {}

  static void write(MetricsText text, List<Counts> queues) {
    text.metric("workqueue_depth", "gauge", "Keys that wait in a work queue.");
    queues.forEach(each -> text.sample("workqueue_depth", name(each), each.depth()));
    text.metric("workqueue_adds_total", "counter", "Keys added to a work queue.");
    queues.forEach(each -> text.sample("workqueue_adds_total", name(each), each.adds()));
    text.metric("workqueue_retries_total", "counter", "Keys tried again after a failure.");
    queues.forEach(each -> text.sample("workqueue_retries_total", name(each), each.retries()));
    text.metric(WAITS, "histogram", "How long a key waits before it is worked on.");
    for (Counts each : queues) {
      @Nullable Times times = each.times();
      if (times != null) {
        HistogramText.write(text, WAITS, name(each), times.waits());
      }
    }
    text.metric(WORKS, "histogram", "How long a key is worked on.");
    for (Counts each : queues) {
      @Nullable Times times = each.times();
      if (times != null) {
        HistogramText.write(text, WORKS, name(each), times.works());
      }
    }
    text.metric(UNFINISHED, "gauge", "For how long keys have been worked on now, all together.");
    gauge(text, UNFINISHED, queues, Times::unfinishedSeconds);
    text.metric(LONGEST, "gauge", "For how long one key has been worked on now at most.");
    gauge(text, LONGEST, queues, Times::longestSeconds);
  }

  private static void gauge(
      MetricsText text, String metric, List<Counts> queues, ToDoubleFunction<Times> of) {
    for (Counts each : queues) {
      @Nullable Times times = each.times();
      if (times != null) {
        text.sample(metric, name(each), of.applyAsDouble(times));
      }
    }
  }

  private static String name(Controller.Counts queue) {
    return "name=\"" + queue.name() + "\"";
  }
}
