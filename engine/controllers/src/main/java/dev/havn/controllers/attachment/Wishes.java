// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import dev.havn.controllers.protection.ClaimPods;
import dev.havn.controllers.protection.ClaimUse;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What pods want attached: the disks of their bound claims, where they have a node, until they
/// have ended.
public record Wishes(
    Informer<Pod> pods,
    Informer<PersistentVolumeClaim> claims,
    Informer<PersistentVolume> volumes,
    Index<Pod> mounting,
    ClaimPods users) {

  public static Wishes of(
      Informer<Pod> pods,
      Informer<PersistentVolumeClaim> claims,
      Informer<PersistentVolume> volumes) {
    return new Wishes(
        pods, claims, volumes, pods.index("mounting node", Wishes::node), ClaimPods.of(pods));
  }

  /// Most pods mount no claim.
  private static List<String> node(Pod pod) {
    @Nullable String node = pod.getSpec().getNodeName();
    return node == null || ClaimUse.names(pod).isEmpty() ? List.of() : List.of(node);
  }

  Map<Disk, List<Pod>> of(String node) {
    Map<Disk, List<Pod>> wanted = new LinkedHashMap<>();
    mounting.list(node).stream()
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

  /// The pods on other nodes that want a disk.
  List<Pod> usersExcept(Disk disk, String node) {
    return users(disk)
        .filter(pod -> !pod.getSpec().getNodeName().equals(node))
        .sorted(Comparator.comparing(pod -> Informer.keyOf(pod).toString()))
        .toList();
  }

  /// One pod for each of its claims that is on the disk.
  private Stream<Pod> users(Disk disk) {
    @Nullable PersistentVolume volume = volumes.get("", disk.volume());
    @Nullable ObjectReference claim = volume == null ? null : volume.getSpec().getClaimRef();
    return claim == null
        ? Stream.empty()
        : users.of(claim.getNamespace(), claim.getName()).stream()
            .filter(pod -> pod.getSpec().getNodeName() != null && !isOver(pod))
            .filter(pod -> disk(pod, claim.getName()).filter(disk::equals).isPresent());
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
    return nodesOf(claim.getMetadata().getNamespace(), claim.getMetadata().getName());
  }

  private List<String> nodesOf(String namespace, String claim) {
    return users.of(namespace, claim).stream()
        .flatMap(pod -> Stream.ofNullable(pod.getSpec().getNodeName()))
        .distinct()
        .toList();
  }

  /// The nodes of the pods that use a volume, by the claim that it names.
  public List<String> nodesOf(PersistentVolume volume) {
    @Nullable ObjectReference claim = volume.getSpec().getClaimRef();
    return claim == null ? List.of() : nodesOf(claim.getNamespace(), claim.getName());
  }

  /// The nodes of the pods that use the volume of a name.
  public List<String> nodesOf(String volume) {
    @Nullable PersistentVolume known = volumes.get("", volume);
    return known == null ? List.of() : nodesOf(known);
  }
}
