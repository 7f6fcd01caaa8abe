// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps pods in the zone and region that their volumes' labels name. A volume that is not there
/// could be anywhere; those of claims that are made for a pod are not looked at, as with
/// kube-scheduler.
public final class VolumeZone implements Filter {
  public static final String NAME = "VolumeZone";
  private static final Refusal ELSEWHERE =
      Refusal.hopeless(NAME, "node(s) had no available volume zone");

  /// Each with the older name that nodes may have instead.
  private static final Map<String, String> KEYS =
      Map.of(
          "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone",
          "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region",
          "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone",
          "failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region");

  private final Volumes volumes;

  public VolumeZone(Volumes volumes) {
    this.volumes = volumes;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Map<String, Set<String>> wanted = new HashMap<>();
    for (String key : attempt.pod().claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      @Nullable String name = claim == null ? null : Claims.volumeName(claim);
      @Nullable PersistentVolume volume = name == null ? null : volumes.volume(name);
      if (name != null && volume == null && !VolumeBinding.isOwn(attempt.pod(), key)) {
        return Prepared.refused(
            Refusal.hopeless(NAME, "persistentvolume \"%s\" not found".formatted(name)));
      }
      if (volume != null && volume.getMetadata().getLabels() != null) {
        addLabels(volume.getMetadata().getLabels(), wanted);
      }
    }
    return wanted.isEmpty()
        ? Prepared.NOTHING
        : Prepared.check(node -> isThere(wanted, node) ? null : ELSEWHERE);
  }

  /// A label may name several zones, with `__` between them.
  private static void addLabels(Map<String, String> labels, Map<String, Set<String>> wanted) {
    for (String key : KEYS.keySet()) {
      @Nullable String value = labels.get(key);
      if (value != null) {
        wanted.put(key, Set.copyOf(List.of(value.split("__", -1))));
      }
    }
  }

  /// A node that says nothing of zones and regions is in all.
  private static boolean isThere(Map<String, Set<String>> wanted, NodeState node) {
    if (KEYS.keySet().stream().noneMatch(node.labels()::containsKey)) {
      return true;
    }
    return wanted.entrySet().stream()
        .allMatch(
            each -> {
              @Nullable String value = node.labels().get(each.getKey());
              if (value == null) {
                value = node.labels().get(KEYS.get(each.getKey()));
              }
              return value != null && each.getValue().contains(value);
            });
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfObject object ->
          object.after() instanceof PersistentVolumeClaim
              || object.after() instanceof PersistentVolume;
      case Change.OfPod _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfObject object -> VolumeHints.zone(object, pod, volumes);
      case Change.OfPod _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }
}
