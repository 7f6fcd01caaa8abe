// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Gives a claim of access mode `ReadWriteOncePod` to one pod at a time, wherever it is, and a disk
/// that pods name themselves to one pod of a node.
public final class VolumeRestrictions implements Filter {
  public static final String NAME = "VolumeRestrictions";
  private static final Refusal USED =
      Refusal.resolvable(
          NAME,
          "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access"
              + " mode");

  private static final Refusal TAKEN = Refusal.resolvable(NAME, "node(s) had no available disk");

  private final Volumes volumes;

  public VolumeRestrictions(Volumes volumes) {
    this.volumes = volumes;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    List<String> single = new ArrayList<>(0);
    for (String key : attempt.pod().claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      if (claim != null && claim.getSpec().getAccessModes().contains("ReadWriteOncePod")) {
        single.add(key);
      }
    }
    List<Disk> disks = Disk.of(attempt.pod().pod());
    if (single.isEmpty() && disks.isEmpty()) {
      return Prepared.NOTHING;
    }
    ClusterState cluster = attempt.cluster();
    return Prepared.check(
        node -> {
          if (!disks.isEmpty() && hasOneOf(disks, node)) {
            return TAKEN;
          }
          return single.stream().anyMatch(key -> cluster.usersOf(key) > 0) ? USED : null;
        });
  }

  private static boolean hasOneOf(List<Disk> disks, NodeState node) {
    for (PodFacts pod : node.pods()) {
      for (Disk held : Disk.of(pod.pod())) {
        if (disks.stream().anyMatch(held::conflicts)) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfPod other ->
          other.isGone()
              && other.before() != null
              && (!other.before().claims().isEmpty() || !Disk.of(other.before().pod()).isEmpty());
      case Change.OfObject object -> object.after() instanceof PersistentVolumeClaim;
      case Change.OfNode _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfPod other ->
          other.isGone()
              && other.before() != null
              && (other.before().claims().stream().anyMatch(pod.claims()::contains)
                  || (!Disk.of(pod.pod()).isEmpty() && !Disk.of(other.before().pod()).isEmpty()));
      case Change.OfObject object -> VolumeHints.isClaim(object.after(), pod);
      case Change.OfNode _, Change.OfItself _, Change.OfGone _ -> false;
    };
  }
}
