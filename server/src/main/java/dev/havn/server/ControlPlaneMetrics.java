// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.MetricsText;
import dev.havn.controllers.Controllers;
import dev.havn.scheduler.Scheduler;

/// What the parts of the control plane that watch the API have done.
final class ControlPlaneMetrics {
  private ControlPlaneMetrics() {}

  static void write(MetricsText text, Controllers controllers, Scheduler scheduler) {
    AutoscalerMetrics.write(text, controllers.scaling());
    SchedulingMetrics.write(text, scheduler.figures());
  }
}
