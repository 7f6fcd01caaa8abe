// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.NodeSelection;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Resources;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The volumes that a claim may have, worked out once for a pod: free, of the right kind and large
/// enough, those that are kept for the claim first, then the smallest first. Those that one host
/// reaches are filed under it, so that a node looks at its own and at those of all.
final class VolumeMatch {
  private static final String HOSTNAME = "kubernetes.io/hostname";
  private static final Comparator<PersistentVolume> BEST =
      Comparator.<PersistentVolume, Boolean>comparing(each -> each.getSpec().getClaimRef() == null)
          .thenComparing(VolumeMatch::size)
          .thenComparing(each -> each.getMetadata().getName());

  private final Map<String, List<PersistentVolume>> ofHost = new HashMap<>();
  private final List<PersistentVolume> others = new ArrayList<>();

  VolumeMatch(PersistentVolumeClaim claim, Volumes volumes) {
    List<PersistentVolume> fitting = new ArrayList<>();
    for (PersistentVolume each : volumes.volumesOf(Claims.className(claim))) {
      if (isFree(each, claim, volumes) && suits(each, claim)) {
        fitting.add(each);
      }
    }
    fitting.sort(BEST);
    for (PersistentVolume each : fitting) {
      @Nullable String host = host(each);
      (host == null ? others : ofHost.computeIfAbsent(host, _ -> new ArrayList<>())).add(each);
    }
  }

  /// The only host that reaches a volume, if that is what its affinity says.
  private static @Nullable String host(PersistentVolume volume) {
    @Nullable NodeSelector required =
        volume.getSpec().getNodeAffinity() == null
            ? null
            : volume.getSpec().getNodeAffinity().getRequired();
    if (required == null || required.getNodeSelectorTerms().size() != 1) {
      return null;
    }
    for (NodeSelectorRequirement each :
        required.getNodeSelectorTerms().getFirst().getMatchExpressions()) {
      if (each.getKey().equals(HOSTNAME)
          && each.getOperator().equals("In")
          && each.getValues().size() == 1) {
        return each.getValues().getFirst();
      }
    }
    return null;
  }

  /// @param chosen volumes that other claims of the same pod get
  @Nullable PersistentVolume best(NodeState node, Set<String> chosen) {
    @Nullable PersistentVolume here =
        first(
            ofHost.getOrDefault(node.labels().getOrDefault(HOSTNAME, ""), List.of()), node, chosen);
    @Nullable PersistentVolume other = first(others, node, chosen);
    if (here == null || other == null) {
      return here == null ? other : here;
    }
    return BEST.compare(here, other) <= 0 ? here : other;
  }

  private static @Nullable PersistentVolume first(
      List<PersistentVolume> volumes, NodeState node, Set<String> chosen) {
    for (PersistentVolume each : volumes) {
      if (!chosen.contains(each.getMetadata().getName()) && isReachable(each, node)) {
        return each;
      }
    }
    return null;
  }

  static boolean isReachable(PersistentVolume volume, NodeState node) {
    return volume.getSpec().getNodeAffinity() == null
        || NodeSelection.matches(volume.getSpec().getNodeAffinity().getRequired(), node);
  }

  private static boolean isFree(
      PersistentVolume volume, PersistentVolumeClaim claim, Volumes volumes) {
    @Nullable String taken = volumes.takenFor(volume.getMetadata().getName());
    if (volume.getMetadata().getDeletionTimestamp() != null
        || (taken != null && !taken.equals(Claims.key(claim)))) {
      return false;
    }
    @Nullable ObjectReference owner = volume.getSpec().getClaimRef();
    if (owner == null) {
      @Nullable String phase = volume.getStatus() == null ? null : volume.getStatus().getPhase();
      // One that is not Available yet is about to be written: binding it now would collide.
      return "Available".equals(phase);
    }
    return claim.getMetadata().getName().equals(owner.getName())
        && claim.getMetadata().getNamespace().equals(owner.getNamespace())
        && (owner.getUid() == null
            || owner.getUid().isEmpty()
            || owner.getUid().equals(claim.getMetadata().getUid()));
  }

  private static boolean suits(PersistentVolume volume, PersistentVolumeClaim claim) {
    String ofVolume = volume.getSpec().getStorageClassName();
    Map<String, String> labels = volume.getMetadata().getLabels();
    return Claims.className(claim).equals(orNone(ofVolume))
        && mode(volume.getSpec().getVolumeMode()).equals(mode(claim.getSpec().getVolumeMode()))
        && volume.getSpec().getAccessModes().containsAll(claim.getSpec().getAccessModes())
        && size(volume) >= Claims.bytes(claim)
        && orNone(volume.getSpec().getVolumeAttributesClassName())
            .equals(orNone(claim.getSpec().getVolumeAttributesClassName()))
        && (claim.getSpec().getSelector() == null
            || Selector.of(claim.getSpec().getSelector())
                .matches(labels == null ? Map.of() : labels));
  }

  private static String orNone(@Nullable String name) {
    return name == null ? "" : name;
  }

  private static String mode(@Nullable String mode) {
    return mode == null ? "Filesystem" : mode;
  }

  private static long size(PersistentVolume volume) {
    return bytes(volume.getSpec().getCapacity());
  }

  private static long bytes(@Nullable Map<String, Quantity> amounts) {
    @Nullable Quantity storage = amounts == null ? null : amounts.get("storage");
    return storage == null ? 0 : Resources.units("storage", storage);
  }
}
