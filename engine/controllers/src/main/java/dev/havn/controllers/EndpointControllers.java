// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.endpoints.Backends;
import dev.havn.controllers.endpoints.EndpointSliceReconciler;
import dev.havn.controllers.endpoints.EndpointsReconciler;
import dev.havn.controllers.endpoints.MirrorReconciler;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What tells which pods are behind a Service.
record EndpointControllers(Wiring wiring) {
  void add() {
    Informer<Service> services = wiring.informers().of(Service.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<EndpointSlice> slices = wiring.informers().of(EndpointSlice.class);
    Informer<Endpoints> endpoints = wiring.informers().of(Endpoints.class);
    Controller sliced =
        wiring.add(
            "endpoint_slice",
            new EndpointSliceReconciler(
                new EndpointSliceReconciler.Caches(
                    services, pods, wiring.informers().of(Node.class), slices),
                wiring.api("endpointslice-controller")),
            Wiring.WORKERS,
            services,
            pods,
            wiring.informers().of(Node.class),
            slices);
    Controller whole =
        wiring.add(
            "endpoint",
            new EndpointsReconciler(services, pods, endpoints, wiring.api("endpoint-controller")),
            Wiring.WORKERS,
            services,
            pods,
            endpoints);
    Wiring.watch(endpoints, whole);
    slices.onChange(
        (before, after) -> {
          @Nullable Key service =
              EndpointSliceReconciler.serviceOf(after == null ? Wiring.notNull(before) : after);
          if (service != null) {
            sliced.add(service);
          }
        });
    mirrors(endpoints, services, slices);
    for (Controller controller : List.of(sliced, whole)) {
      Wiring.watch(services, controller);
      pods.onChange(
          (before, after) -> {
            HasMetadata pod = after == null ? Wiring.notNull(before) : after;
            services.list(pod.getMetadata().getNamespace()).stream()
                .filter(each -> Backends.mayConcern(each, before, after))
                .forEach(each -> controller.add(Informer.keyOf(each)));
          });
    }
  }

  private void mirrors(
      Informer<Endpoints> endpoints, Informer<Service> services, Informer<EndpointSlice> slices) {
    Controller controller =
        wiring.add(
            "endpoint_slice_mirroring",
            new MirrorReconciler(
                endpoints, services, slices, wiring.api("endpointslicemirroring-controller")),
            1,
            endpoints,
            services,
            slices);
    Wiring.watch(endpoints, controller);
    Wiring.watch(services, controller);
    slices.onChange(
        (before, after) -> {
          @Nullable Key mirrored =
              MirrorReconciler.mirrored(after == null ? Wiring.notNull(before) : after);
          if (mirrored != null) {
            controller.add(mirrored);
          }
        });
  }
}
