// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.device.ExtendedClaim;
import dev.havn.scheduler.extender.ExtenderException;
import dev.havn.scheduler.extender.Extenders;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what was decided: grants devices, binds volumes, then the pod. Runs outside of the
/// scheduler's lock, for many pods side by side.
///
/// @param extenders may bind pods in the scheduler's place
/// @param events of the scheduler that a pod has chosen
/// @param bound is told of pods that have their node
/// @param kept is told of pods whose devices are waited for, with the claims that are kept for them
/// @param failed takes a pod back that could not be given its node, and why
record Binder(
    ClaimBinding claims,
    DeviceCache devices,
    DeviceGrants grants,
    Reports reports,
    Extenders extenders,
    Function<PodFacts, SeriesEvents> events,
    Consumer<PodFacts> bound,
    BiConsumer<PodFacts, List<ResourceClaim>> kept,
    BiConsumer<PodFacts, String> failed) {
  private static final Logger LOG = LoggerFactory.getLogger(Binder.class);

  /// Binds a pod, or has its volumes bound and its devices made ready first; when they are, [#end]
  /// goes on.
  void carryOut(PodFacts pod, String node, BindingPlan plan, DevicePlan ofDevices) {
    List<ResourceClaim> held = new ArrayList<>(ofDevices.claims());
    if (!grant(pod, ofDevices, held)) {
      return;
    }
    if (plan.isEmpty() && !ofDevices.waits()) {
      bind(pod, node);
      return;
    }
    if (!plan.isEmpty() && !bindVolumes(pod, node, plan)) {
      return;
    }
    if (ofDevices.waits()) {
      awaitDevices(pod, node, held);
    }
  }

  private void awaitDevices(PodFacts pod, String node, List<ResourceClaim> held) {
    try {
      reports.nominate(pod.pod(), node);
    } catch (RuntimeException e) {
      giveUp(pod, "running PreBind plugin \"DynamicResources\": " + e.getMessage(), held);
      return;
    }
    reports.waitsForDevices(pod.pod(), node, events.apply(pod));
    kept.accept(pod, held);
  }

  private boolean bindVolumes(PodFacts pod, String node, BindingPlan plan) {
    try {
      claims.write(node, plan);
      reports.nominate(pod.pod(), node);
      return true;
    } catch (RuntimeException e) {
      failed.accept(pod, "running PreBind plugin \"VolumeBinding\": " + e.getMessage());
      return false;
    }
  }

  /// Whether the pod's claims have their devices now, and are kept for it.
  ///
  /// @param held gets the claim that was made for the pod
  private boolean grant(PodFacts pod, DevicePlan plan, List<ResourceClaim> held) {
    if (plan.grants().isEmpty()) {
      return true;
    }
    List<ResourceClaim> written = new ArrayList<>();
    try {
      grants.write(pod.pod(), plan, written);
      written.stream().filter(ExtendedClaim::isOne).forEach(held::add);
      return true;
    } catch (RuntimeException e) {
      devices.release(plan.grants(), written);
      try {
        grants.takeBack(pod.pod(), written);
      } finally {
        failed.accept(pod, "running PreBind plugin \"DynamicResources\": " + e.getMessage());
      }
      return false;
    }
  }

  /// A pod need not wait for its volumes and devices any more. What goes wrong with one leaves the
  /// others as they are.
  void end(ClaimBinding.Ended ended) {
    try {
      if (ended.problem() == null) {
        bind(ended.pod(), ended.node());
      } else {
        giveUp(ended.pod(), ended.problem(), ended.claims());
      }
    } catch (RuntimeException e) {
      LOG.warn("what became of {} was not written", Informer.keyOf(ended.pod().pod()), e);
    }
  }

  private void giveUp(PodFacts pod, String problem, List<ResourceClaim> kept) {
    try {
      grants.takeBack(pod.pod(), kept);
    } finally {
      failed.accept(pod, problem);
    }
  }

  private void bind(PodFacts pod, String node) {
    try {
      if (!extenders.bind(pod.pod(), node)) {
        reports.bind(pod.pod(), node);
      }
    } catch (ExtenderException e) {
      failed.accept(pod, String.valueOf(e.getMessage()));
      return;
    } catch (RuntimeException e) {
      failed.accept(pod, "running Bind plugin \"DefaultBinder\": " + e.getMessage());
      return;
    }
    bound.accept(pod);
    reports.scheduled(pod.pod(), node, events.apply(pod));
  }
}
