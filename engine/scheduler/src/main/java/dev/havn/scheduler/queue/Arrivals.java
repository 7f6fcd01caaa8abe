// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import dev.havn.scheduler.queue.QueueFigures.Arrival;
import dev.havn.scheduler.queue.QueuedPod.Place;
import java.util.HashMap;
import java.util.Map;

/// How often pods came to a place in the queue, and by what, in the words of kube-scheduler.
final class Arrivals {
  static final String ADDED = "UnschedulablePodAdd";
  static final String OPENED = "UnschedulablePodUpdatePodSchedulingGatesEliminated";
  static final String FAILED = "ScheduleAttemptFailure";
  static final String PAUSED_ENOUGH = "BackoffComplete";
  static final String FREE_HANDS = "PopFromBackoffQ";
  static final String ASKED_FOR = "ForceActivate";
  static final String WAITED_ENOUGH = "UnschedulableTimeout";

  private final Map<Arrival, Long> counts = new HashMap<>();

  void count(Place place, String event) {
    counts.merge(new Arrival(queue(place), event), 1L, Long::sum);
  }

  Map<Arrival, Long> counts() {
    return Map.copyOf(counts);
  }

  /// What kube-scheduler calls the place where a pod comes to; one whose gates are closed comes to
  /// those that cannot be placed.
  private static String queue(Place place) {
    return switch (place) {
      case ACTIVE, TAKEN -> "active";
      case BACKOFF, ERROR -> "backoff";
      case UNSCHEDULABLE, GATED -> "unschedulable";
    };
  }

  /// Under what a pod is counted that waits, empty for one that is being looked at.
  static String pending(Place place) {
    return switch (place) {
      case ACTIVE -> "active";
      case BACKOFF, ERROR -> "backoff";
      case UNSCHEDULABLE -> "unschedulable";
      case GATED -> "gated";
      case TAKEN -> "";
    };
  }
}
