// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// What one metric of an autoscaler shows now. Amounts are in thousandths.
sealed interface Reading {
  /// A figure of each pod, by the pod's name.
  record OfPods(Map<String, Figure> figures) implements Reading {}

  /// Figures that are of no pod.
  record Amounts(List<Long> milli) implements Reading {}

  /// It cannot be had.
  ///
  /// @param why in Kubernetes' words
  record Failed(String why) implements Reading {}

  /// @param window over which it was measured, up to `at`
  record Figure(long milli, Instant at, Duration window) {}
}
