// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.scheduler.device.Grant;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what was decided: grants devices, binds volumes, then the pod. Runs outside of the
/// scheduler's lock, for many pods side by side.
///
/// @param events of the scheduler that a pod has chosen
/// @param failed takes a pod back that could not be given its node, and why
record Binder(
    ClaimBinding claims,
    DeviceCache devices,
    DeviceGrants grants,
    Reports reports,
    Function<PodFacts, SeriesEvents> events,
    BiConsumer<PodFacts, String> failed) {
  private static final Logger LOG = LoggerFactory.getLogger(Binder.class);

  /// Binds a pod, or has its volumes bound first; when they are, [#end] goes on.
  void carryOut(PodFacts pod, String node, BindingPlan plan, List<Grant> granted) {
    if (plan.isEmpty()) {
      if (grant(pod, granted)) {
        bind(pod, node);
      }
      return;
    }
    try {
      if (grant(pod, granted)) {
        claims.write(node, plan);
        reports.nominate(pod.pod(), node);
      }
    } catch (RuntimeException e) {
      failed.accept(pod, "running PreBind plugin \"VolumeBinding\": " + e.getMessage());
    }
  }

  /// Whether the pod's claims have their devices now, and are kept for it.
  private boolean grant(PodFacts pod, List<Grant> granted) {
    if (granted.isEmpty()) {
      return true;
    }
    try {
      grants.write(pod.pod(), granted);
      return true;
    } catch (RuntimeException e) {
      devices.release(granted);
      try {
        grants.takeBack(pod.pod(), granted);
      } finally {
        failed.accept(pod, "running PreBind plugin \"DynamicResources\": " + e.getMessage());
      }
      return false;
    }
  }

  /// A pod need not wait for its volumes any more. What goes wrong with one leaves the others as
  /// they are.
  void end(ClaimBinding.Ended ended) {
    try {
      if (ended.problem() == null) {
        bind(ended.pod(), ended.node());
      } else {
        failed.accept(ended.pod(), ended.problem());
      }
    } catch (RuntimeException e) {
      LOG.warn("what became of {} was not written", Informer.keyOf(ended.pod().pod()), e);
    }
  }

  private void bind(PodFacts pod, String node) {
    try {
      reports.bind(pod.pod(), node);
    } catch (RuntimeException e) {
      failed.accept(
          pod, "binding rejected: running Bind plugin \"DefaultBinder\": " + e.getMessage());
      return;
    }
    reports.scheduled(pod.pod(), node, events.apply(pod));
  }
}
