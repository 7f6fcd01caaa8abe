// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.TopologySelectorTerm;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps pods where their volumes can be reached, or can be made.
public final class VolumeBinding implements Filter {
  public static final String NAME = "VolumeBinding";
  private static final Refusal UNREACHABLE =
      Refusal.hopeless(NAME, "node(s) didn't match PersistentVolume's node affinity");
  private static final Refusal NONE_FREE =
      Refusal.hopeless(NAME, "node(s) didn't find available persistent volumes to bind");
  private static final Refusal NO_ROOM =
      Refusal.hopeless(NAME, "node(s) did not have enough free storage");
  private static final Refusal LOST =
      Refusal.hopeless(
          NAME, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  private static final Refusal UNBOUND =
      Refusal.hopeless(NAME, "pod has unbound immediate PersistentVolumeClaims");
  private static final String NO_PROVISIONER = "kubernetes.io/no-provisioner";

  private final Volumes volumes;

  public VolumeBinding(Volumes volumes) {
    this.volumes = volumes;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    PodFacts pod = attempt.pod();
    if (pod.claims().isEmpty()) {
      return Prepared.NOTHING;
    }
    List<PersistentVolumeClaim> claims = new ArrayList<>();
    for (String key : pod.claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      @Nullable String wrong = claim == null ? missing(pod, key) : wrong(pod, claim);
      if (claim == null || wrong != null) {
        return Prepared.refused(Refusal.hopeless(NAME, String.valueOf(wrong)));
      }
      claims.add(claim);
    }
    for (PersistentVolumeClaim claim : claims) {
      if (Claims.bound(claim) == null && !Claims.waits(claim, volumes)) {
        return Prepared.refused(UNBOUND);
      }
    }
    Map<String, VolumeMatch> matches = matches(claims);
    return Prepared.check(node -> place(claims, matches, node).refusal());
  }

  /// Whether a claim is made for the pod.
  static boolean isOwn(PodFacts pod, String key) {
    for (Volume volume : pod.pod().getSpec().getVolumes()) {
      if (volume.getEphemeral() != null
          && key.endsWith("/" + PodFacts.claimName(pod.pod(), volume))) {
        return true;
      }
    }
    return false;
  }

  private static String missing(PodFacts pod, String key) {
    String name = key.substring(key.indexOf('/') + 1);
    return isOwn(pod, key)
        ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"%s\""
            .formatted(name)
        : "persistentvolumeclaim \"%s\" not found".formatted(name);
  }

  private static @Nullable String wrong(PodFacts pod, PersistentVolumeClaim claim) {
    String name = claim.getMetadata().getName();
    if (claim.getStatus() != null && "Lost".equals(claim.getStatus().getPhase())) {
      return "persistentvolumeclaim \"%s\" bound to non-existent persistentvolume \"%s\""
          .formatted(name, claim.getSpec().getVolumeName());
    }
    if (claim.getMetadata().getDeletionTimestamp() != null) {
      return "persistentvolumeclaim \"%s\" is being deleted".formatted(name);
    }
    if (isOwn(pod, Claims.key(claim))) {
      List<OwnerReference> owners = claim.getMetadata().getOwnerReferences();
      if (owners == null || owners.stream().noneMatch(each -> pod.uid().equals(each.getUid()))) {
        return "PVC %s was not created for pod %s/%s (pod is not owner)"
            .formatted(Claims.key(claim), pod.namespace(), pod.name());
      }
    }
    return null;
  }

  private record Placed(@Nullable Refusal refusal, BindingPlan plan) {
    static Placed refused(Refusal refusal) {
      return new Placed(refusal, BindingPlan.NOTHING);
    }
  }

  /// What has to be done for a pod that gets a node which this plugin did not refuse.
  public BindingPlan plan(PodFacts pod, NodeState node) {
    List<PersistentVolumeClaim> claims = new ArrayList<>();
    for (String key : pod.claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      if (claim != null) {
        claims.add(claim);
      }
    }
    return place(claims, matches(claims), node).plan();
  }

  /// Of claims that are not bound.
  private Map<String, VolumeMatch> matches(List<PersistentVolumeClaim> claims) {
    Map<String, VolumeMatch> matches = new HashMap<>();
    for (PersistentVolumeClaim each : claims) {
      if (Claims.bound(each) == null && Claims.annotation(each, Claims.SELECTED_NODE) == null) {
        matches.put(Claims.key(each), new VolumeMatch(each, volumes));
      }
    }
    return matches;
  }

  private Placed place(
      List<PersistentVolumeClaim> claims, Map<String, VolumeMatch> matches, NodeState node) {
    Map<String, PersistentVolume> bind = new HashMap<>();
    List<PersistentVolumeClaim> provision = new ArrayList<>();
    List<String> await = new ArrayList<>();
    Set<String> chosen = new HashSet<>();
    for (PersistentVolumeClaim claim : claims) {
      @Nullable String bound = Claims.bound(claim);
      if (bound != null) {
        @Nullable PersistentVolume volume = volumes.volume(bound);
        if (volume == null) {
          return Placed.refused(LOST);
        }
        if (!VolumeMatch.isReachable(volume, node)) {
          return Placed.refused(UNREACHABLE);
        }
        continue;
      }
      await.add(Claims.key(claim));
      @Nullable String selected = Claims.annotation(claim, Claims.SELECTED_NODE);
      @Nullable VolumeMatch match = matches.get(Claims.key(claim));
      @Nullable PersistentVolume found = match == null ? null : match.best(node, chosen);
      if (found != null) {
        chosen.add(found.getMetadata().getName());
        bind.put(Claims.key(claim), found);
        continue;
      }
      @Nullable StorageClass ofClaim = volumes.storageClass(Claims.className(claim));
      if ((selected != null && !selected.equals(node.name()))
          || ofClaim == null
          || !canProvision(ofClaim, node)) {
        return Placed.refused(NONE_FREE);
      }
      if (!StorageRoom.isEnough(claim, ofClaim, node, volumes)) {
        return Placed.refused(NO_ROOM);
      }
      provision.add(claim);
    }
    return new Placed(null, new BindingPlan(bind, provision, await));
  }

  private static boolean canProvision(StorageClass ofClaim, NodeState node) {
    if (ofClaim.getProvisioner() == null
        || ofClaim.getProvisioner().isEmpty()
        || ofClaim.getProvisioner().equals(NO_PROVISIONER)) {
      return false;
    }
    List<TopologySelectorTerm> allowed = ofClaim.getAllowedTopologies();
    return allowed == null
        || allowed.isEmpty()
        || allowed.stream().anyMatch(term -> matches(term, node));
  }

  private static boolean matches(TopologySelectorTerm term, NodeState node) {
    return term.getMatchLabelExpressions().stream()
        .allMatch(
            each -> {
              @Nullable String value = node.labels().get(each.getKey());
              return value != null && each.getValues().contains(value);
            });
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfObject object -> VolumeHints.concernsBinding(object);
      case Change.OfPod _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfObject object -> VolumeHints.binding(object, pod, volumes);
      case Change.OfPod _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }
}
