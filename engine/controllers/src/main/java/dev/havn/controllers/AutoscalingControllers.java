// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.autoscaling.AutoscalerReconciler;
import dev.havn.controllers.autoscaling.ScalingCounts;
import dev.havn.controllers.autoscaling.ScalingOptions;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;

/// What changes numbers of replicas by metrics.
record AutoscalingControllers(Wiring wiring) {
  /// @return what they do, counted
  ScalingCounts add() {
    ScalingCounts counts = new ScalingCounts();
    ScalingOptions options = wiring.options().scaling();
    Informer<HorizontalPodAutoscaler> autoscalers =
        wiring.informers().of(HorizontalPodAutoscaler.class);
    Api api = wiring.api("horizontal-pod-autoscaler");
    Controller controller =
        wiring.add(
            "horizontalpodautoscaler",
            new AutoscalerReconciler(
                autoscalers,
                wiring.informers().podOutlines(),
                api,
                new Events(api, "horizontal-pod-autoscaler", "", wiring.clock()),
                wiring.clock(),
                counts,
                options),
            Wiring.WORKERS,
            autoscalers,
            wiring.informers().podOutlines());
    // A change is looked at when its turn comes: metrics need time to follow.
    autoscalers.onChange(
        (before, after) -> {
          if (after == null) {
            counts.forget(Informer.keyOf(Wiring.notNull(before)));
            controller.add(Informer.keyOf(Wiring.notNull(before)));
          } else {
            counts.knows(Informer.keyOf(after));
            controller.addAfter(Informer.keyOf(after), options.period());
          }
        });
    return counts;
  }
}
