// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import dev.havn.controllers.protection.ClaimUse;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What pods want attached: the disks of their bound claims, where they have a node, until they
/// have ended.
public record Wishes(
    Informer<Pod> pods,
    Informer<PersistentVolumeClaim> claims,
    Informer<PersistentVolume> volumes) {
  boolean haveSynced() {
    return pods.hasSynced() && claims.hasSynced() && volumes.hasSynced();
  }

  Map<Disk, List<Pod>> of(String node) {
    return wanted(node::equals);
  }

  Map<Disk, List<Pod>> except(String node) {
    return wanted(each -> !each.equals(node));
  }

  private Map<Disk, List<Pod>> wanted(Predicate<String> nodes) {
    Map<Disk, List<Pod>> wanted = new LinkedHashMap<>();
    pods.list().stream()
        .filter(pod -> pod.getSpec().getNodeName() != null)
        .filter(pod -> nodes.test(pod.getSpec().getNodeName()))
        .filter(pod -> !isOver(pod))
        .sorted(Comparator.comparing(pod -> Informer.keyOf(pod).toString()))
        .forEach(
            pod ->
                ClaimUse.names(pod)
                    .forEach(
                        claim ->
                            disk(pod, claim)
                                .ifPresent(
                                    disk ->
                                        wanted
                                            .computeIfAbsent(disk, _ -> new ArrayList<>())
                                            .add(pod))));
    return wanted;
  }

  /// Ended, or ending without any container that still runs.
  private static boolean isOver(Pod pod) {
    return PodState.isFinished(pod)
        || (pod.getMetadata().getDeletionTimestamp() != null
            && pod.getStatus().getContainerStatuses().stream().allMatch(Wishes::isStill));
  }

  private static boolean isStill(ContainerStatus status) {
    return status.getState() != null
        && (status.getState().getTerminated() != null || status.getState().getWaiting() != null);
  }

  private Optional<Disk> disk(Pod pod, String name) {
    @Nullable PersistentVolumeClaim claim = claims.get(pod.getMetadata().getNamespace(), name);
    if (claim == null
        || claim.getSpec().getVolumeName() == null
        || claim.getStatus() == null
        || !"Bound".equals(claim.getStatus().getPhase())) {
      return Optional.empty();
    }
    @Nullable PersistentVolume volume = volumes.get("", claim.getSpec().getVolumeName());
    boolean isIts =
        volume != null
            && volume.getSpec().getClaimRef() != null
            && claim.getMetadata().getUid().equals(volume.getSpec().getClaimRef().getUid());
    return isIts && volume != null ? Disk.of(volume) : Optional.empty();
  }

  Optional<Disk> disk(String volume) {
    return Optional.ofNullable(volumes.get("", volume)).flatMap(Disk::of);
  }

  /// The nodes of the pods that use a claim.
  public List<String> nodesOf(PersistentVolumeClaim claim) {
    String name = claim.getMetadata().getName();
    return pods.list(claim.getMetadata().getNamespace()).stream()
        .filter(pod -> pod.getSpec().getNodeName() != null && ClaimUse.names(pod).contains(name))
        .map(pod -> pod.getSpec().getNodeName())
        .toList();
  }

  /// The nodes whose pods use what an attachment is about.
  public List<String> nodesOf(String volume) {
    return disk(volume)
        .map(
            disk ->
                wanted(_ -> true).getOrDefault(disk, List.of()).stream()
                    .map(pod -> pod.getSpec().getNodeName())
                    .distinct()
                    .toList())
        .orElse(List.of());
  }
}
