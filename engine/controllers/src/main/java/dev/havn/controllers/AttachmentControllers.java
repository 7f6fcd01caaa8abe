// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.attachment.AttachmentReconciler;
import dev.havn.controllers.attachment.Wishes;
import dev.havn.controllers.protection.ClaimUse;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import org.jspecify.annotations.Nullable;

/// What attaches volumes to nodes.
record AttachmentControllers(Wiring wiring) {
  void add() {
    Informer<Node> nodes = wiring.informers().of(Node.class);
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<PersistentVolumeClaim> claims = wiring.informers().of(PersistentVolumeClaim.class);
    Informer<VolumeAttachment> attachments = wiring.informers().of(VolumeAttachment.class);
    Informer<PersistentVolume> volumes = wiring.informers().of(PersistentVolume.class);
    Informer<CSIDriver> drivers = wiring.informers().of(CSIDriver.class);
    Wishes wishes = Wishes.of(pods, claims, volumes);
    Api api = wiring.api("attachdetach-controller");
    AttachmentReconciler reconciler =
        new AttachmentReconciler(
            nodes,
            drivers,
            attachments,
            wishes,
            api,
            new Events(api, "attachdetach-controller", "", wiring.clock()),
            wiring.clock());
    wiring.onLead(reconciler::forget);
    Controller controller =
        wiring.add(
            "attachdetach", reconciler, 1, nodes, drivers, pods, claims, volumes, attachments);
    drivers.onChange((_, _) -> nodes.list().forEach(each -> controller.add(Informer.keyOf(each))));
    watchUsers(nodes, pods, controller);
    claims.onChange(
        (_, after) -> {
          if (after != null) {
            wishes.nodesOf(after).forEach(node -> controller.add(new Key("", node)));
          }
        });
    volumes.onChange(
        (before, after) -> {
          PersistentVolume volume = after == null ? Wiring.notNull(before) : after;
          reconciler.placesOf(volume).forEach(node -> controller.add(new Key("", node)));
        });
    attachments.onChange(
        (before, after) -> {
          VolumeAttachment attachment = after == null ? Wiring.notNull(before) : after;
          controller.add(new Key("", attachment.getSpec().getNodeName()));
          @Nullable String volume = attachment.getSpec().getSource().getPersistentVolumeName();
          if (after == null && volume != null) {
            wishes.nodesOf(volume).forEach(node -> controller.add(new Key("", node)));
          }
        });
  }

  /// Nodes that are told of their volumes otherwise, and pods with claims.
  private static void watchUsers(Informer<Node> nodes, Informer<Pod> pods, Controller controller) {
    nodes.onChange(
        (before, after) -> {
          if (AttachmentReconciler.isMoved(before, after)) {
            controller.add(Informer.keyOf(after == null ? Wiring.notNull(before) : after));
          }
        });
    pods.onChange(
        (before, after) -> {
          Pod pod = after == null ? Wiring.notNull(before) : after;
          @Nullable String node = pod.getSpec().getNodeName();
          if (node != null && !ClaimUse.names(pod).isEmpty()) {
            controller.add(new Key("", node));
          }
        });
  }
}
