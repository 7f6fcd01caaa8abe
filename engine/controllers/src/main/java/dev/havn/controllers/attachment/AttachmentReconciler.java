// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Has volumes attached to nodes and detached from them. A key is a node's name; one worker, since
/// what one node has decides what another gets.
public final class AttachmentReconciler implements Reconciler {
  private final Informer<Node> nodes;
  private final Informer<CSIDriver> drivers;
  private final Index<VolumeAttachment> byPlace;
  private final Wishes wishes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;

  /// Since when something is attached to a node that nobody wants there. After a restart, and after
  /// a time without the lead, the wait begins anew, which is the safe side.
  private final Map<String, Map<String, Instant>> unwished = new HashMap<>();

  /// What was told of a node's pods last, so that it is told once.
  private final Map<String, Set<AttachmentPlan.Step>> told = new HashMap<>();

  public AttachmentReconciler(
      Informer<Node> nodes,
      Informer<CSIDriver> drivers,
      Informer<VolumeAttachment> attachments,
      Wishes wishes,
      Api api,
      Events events,
      InstantSource clock) {
    this.nodes = nodes;
    this.drivers = drivers;
    this.byPlace = attachments.index("place", AttachmentReconciler::terms);
    this.wishes = wishes;
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  /// Whether something about a node is otherwise that decides what is attached to it; that it lives
  /// is nothing new.
  public static boolean isMoved(@Nullable Node before, @Nullable Node after) {
    return before == null
        || after == null
        || Places.isManaged(before) != Places.isManaged(after)
        || !Places.of(before).equals(Places.of(after));
  }

  /// The nodes that a change of a volume concerns: where it is wanted, and where it is.
  public Set<String> placesOf(PersistentVolume changed) {
    Set<String> places = new TreeSet<>(wishes.nodesOf(changed));
    byPlace
        .list(volume(changed.getMetadata().getName()))
        .forEach(each -> places.add(each.getSpec().getNodeName()));
    return places;
  }

  /// After a time without the lead: what nobody wanted then somebody may have used in between.
  public synchronized void forget() {
    unwished.clear();
    told.clear();
  }

  @Override
  public synchronized Result reconcile(Key key) {
    String node = key.name();
    Instant now = clock.instant();
    Optional<AttachmentPlan.Place> place = Optional.ofNullable(nodes.get("", node)).map(Places::of);
    boolean isManaged = Places.isManaged(nodes.get("", node));
    Map<Disk, List<Pod>> here = isManaged ? attachable(wishes.of(node)) : Map.of();
    List<AttachmentPlan.Held> held = held(node, here.keySet());
    if (here.isEmpty() && held.stream().noneMatch(each -> each.node().equals(node))) {
      forget(node);
      return isManaged && place.filter(each -> !each.said().isEmpty()).isPresent()
          ? report(node, Set.of())
          : Result.DONE;
    }
    AttachmentPlan.Plan plan =
        AttachmentPlan.of(
            new AttachmentPlan.Observed(
                node, place, here, held, others(node, here, held), unwished(node, here, held, now)),
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

  /// Who else uses what is held elsewhere.
  private Map<Disk, List<Pod>> others(
      String node, Map<Disk, List<Pod>> here, List<AttachmentPlan.Held> held) {
    Map<Disk, List<Pod>> others = new HashMap<>();
    for (AttachmentPlan.Held each : held) {
      if (!each.node().equals(node) && here.containsKey(each.disk())) {
        others.computeIfAbsent(each.disk(), disk -> wishes.usersExcept(disk, node));
      }
    }
    return others;
  }

  /// What stands at a node and where what it wants stands: of those that this controller has made,
  /// known by their names. What others make is theirs.
  private List<AttachmentPlan.Held> held(String at, Set<Disk> wanted) {
    Map<String, VolumeAttachment> found = new TreeMap<>();
    List<VolumeAttachment> all = new ArrayList<>(byPlace.list(place(at)));
    wanted.forEach(disk -> all.addAll(byPlace.list(volume(disk.volume()))));
    all.forEach(each -> found.put(each.getMetadata().getName(), each));
    List<AttachmentPlan.Held> held = new ArrayList<>();
    for (VolumeAttachment each : found.values()) {
      @Nullable String volume = each.getSpec().getSource().getPersistentVolumeName();
      String node = each.getSpec().getNodeName();
      wishes
          .disk(volume == null ? "" : volume)
          .filter(disk -> disk.attachment(node).equals(each.getMetadata().getName()))
          .ifPresent(disk -> held.add(Places.held(disk, node, each)));
    }
    return held;
  }

  private static List<String> terms(VolumeAttachment attachment) {
    @Nullable String volume = attachment.getSpec().getSource().getPersistentVolumeName();
    String node = place(attachment.getSpec().getNodeName());
    return volume == null ? List.of(node) : List.of(node, volume(volume));
  }

  private static String place(String node) {
    return "node " + node;
  }

  private static String volume(String name) {
    return "volume " + name;
  }

  /// Some drivers attach nothing.
  private Map<Disk, List<Pod>> attachable(Map<Disk, List<Pod>> wished) {
    Map<Disk, List<Pod>> attachable = new HashMap<>();
    wished.forEach(
        (disk, pods) -> {
          boolean isNeedless =
              Optional.ofNullable(drivers.get("", disk.driver()))
                  .filter(driver -> Boolean.FALSE.equals(driver.getSpec().getAttachRequired()))
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
