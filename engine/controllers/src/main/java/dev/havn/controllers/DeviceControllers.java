// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.devices.ClaimReconciler;
import dev.havn.controllers.devices.DeviceEviction;
import dev.havn.controllers.devices.PodClaimReconciler;
import dev.havn.controllers.devices.PodClaims;
import dev.havn.controllers.ranges.RangeReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.networking.v1.IPAddress;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDR;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is given out and comes back: devices to pods, ranges of addresses to Services.
record DeviceControllers(Wiring wiring) {
  /// @param manager may list templates of claims
  void add(Api manager) {
    claims(manager);
    ranges();
  }

  private void claims(Api manager) {
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<ResourceClaim> claims = wiring.informers().of(ResourceClaim.class);
    Index<Pod> users = pods.index("resource claim", DeviceControllers::claimsOf);
    Api api = wiring.api("resource-claim-controller");
    Controller ofPods =
        wiring.add(
            "resource_claim_pods",
            new PodClaimReconciler(
                pods, claims, manager, api, new Events(api, "resource_claim", "", wiring.clock())),
            Wiring.WORKERS,
            pods,
            claims);
    Controller controller =
        wiring.add(
            "resource_claim", new ClaimReconciler(claims, pods, api), Wiring.WORKERS, claims, pods);
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? Wiring.notNull(before) : after;
          if (!PodClaims.has(pod)) {
            return;
          }
          if (after != null) {
            ofPods.add(Informer.keyOf(after));
          }
          if (after == null || PodClaims.isDone(after)) {
            PodClaims.names(pod)
                .forEach(name -> controller.add(new Key(pod.getMetadata().getNamespace(), name)));
          }
        });
    Wiring.watch(claims, controller);
    evictions(pods, claims, users);
    claims.onChange(
        (before, after) ->
            of(users, after == null ? Wiring.notNull(before) : after).forEach(ofPods::add));
  }

  private void evictions(Informer<Pod> pods, Informer<ResourceClaim> claims, Index<Pod> users) {
    Informer<ResourceSlice> slices = wiring.informers().of(ResourceSlice.class);
    String name = "device-taint-eviction-controller";
    Api api = wiring.api(name);
    DeviceEviction eviction =
        new DeviceEviction(
            pods, claims, slices, api, new Events(api, name, "", wiring.clock()), wiring.clock());
    wiring.onLead(eviction::forget);
    Controller evictions = wiring.add("device_taint_eviction", eviction, Wiring.WORKERS);
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? Wiring.notNull(before) : after;
          if (PodClaims.has(pod)) {
            evictions.add(Informer.keyOf(pod));
          }
        });
    claims.onChange(
        (before, after) ->
            of(users, after == null ? Wiring.notNull(before) : after).forEach(evictions::add));
    slices.onChange(
        (before, after) -> {
          if (DeviceEviction.matters(before, after)) {
            ResourceSlice slice = after == null ? Wiring.notNull(before) : after;
            claims.list().stream()
                .filter(claim -> DeviceEviction.uses(claim, slice))
                .forEach(claim -> of(users, claim).forEach(evictions::add));
          }
        });
  }

  private static List<Key> of(Index<Pod> users, ResourceClaim claim) {
    Key key = Informer.keyOf(claim);
    return users.list(key.toString()).stream().map(Informer::keyOf).toList();
  }

  private static List<String> claimsOf(Pod pod) {
    String namespace = pod.getMetadata().getNamespace();
    return PodClaims.names(pod).stream().map(name -> new Key(namespace, name).toString()).toList();
  }

  private void ranges() {
    Informer<ServiceCIDR> ranges = wiring.informers().of(ServiceCIDR.class);
    Informer<IPAddress> addresses = wiring.informers().of(IPAddress.class);
    Controller controller =
        wiring.add(
            "ipaddresses",
            new RangeReconciler(
                ranges, addresses, wiring.api("service-cidrs-controller"), wiring.clock()),
            1,
            ranges,
            addresses);
    Wiring.watch(ranges, controller);
    ranges.onChange(
        (before, after) -> {
          @Nullable ServiceCIDR changed = before == null ? after : after == null ? before : null;
          if (changed != null) {
            ranges.list().stream()
                .filter(each -> RangeReconciler.overlap(each, changed))
                .forEach(each -> controller.add(Informer.keyOf(each)));
          }
        });
    addresses.onChange(
        (_, _) ->
            ranges.list().stream()
                .filter(each -> each.getMetadata().getDeletionTimestamp() != null)
                .forEach(each -> controller.add(Informer.keyOf(each))));
  }
}
