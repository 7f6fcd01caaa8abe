// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.endpoints.Backends;
import dev.havn.controllers.endpoints.EndpointSliceReconciler;
import dev.havn.controllers.endpoints.EndpointsReconciler;
import dev.havn.controllers.endpoints.MirrorReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Doubling;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What tells which pods are behind a Service.
record EndpointControllers(Wiring wiring) {
  /// Longer than others' from the beginning, as in Kubernetes: what is to be written is read by all
  /// nodes.
  private static final Doubling SLICE_PAUSES =
      new Doubling(Duration.ofSeconds(1), Duration.ofSeconds(1_000));

  private static final Doubling MIRROR_PAUSES =
      new Doubling(Duration.ofSeconds(1), Duration.ofSeconds(100));

  void add() {
    Informer<Service> services = wiring.informers().of(Service.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<EndpointSlice> slices = wiring.informers().of(EndpointSlice.class);
    Informer<Endpoints> endpoints = wiring.informers().of(Endpoints.class);
    mirrors(endpoints, services, slices);
    for (Controller controller :
        List.of(slices(services, pods, slices), whole(services, pods, endpoints))) {
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

  private Controller slices(
      Informer<Service> services, Informer<Pod> pods, Informer<EndpointSlice> slices) {
    Informer<Node> nodes = wiring.informers().of(Node.class);
    Api api = wiring.api("endpointslice-controller");
    EndpointSliceReconciler reconciler =
        new EndpointSliceReconciler(
            new EndpointSliceReconciler.Caches(services, pods, nodes, slices),
            api,
            new Events(api, "endpoint-slice-controller", "", wiring.clock()));
    Controller controller =
        wiring.add(
            "endpoint_slice",
            reconciler,
            Wiring.WORKERS,
            SLICE_PAUSES,
            services,
            pods,
            nodes,
            slices);
    nodes.onChange(
        (before, after) -> reconciler.concernedBy(before, after).forEach(controller::add));
    slices.onChange(
        (before, after) -> {
          @Nullable Key service =
              EndpointSliceReconciler.serviceOf(after == null ? Wiring.notNull(before) : after);
          if (service != null) {
            controller.add(service);
          }
        });
    return controller;
  }

  private Controller whole(
      Informer<Service> services, Informer<Pod> pods, Informer<Endpoints> endpoints) {
    Api api = wiring.api("endpoint-controller");
    EndpointsReconciler reconciler =
        new EndpointsReconciler(
            services,
            pods,
            endpoints,
            api,
            new Events(api, "endpoint-controller", "", wiring.clock()),
            EndpointsReconciler.ADDRESSES_MAX);
    services.onChange(
        (before, after) -> {
          if (after == null) {
            reconciler.serviceIsGone(Informer.keyOf(Wiring.notNull(before)));
          }
        });
    Controller controller =
        wiring.add("endpoint", reconciler, Wiring.WORKERS, services, pods, endpoints);
    Wiring.watch(endpoints, controller);
    return controller;
  }

  private void mirrors(
      Informer<Endpoints> endpoints, Informer<Service> services, Informer<EndpointSlice> slices) {
    Api api = wiring.api("endpointslicemirroring-controller");
    Controller controller =
        wiring.add(
            "endpoint_slice_mirroring",
            new MirrorReconciler(
                endpoints,
                services,
                slices,
                api,
                new Events(api, "endpoint-slice-mirroring-controller", "", wiring.clock())),
            1,
            MIRROR_PAUSES,
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
