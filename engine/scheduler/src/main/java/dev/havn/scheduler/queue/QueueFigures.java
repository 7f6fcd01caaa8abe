// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import java.util.Map;

/// A queue at a moment.
///
/// @param pending how many pods wait, by `active`, `backoff`, `unschedulable` and `gated`
/// @param refused how many of them were refused by a plugin when they were last looked at
/// @param arrivals since the start
public record QueueFigures(
    Map<String, Integer> pending, Map<Refused, Integer> refused, Map<Arrival, Long> arrivals) {

  /// @param profile the scheduler that the pods have chosen
  public record Refused(String plugin, String profile) {}

  /// @param queue `active`, `backoff` or `unschedulable`
  /// @param event what brought a pod there, in kube-scheduler's words, such as `NodeAdd`
  public record Arrival(String queue, String event) {}
}
