// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.protection.ClaimPods;
import dev.havn.controllers.volumes.Binder;
import dev.havn.controllers.volumes.Binding;
import dev.havn.controllers.volumes.Disks;
import dev.havn.controllers.volumes.EphemeralClaims;
import dev.havn.controllers.volumes.Expansion;
import dev.havn.controllers.volumes.HostPathProvisioner;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import org.jspecify.annotations.Nullable;

/// What brings volumes and claims together.
record VolumeControllers(Wiring wiring) {
  /// @param disks of the nodes that this process runs
  void add(Disks disks) {
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Informer<PersistentVolume> volumes = wiring.informers().of(PersistentVolume.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    binder(claims, volumes, pods);
    expansion(claims, volumes);
    provisioner(
        new Binder.Caches(volumes, claims, wiring.informers().of(StorageClass.class), pods), disks);
    ephemeral(claims, pods);
  }

  private void binder(
      Informer<PersistentVolumeClaim> claims,
      Informer<PersistentVolume> volumes,
      Informer<Pod> pods) {
    Informer<StorageClass> classes = wiring.informers().of(StorageClass.class);
    Api api = wiring.api("persistent-volume-binder");
    Binder binder =
        new Binder(
            new Binder.Caches(volumes, claims, classes, pods),
            api,
            new Events(api, "persistentvolume-controller", "", wiring.clock()),
            wiring.clock());
    Controller controller = wiring.add("claims", binder, 1, volumes, claims, classes, pods);
    binder.onMore(controller::add);
    Wiring.watch(claims, controller);
    Wiring.watch(volumes, controller);
    claims.onChange(
        (before, after) -> {
          PersistentVolumeClaim claim = after == null ? Wiring.notNull(before) : after;
          binder.namers(claim).forEach(volume -> controller.add(Informer.keyOf(volume)));
        });
    volumes.onChange(
        (before, after) -> {
          PersistentVolume volume = after == null ? Wiring.notNull(before) : after;
          binder.concerned(volume).forEach(claim -> controller.add(Informer.keyOf(claim)));
        });
    classes.onChange(
        (_, _) ->
            claims.list().stream()
                .filter(Binding::isOpen)
                .forEach(claim -> controller.add(Informer.keyOf(claim))));
    pods.onChange(
        (before, after) -> {
          @Nullable Key recycled =
              Binder.recycledBy(after == null ? Wiring.notNull(before) : after);
          if (recycled != null) {
            controller.add(recycled);
          }
        });
  }

  private void provisioner(Binder.Caches caches, Disks disks) {
    Api api = wiring.api("persistent-volume-binder");
    Controller controller =
        wiring.add(
            "host_path_provisioner",
            new HostPathProvisioner(
                caches, disks, api, new Events(api, HostPathProvisioner.NAME, "", wiring.clock())),
            1,
            caches.volumes(),
            caches.claims(),
            caches.classes(),
            caches.pods());
    caches
        .claims()
        .onChange(
            (_, after) -> {
              if (after != null && HostPathProvisioner.concerns(after)) {
                controller.add(Informer.keyOf(after));
              }
            });
    caches
        .volumes()
        .onChange(
            (_, after) -> {
              if (after != null && HostPathProvisioner.concerns(after)) {
                controller.add(Informer.keyOf(after));
                // A claim that grows waits for its volume to say so.
                var claim = after.getSpec().getClaimRef();
                if (claim != null) {
                  controller.add(new Key(claim.getNamespace(), claim.getName()));
                }
              }
            });
  }

  private void expansion(
      Informer<PersistentVolumeClaim> claims, Informer<PersistentVolume> volumes) {
    Api api = wiring.api("expand-controller");
    Controller controller =
        wiring.add(
            "volume_expand",
            new Expansion(claims, volumes, new Events(api, "volume_expand", "", wiring.clock())),
            1,
            claims,
            volumes);
    claims.onChange(
        (before, after) -> {
          if (after != null && Expansion.grows(before, after)) {
            controller.add(Informer.keyOf(after));
          }
        });
  }

  private void ephemeral(Informer<PersistentVolumeClaim> claims, Informer<Pod> pods) {
    ClaimPods users = ClaimPods.of(pods);
    Api api = wiring.api("ephemeral-volume-controller");
    Controller controller =
        wiring.add(
            "ephemeral_volume",
            new EphemeralClaims(
                pods, claims, api, new Events(api, "ephemeral_volume", "", wiring.clock())),
            Wiring.WORKERS,
            pods,
            claims);
    pods.onChange(
        (before, after) -> {
          if (before == null && after != null && EphemeralClaims.concerns(after)) {
            controller.add(Informer.keyOf(after));
          }
        });
    claims.onChange(
        (before, after) -> {
          if (after == null && before != null) {
            String name = before.getMetadata().getName();
            users.of(before.getMetadata().getNamespace(), name).stream()
                .filter(EphemeralClaims::concerns)
                .forEach(pod -> controller.add(Informer.keyOf(pod)));
          }
        });
  }
}
