// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.scheduler.volume.BindingPlan;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Pods that have a place and wait there for their volumes: others make and bind them, and the pod
/// gets its node when all are bound.
///
/// Not safe for several threads but for [#write]: the scheduler's lock guards it.
final class ClaimBinding {
  private static final String SELECTED_NODE = "volume.kubernetes.io/selected-node";
  private static final String BIND_COMPLETED = "pv.kubernetes.io/bind-completed";

  private final Api api;
  private final StorageCache storage;
  private final Map<String, Waiting> waiting = new LinkedHashMap<>();

  /// @param selected claims that were seen to say the node
  record Waiting(Hold hold, BindingPlan plan, Instant until, Set<String> selected) {}

  /// What became of a pod that waited.
  ///
  /// @param problem null when all that it waited for is there
  record Ended(Hold hold, @Nullable String problem) {}

  ClaimBinding(Api api, StorageCache storage) {
    this.api = api;
    this.storage = storage;
  }

  void add(Hold hold, BindingPlan plan, Instant until) {
    plan.bind().forEach((claim, pv) -> storage.take(pv.getMetadata().getName(), claim));
    waiting.put(hold.pod().uid(), new Waiting(hold, plan, until, new HashSet<>()));
  }

  void remove(String uid) {
    @Nullable Waiting gone = waiting.remove(uid);
    if (gone != null) {
      gone.plan().bind().values().forEach(pv -> storage.release(pv.getMetadata().getName()));
    }
  }

  boolean has(String uid) {
    return waiting.containsKey(uid);
  }

  /// Asks for the volumes.
  void write(String node, BindingPlan plan) {
    plan.bind().forEach((claim, volume) -> bind(volume, claim));
    for (PersistentVolumeClaim claim : plan.provision()) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").putObject("annotations").put(SELECTED_NODE, node);
      api.merge(
          Api.path(
              PersistentVolumeClaim.class,
              claim.getMetadata().getNamespace(),
              claim.getMetadata().getName()),
          patch);
    }
  }

  private void bind(PersistentVolume volume, String key) {
    @Nullable PersistentVolumeClaim claim = storage.claim(key);
    if (claim == null) {
      throw new IllegalStateException("claim " + key + " is gone");
    }
    ObjectNode patch = Api.object();
    ObjectNode metadata = patch.putObject("metadata");
    metadata.put("resourceVersion", volume.getMetadata().getResourceVersion());
    metadata.putObject("annotations").put("pv.kubernetes.io/bound-by-controller", "yes");
    patch
        .putObject("spec")
        .putObject("claimRef")
        .put("kind", "PersistentVolumeClaim")
        .put("apiVersion", "v1")
        .put("namespace", claim.getMetadata().getNamespace())
        .put("name", claim.getMetadata().getName())
        .put("uid", claim.getMetadata().getUid())
        .put("resourceVersion", claim.getMetadata().getResourceVersion());
    api.merge(Api.path(PersistentVolume.class, "", volume.getMetadata().getName()), patch);
  }

  /// Those that wait no longer.
  List<Ended> ended(Instant now) {
    if (waiting.isEmpty()) {
      return List.of();
    }
    List<Ended> ended = new ArrayList<>();
    for (Waiting each : waiting.values()) {
      @Nullable String problem = problem(each, now);
      if (problem != null || isBound(each)) {
        ended.add(new Ended(each.hold(), problem));
      }
    }
    ended.forEach(each -> remove(each.hold().pod().uid()));
    return ended;
  }

  private boolean isBound(Waiting each) {
    return each.plan().await().stream().allMatch(this::isBound);
  }

  private boolean isBound(String key) {
    @Nullable PersistentVolumeClaim claim = storage.claim(key);
    return claim != null
        && claim.getSpec().getVolumeName() != null
        && annotation(claim, BIND_COMPLETED) != null;
  }

  private @Nullable String problem(Waiting each, Instant now) {
    for (PersistentVolumeClaim planned : each.plan().provision()) {
      String name = planned.getMetadata().getName();
      String key = planned.getMetadata().getNamespace() + "/" + name;
      @Nullable PersistentVolumeClaim claim = storage.claim(key);
      boolean isSelected =
          claim != null && each.hold().node().equals(annotation(claim, SELECTED_NODE));
      if (isSelected) {
        each.selected().add(key);
      } else if (each.selected().contains(key) && !isBound(key)) {
        return problem("provisioning failed for PVC \"" + name + "\"");
      }
    }
    return now.isBefore(each.until()) ? null : problem("context deadline exceeded");
  }

  private static String problem(String what) {
    return "running PreBind plugin \"VolumeBinding\": binding volumes: " + what;
  }

  private static @Nullable String annotation(PersistentVolumeClaim claim, String key) {
    @Nullable Map<String, String> annotations = claim.getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(key);
  }

  /// When the first of those that wait has waited too long; null when nobody waits.
  @Nullable Instant due() {
    return waiting.isEmpty() ? null : waiting.values().iterator().next().until();
  }
}
