// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Has volumes attached to nodes and detached from them. A key is a node's name; one worker, since
/// what one node has decides what another gets.
public final class AttachmentReconciler implements Reconciler {
  private static final Duration UNSYNCED = Duration.ofMillis(100);

  private final Informer<Node> nodes;
  private final Informer<VolumeAttachment> attachments;
  private final Wishes wishes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;

  /// Since when something is attached to a node that nobody wants there. After a restart the wait
  /// begins anew, which is the safe side.
  private final Map<String, Map<String, Instant>> unwished = new HashMap<>();

  /// What was told of a node's pods last, so that it is told once.
  private final Map<String, Set<AttachmentPlan.Step>> told = new HashMap<>();

  public AttachmentReconciler(
      Informer<Node> nodes,
      Informer<VolumeAttachment> attachments,
      Wishes wishes,
      Api api,
      Events events,
      InstantSource clock) {
    this.nodes = nodes;
    this.attachments = attachments;
    this.wishes = wishes;
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  @Override
  public synchronized Result reconcile(Key key) {
    if (!nodes.hasSynced() || !attachments.hasSynced() || !wishes.haveSynced()) {
      return Result.after(UNSYNCED);
    }
    String node = key.name();
    Instant now = clock.instant();
    Optional<AttachmentPlan.Place> place = Optional.ofNullable(nodes.get("", node)).map(Places::of);
    List<AttachmentPlan.Held> held = held();
    boolean isManaged = Places.isManaged(nodes.get("", node));
    Map<Disk, List<Pod>> here = isManaged ? attachable(wishes.of(node)) : Map.of();
    if (here.isEmpty() && held.stream().noneMatch(each -> each.node().equals(node))) {
      forget(node);
      return isManaged && place.filter(each -> !each.said().isEmpty()).isPresent()
          ? report(node, Set.of())
          : Result.DONE;
    }
    AttachmentPlan.Plan plan =
        AttachmentPlan.of(
            new AttachmentPlan.Observed(
                node, place, here, held, wishes.except(node), unwished(node, here, held, now)),
            now);
    for (AttachmentPlan.Step step : plan.steps()) {
      apply(node, step, here);
    }
    told.put(node, tells(plan));
    return Result.after(plan.again());
  }

  private void forget(String node) {
    unwished.remove(node);
    told.remove(node);
  }

  private Map<String, Instant> unwished(
      String node, Map<Disk, List<Pod>> here, List<AttachmentPlan.Held> held, Instant now) {
    Map<String, Instant> since = unwished.computeIfAbsent(node, _ -> new HashMap<>());
    Set<String> left = new HashSet<>();
    for (AttachmentPlan.Held each : held) {
      if (each.node().equals(node) && !here.containsKey(each.disk())) {
        left.add(each.disk().uniqueName());
        since.putIfAbsent(each.disk().uniqueName(), now);
      }
    }
    since.keySet().retainAll(left);
    return since;
  }

  private static Set<AttachmentPlan.Step> tells(AttachmentPlan.Plan plan) {
    Set<AttachmentPlan.Step> tells = new HashSet<>();
    for (AttachmentPlan.Step step : plan.steps()) {
      if (step instanceof AttachmentPlan.Step.Tell) {
        tells.add(step);
      }
    }
    return tells;
  }

  /// Those that this controller has made, known by their names: what others make is theirs.
  private List<AttachmentPlan.Held> held() {
    List<AttachmentPlan.Held> held = new ArrayList<>();
    for (VolumeAttachment each : attachments.list()) {
      @Nullable String volume = each.getSpec().getSource().getPersistentVolumeName();
      String node = each.getSpec().getNodeName();
      wishes
          .disk(volume == null ? "" : volume)
          .filter(disk -> disk.attachment(node).equals(each.getMetadata().getName()))
          .ifPresent(disk -> held.add(Places.held(disk, node, each)));
    }
    return held;
  }

  /// Some drivers attach nothing.
  private Map<Disk, List<Pod>> attachable(Map<Disk, List<Pod>> wished) {
    Map<Disk, List<Pod>> attachable = new HashMap<>();
    wished.forEach(
        (disk, pods) -> {
          boolean isNeedless =
              api.find(Api.path(CSIDriver.class, "", disk.driver()))
                  .map(driver -> driver.path("spec").path("attachRequired"))
                  .filter(required -> required.isBoolean() && !required.asBoolean())
                  .isPresent();
          if (!isNeedless) {
            attachable.put(disk, pods);
          }
        });
    return attachable;
  }

  private void apply(String node, AttachmentPlan.Step step, Map<Disk, List<Pod>> here) {
    switch (step) {
      case AttachmentPlan.Step.Report report -> report(node, report.uniqueNames());
      case AttachmentPlan.Step.Attach attach -> attach(node, attach.disk());
      case AttachmentPlan.Step.Detach detach -> {
        if (!detach.isSafe() || !isMounted(node, detach.disk())) {
          api.delete(
              Api.path(VolumeAttachment.class, "", detach.disk().attachment(node)), Api.object());
        }
      }
      case AttachmentPlan.Step.Tell tell -> {
        if (!told.getOrDefault(node, Set.of()).contains(tell)) {
          here.values().stream()
              .flatMap(List::stream)
              .filter(pod -> pod.getMetadata().getName().equals(tell.pod()))
              .findFirst()
              .ifPresent(pod -> events.record(pod, "", tell.type(), tell.reason(), tell.message()));
        }
      }
    }
  }

  /// The cache may not show yet what the node has begun to use.
  private boolean isMounted(String node, Disk disk) {
    return api.find(Api.path(Node.class, "", node))
        .map(now -> now.path("status").path("volumesInUse"))
        .filter(
            inUse -> {
              for (JsonNode each : inUse) {
                if (each.asText().equals(disk.uniqueName())) {
                  return true;
                }
              }
              return false;
            })
        .isPresent();
  }

  private Result report(String node, Set<String> uniqueNames) {
    ObjectNode patch = Api.object();
    ArrayNode attached = patch.putObject("status").putArray("volumesAttached");
    new TreeSet<>(uniqueNames)
        .forEach(each -> attached.addObject().put("name", each).put("devicePath", ""));
    try {
      api.merge(Api.path(Node.class, "", node) + "/status", patch);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Result.DONE;
  }

  private void attach(String node, Disk disk) {
    ObjectNode attachment =
        Api.object().put("kind", "VolumeAttachment").put("apiVersion", "storage.k8s.io/v1");
    attachment.putObject("metadata").put("name", disk.attachment(node));
    ObjectNode spec = attachment.putObject("spec");
    spec.put("attacher", disk.driver()).put("nodeName", node);
    spec.putObject("source").put("persistentVolumeName", disk.volume());
    try {
      api.create(Api.path(VolumeAttachment.class, "", ""), attachment.toString());
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }
}
