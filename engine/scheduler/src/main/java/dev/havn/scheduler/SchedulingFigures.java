// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Histogram;
import dev.havn.scheduler.queue.QueueFigures;
import java.util.Map;

/// What a scheduler did until now, and what waits: what kube-scheduler's metrics tell.
///
/// @param attempts how long looking at a pod took with all that follows, by what came of it
/// @param algorithm the part of it in which a node is found
/// @param waits of pods that got a node, since they could first be looked at; by how often they
///   were, up to `15+`
/// @param tries how often pods were looked at that got a node
/// @param preemptions how often it was looked whether others could go
/// @param victims how many had to, each time that some had
/// @param cached how many `nodes`, `pods` with a node and, of these, `assumed_pods` not yet bound
public record SchedulingFigures(
    Map<Result, Histogram.Counts> attempts,
    Histogram.Counts algorithm,
    Map<String, Histogram.Counts> waits,
    Histogram.Counts tries,
    long preemptions,
    Histogram.Counts victims,
    Map<String, Integer> cached,
    QueueFigures queue) {

  /// @param result `scheduled`, `unschedulable` or `error`
  /// @param profile the scheduler that the pods have chosen
  public record Result(String result, String profile) {}
}
