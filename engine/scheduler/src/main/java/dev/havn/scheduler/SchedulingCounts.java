// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Histogram;
import dev.havn.scheduler.SchedulingFigures.Result;
import dev.havn.scheduler.queue.QueueFigures;
import dev.havn.scheduler.queue.QueuedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Counts how pods are looked at and what comes of it, as kube-scheduler does.
///
/// Not safe for several threads: the scheduler's lock guards it.
final class SchedulingCounts {
  private static final List<Double> DECISION_BOUNDS = Histogram.growing(0.001, 2, 15);
  private static final List<Double> WAIT_BOUNDS = Histogram.growing(0.01, 2, 20);
  private static final List<Double> TRIES_BOUNDS = Histogram.growing(1, 2, 5);
  private static final List<Double> VICTIMS_BOUNDS = Histogram.growing(1, 2, 7);

  /// From here on they are not told apart.
  private static final int TRIES_TOLD_MAX = 15;

  private final Map<String, Tries> pods = new HashMap<>();
  private final Map<Result, Histogram> attempts = new HashMap<>();
  private final Histogram algorithm = new Histogram(DECISION_BOUNDS);
  private final Map<String, Histogram> waits = new HashMap<>();
  private final Histogram tries = new Histogram(TRIES_BOUNDS);
  private final Histogram victims = new Histogram(VICTIMS_BOUNDS);
  private long preemptions;

  /// Of one pod that has no node yet.
  private static final class Tries {
    private final Instant since;
    private String profile;
    private @Nullable Instant began;
    private boolean isPlaced;
    private int count;

    Tries(Instant since, String profile) {
      this.since = since;
      this.profile = profile;
    }
  }

  /// A pod is looked at.
  void begin(QueuedPod pod, String profile, Instant now) {
    Tries of = pods.computeIfAbsent(pod.facts().uid(), _ -> new Tries(pod.since(), profile));
    of.profile = profile;
    of.began = now;
    of.isPlaced = false;
    of.count++;
  }

  /// A node is found.
  void placed(String uid, Instant now) {
    @Nullable Tries of = pods.get(uid);
    if (of != null && of.began != null) {
      of.isPlaced = true;
      algorithm.record(Duration.between(of.began, now));
    }
  }

  /// It is bound to the node.
  void scheduled(String uid, Instant now) {
    @Nullable Tries of = pods.remove(uid);
    if (of != null && of.began != null) {
      attempt("scheduled", of, Duration.between(of.began, now));
      tries.record(of.count);
      String told = of.count < TRIES_TOLD_MAX ? Integer.toString(of.count) : TRIES_TOLD_MAX + "+";
      waits
          .computeIfAbsent(told, _ -> new Histogram(WAIT_BOUNDS))
          .record(Duration.between(of.since, now));
    }
  }

  /// It fits nowhere.
  ///
  /// @param looked whether it was looked who could go for it
  void refused(String uid, boolean looked, Instant now) {
    preemptions += looked ? 1 : 0;
    end("unschedulable", uid, now);
  }

  /// It could not be looked at, or not be given the node that was found. Nothing when what came of
  /// it is counted already.
  void failed(String uid, Instant now) {
    end("error", uid, now);
  }

  private void end(String result, String uid, Instant now) {
    @Nullable Tries of = pods.get(uid);
    if (of != null && of.began != null) {
      Duration took = Duration.between(of.began, now);
      attempt(result, of, took);
      if (!of.isPlaced) {
        algorithm.record(took);
      }
      of.began = null;
      of.isPlaced = false;
    }
  }

  private void attempt(String result, Tries of, Duration took) {
    attempts
        .computeIfAbsent(new Result(result, of.profile), _ -> new Histogram(DECISION_BOUNDS))
        .record(took);
  }

  /// Others have to go for it.
  void preempted(int count) {
    victims.record(count);
  }

  /// A pod is gone, or others have given it a node.
  void forget(String uid) {
    pods.remove(uid);
  }

  /// @param placed how many pods have a node, bound or not
  SchedulingFigures figures(int nodes, int placed, QueueFigures queue) {
    int assumed = (int) pods.values().stream().filter(each -> each.isPlaced).count();
    return new SchedulingFigures(
        counts(attempts),
        algorithm.counts(),
        counts(waits),
        tries.counts(),
        preemptions,
        victims.counts(),
        Map.of("nodes", nodes, "pods", placed, "assumed_pods", assumed),
        queue);
  }

  private static <K> Map<K, Histogram.Counts> counts(Map<K, Histogram> all) {
    return all.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().counts()));
  }
}
