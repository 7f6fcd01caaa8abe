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
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSINodeDriver;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gives a node no more volumes of a CSI driver than the driver says the node can have. Volumes
/// count that pods there use, and those that are still attached although no pod uses them.
public final class NodeVolumeLimits implements Filter {
  public static final String NAME = "NodeVolumeLimits";
  private static final Refusal FULL = Refusal.resolvable(NAME, "node(s) exceed max volume count");

  private final Volumes volumes;

  public NodeVolumeLimits(Volumes volumes) {
    this.volumes = volumes;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Map<String, Set<String>> asked = new HashMap<>();
    addVolumes(attempt.pod(), asked);
    return asked.isEmpty()
        ? Prepared.NOTHING
        : Prepared.check(node -> hasRoom(asked, node) ? null : FULL);
  }

  /// By driver.
  private void addVolumes(PodFacts pod, Map<String, Set<String>> byDriver) {
    for (String key : pod.claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      if (claim != null) {
        addVolume(key, claim, byDriver);
      }
    }
  }

  /// What is not bound yet counts for the driver that will make it, and so does a claim whose
  /// volume is not there: it may be made still, or be deleted while it is attached.
  private void addVolume(
      String key, PersistentVolumeClaim claim, Map<String, Set<String>> byDriver) {
    @Nullable String name = Claims.volumeName(claim);
    @Nullable PersistentVolume volume = name == null ? null : volumes.volume(name);
    if (volume == null) {
      @Nullable StorageClass ofClaim = volumes.storageClass(Claims.className(claim));
      if (ofClaim != null && ofClaim.getProvisioner() != null) {
        byDriver.computeIfAbsent(ofClaim.getProvisioner(), _ -> new HashSet<>()).add(key);
      }
    } else if (volume.getSpec().getCsi() != null) {
      byDriver
          .computeIfAbsent(volume.getSpec().getCsi().getDriver(), _ -> new HashSet<>())
          .add(volume.getSpec().getCsi().getVolumeHandle());
    }
  }

  private boolean hasRoom(Map<String, Set<String>> asked, NodeState node) {
    @Nullable CSINode drivers = volumes.driversOf(node.name());
    if (drivers == null || drivers.getSpec() == null || drivers.getSpec().getDrivers() == null) {
      return true;
    }
    @Nullable Map<String, Set<String>> all = null;
    for (CSINodeDriver driver : drivers.getSpec().getDrivers()) {
      @Nullable Set<String> wanted = asked.get(driver.getName());
      if (wanted == null
          || driver.getAllocatable() == null
          || driver.getAllocatable().getCount() == null) {
        continue;
      }
      if (all == null) {
        all = new HashMap<>();
        for (PodFacts pod : node.pods()) {
          addVolumes(pod, all);
        }
      }
      Set<String> used = all.getOrDefault(driver.getName(), Set.of());
      Set<String> added = new HashSet<>(wanted);
      added.removeAll(used);
      if (!added.isEmpty()
          && used.size() + added.size() + left(node.name(), driver.getName(), used).size()
              > driver.getAllocatable().getCount()) {
        return false;
      }
    }
    return true;
  }

  /// What a driver has attached to a node although no pod there uses it. As in Kubernetes, that may
  /// be what the new pod asks for: it counts until it is detached, or a pod uses it.
  private Set<String> left(String node, String driver, Set<String> used) {
    Set<String> left = new HashSet<>();
    for (VolumeAttachment each : volumes.attachments(node)) {
      @Nullable String name =
          driver.equals(each.getSpec().getAttacher())
              ? each.getSpec().getSource().getPersistentVolumeName()
              : null;
      @Nullable PersistentVolume volume = name == null ? null : volumes.volume(name);
      if (volume != null && volume.getSpec().getCsi() != null) {
        left.add(volume.getSpec().getCsi().getVolumeHandle());
      }
    }
    left.removeAll(used);
    return left;
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfPod other ->
          other.isGone() && other.before() != null && !other.before().claims().isEmpty();
      case Change.OfNode node -> node.has(Change.Aspect.ADDED);
      case Change.OfObject object ->
          object.after() instanceof PersistentVolumeClaim || object.after() instanceof CSINode;
      case Change.OfGone gone -> gone.object() instanceof VolumeAttachment;
      case Change.OfItself _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfPod other ->
          other.isGone() && other.before() != null && !other.before().claims().isEmpty();
      case Change.OfNode node -> node.has(Change.Aspect.ADDED);
      case Change.OfObject object -> VolumeHints.limits(object, pod);
      case Change.OfGone gone ->
          gone.object() instanceof VolumeAttachment && !pod.claims().isEmpty();
      case Change.OfItself _ -> false;
    };
  }
}
