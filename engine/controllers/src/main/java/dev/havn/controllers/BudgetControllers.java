// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.disruption.BudgetReconciler;
import dev.havn.controllers.disruption.Scales;
import dev.havn.controllers.garbage.GarbageCollector;
import dev.havn.controllers.quota.DeviceClaims;
import dev.havn.controllers.quota.QuotaReconciler;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What counts against bounds: quotas and disruption budgets.
///
/// @param collector counts the objects of all kinds
record BudgetControllers(Wiring wiring, GarbageCollector collector) {
  /// Every charge is looked at again when the caches show what it was for, and what is written then
  /// is looked at again, too: whatever a count from caches that lagged has forgotten is found by
  /// the last one.
  private static final Duration CACHES_CATCH_UP = Duration.ofSeconds(1);

  void addQuotas() {
    Informer<ResourceQuota> quotas = wiring.informers().of(ResourceQuota.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<Service> services = wiring.informers().of(Service.class);
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Informer<ResourceClaim> devices = wiring.informers().of(ResourceClaim.class);
    Informer<DeviceClass> kinds = wiring.informers().of(DeviceClass.class);
    Controller controller =
        wiring.add(
            "resourcequota",
            new QuotaReconciler(
                new QuotaReconciler.Caches(
                    quotas,
                    pods,
                    services,
                    claims,
                    new DeviceClaims(devices, kinds, pods),
                    collector),
                wiring.api("resourcequota-controller")),
            Wiring.WORKERS,
            quotas,
            pods,
            services,
            claims,
            devices,
            kinds);
    watch(quotas, controller);
    Consumer<String> gone =
        namespace -> quotas.list(namespace).forEach(quota -> controller.add(Informer.keyOf(quota)));
    collector.onGone(gone);
    pods.onChange(
        (before, after) -> {
          if (before != null && (after == null || usesLess(before, after))) {
            gone.accept(before.getMetadata().getNamespace());
          }
        });
    services.onChange((before, after) -> givesBack(before, after, Service::getSpec, gone));
    claims.onChange(
        (before, after) -> givesBack(before, after, PersistentVolumeClaim::getSpec, gone));
    devices.onChange((before, after) -> givesBack(before, after, ResourceClaim::getSpec, gone));
  }

  private static void watch(Informer<ResourceQuota> quotas, Controller controller) {
    quotas.onChange(
        (before, after) -> {
          if (after == null) {
            return;
          }
          if (before == null || !Objects.equals(before.getSpec(), after.getSpec())) {
            controller.add(Informer.keyOf(after));
          } else {
            controller.addAfter(Informer.keyOf(after), CACHES_CATCH_UP);
          }
        });
  }

  /// What has no other state than its spec gives something back when it goes or is changed.
  private static <T extends HasMetadata> void givesBack(
      @Nullable T before, @Nullable T after, Function<T, Object> spec, Consumer<String> gone) {
    if (before != null
        && (after == null || !Objects.equals(spec.apply(before), spec.apply(after)))) {
      gone.accept(before.getMetadata().getNamespace());
    }
  }

  /// Whether a pod gives back some of what it took. What is taken is counted at admission, at once:
  /// counting it again from caches that lag behind would forget what has just been taken.
  static boolean usesLess(Pod before, Pod after) {
    return PodState.isFinished(after) != PodState.isFinished(before)
        || !bounds(after.getSpec()).equals(bounds(before.getSpec()));
  }

  /// What may change of a pod's use. That it gets a node says nothing about it, and comes while
  /// others of its kind are being made.
  private static List<Object> bounds(PodSpec spec) {
    return Arrays.asList(spec.getResources(), spec.getContainers(), spec.getInitContainers());
  }

  void addDisruptions() {
    Informer<PodDisruptionBudget> budgets = wiring.informers().of(PodDisruptionBudget.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Api api = wiring.api("disruption-controller");
    Controller controller =
        wiring.add(
            "disruption",
            new BudgetReconciler(
                budgets,
                pods,
                new Scales(api),
                api,
                new Events(api, "controllermanager", "", wiring.clock()),
                wiring.clock()),
            1,
            budgets,
            pods);
    Wiring.watch(budgets, controller);
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? Wiring.notNull(before) : after;
          budgets.list(pod.getMetadata().getNamespace()).stream()
              .filter(
                  budget ->
                      BudgetReconciler.selects(budget, pod)
                          || (before != null && BudgetReconciler.selects(budget, before)))
              .forEach(budget -> controller.add(Informer.keyOf(budget)));
        });
  }
}
