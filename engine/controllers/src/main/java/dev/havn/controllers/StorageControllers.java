// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.protection.ClaimUse;
import dev.havn.controllers.protection.ProtectionReconciler;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.VolumeAttributesClass;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// What keeps storage objects that are deleted until nobody uses them.
record StorageControllers(Wiring wiring) {
  private static final String BOUND = "Bound";

  void add() {
    claims();
    volumes();
    classes();
  }

  private void claims() {
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Controller controller =
        wiring.add(
            "pvcprotection",
            new ProtectionReconciler<>(
                new ProtectionReconciler.Kind<>(
                    PersistentVolumeClaim.class,
                    "kubernetes.io/pvc-protection",
                    new ClaimUse(pods, wiring.api("pvc-protection-controller"))),
                claims,
                wiring.api("pvc-protection-controller")),
            1,
            claims,
            pods);
    Wiring.watch(claims, controller);
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? Wiring.notNull(before) : after;
          for (String name : ClaimUse.names(pod)) {
            controller.add(new Key(pod.getMetadata().getNamespace(), name));
          }
        });
  }

  private void volumes() {
    Informer<PersistentVolume> volumes = wiring.informers().of(PersistentVolume.class);
    Controller controller =
        wiring.add(
            "pvprotection",
            new ProtectionReconciler<>(
                new ProtectionReconciler.Kind<>(
                    PersistentVolume.class,
                    "kubernetes.io/pv-protection",
                    volume ->
                        volume.getStatus() != null && BOUND.equals(volume.getStatus().getPhase())),
                volumes,
                wiring.api("pv-protection-controller")),
            1,
            volumes);
    Wiring.watch(volumes, controller);
  }

  private void classes() {
    Informer<VolumeAttributesClass> classes = wiring.informers().of(VolumeAttributesClass.class);
    Informer<PersistentVolume> volumes = wiring.informers().of(PersistentVolume.class);
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Controller controller =
        wiring.add(
            "vacprotection",
            new ProtectionReconciler<>(
                new ProtectionReconciler.Kind<>(
                    VolumeAttributesClass.class,
                    "kubernetes.io/vac-protection",
                    each ->
                        volumes.list().stream()
                                .anyMatch(volume -> named(volume).contains(name(each)))
                            || claims.list().stream()
                                .anyMatch(claim -> named(claim).contains(name(each)))),
                classes,
                wiring.api("volumeattributesclass-protection-controller")),
            1,
            classes,
            volumes,
            claims);
    Wiring.watch(classes, controller);
    volumes.onChange(
        (before, _) -> {
          if (before != null) {
            named(before).forEach(name -> controller.add(new Key("", name)));
          }
        });
    claims.onChange(
        (before, _) -> {
          if (before != null) {
            named(before).forEach(name -> controller.add(new Key("", name)));
          }
        });
  }

  private static String name(VolumeAttributesClass each) {
    return each.getMetadata().getName();
  }

  private static List<String> named(PersistentVolume volume) {
    return volume.getSpec() == null
        ? List.of()
        : Stream.ofNullable(volume.getSpec().getVolumeAttributesClassName()).toList();
  }

  /// The class wanted, the one in force, and the one on its way.
  private static List<String> named(PersistentVolumeClaim claim) {
    Stream<String> wanted =
        Stream.ofNullable(claim.getSpec())
            .map(spec -> spec.getVolumeAttributesClassName())
            .filter(Objects::nonNull);
    Stream<String> inForce =
        Stream.ofNullable(claim.getStatus())
            .map(status -> status.getCurrentVolumeAttributesClassName())
            .filter(Objects::nonNull);
    Stream<String> onItsWay =
        Stream.ofNullable(claim.getStatus())
            .flatMap(status -> Stream.ofNullable(status.getModifyVolumeStatus()))
            .map(status -> status.getTargetVolumeAttributesClassName())
            .filter(Objects::nonNull);
    return Stream.of(wanted, inForce, onItsWay).flatMap(each -> each).toList();
  }
}
