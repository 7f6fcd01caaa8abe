// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.csi.CsiVolume;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The persistent volumes behind the claims of pods. What a claim is bound to does not change, so a
/// pod's claims are asked for once. Threads: any, one at a time for each pod.
final class Claims {
  private final PodApi api;
  private final BiFunction<Pod, CsiVolume, Path> paths;
  private final Map<String, Claimed> known = new ConcurrentHashMap<>();

  /// A volume that a pod has by a claim.
  ///
  /// @param name of the persistent volume
  /// @param path on this machine
  /// @param hostPathType what must be at the path, null for a local volume
  /// @param isBlock whether it is a device instead of a folder
  /// @param readOnly whether the pod says so
  /// @param ofDriver for a volume that a driver brings, whose path is where it brings it to
  record Claimed(
      String name,
      Path path,
      @Nullable String hostPathType,
      boolean isBlock,
      boolean readOnly,
      @Nullable CsiVolume ofDriver) {
    boolean isLocal() {
      return hostPathType == null;
    }
  }

  /// @param paths where a driver brings a volume to
  Claims(PodApi api, BiFunction<Pod, CsiVolume, Path> paths) {
    this.api = api;
    this.paths = paths;
  }

  static boolean isClaim(Volume volume) {
    return volume.getPersistentVolumeClaim() != null || volume.getEphemeral() != null;
  }

  /// What was found before.
  Optional<Claimed> found(Pod pod, String volume) {
    return Optional.ofNullable(known.get(key(pod, volume)));
  }

  /// Of a pod by its uid.
  Optional<Claimed> found(String uid, String volume) {
    return Optional.ofNullable(known.get(uid + "/" + volume));
  }

  private static String key(Pod pod, String volume) {
    return pod.getMetadata().getUid() + "/" + volume;
  }

  void forget(String uid) {
    known.keySet().removeIf(each -> each.startsWith(uid + "/"));
  }

  /// Finds the volume behind a claim.
  ///
  /// @throws StartException in the kubelet's words
  Claimed find(Pod pod, Volume volume) {
    @Nullable Claimed before = known.get(key(pod, volume.getName()));
    if (before != null) {
      return before;
    }
    Claimed found = ask(pod, volume);
    checkUse(pod, volume, found.isBlock());
    known.put(key(pod, volume.getName()), found);
    return found;
  }

  private Claimed ask(Pod pod, Volume volume) {
    var source = volume.getPersistentVolumeClaim();
    String namespace = pod.getMetadata().getNamespace();
    String name =
        source == null
            ? pod.getMetadata().getName() + "-" + volume.getName()
            : source.getClaimName();
    JsonNode claim =
        api.find("/api/v1/namespaces/" + namespace + "/persistentvolumeclaims/" + name)
            .orElseThrow(
                () ->
                    unprocessed(
                        volume,
                        namespace,
                        name,
                        "failed to fetch PVC from API server: persistentvolumeclaims \"%s\" not found"
                            .formatted(name)));
    if (source == null && !isOwner(pod, claim)) {
      throw failed(
          volume,
          "PVC %s/%s was not created for pod %s/%s (pod is not owner)"
              .formatted(namespace, name, namespace, pod.getMetadata().getName()));
    }
    if (claim.path("metadata").hasNonNull("deletionTimestamp")) {
      throw unprocessed(volume, namespace, name, "PVC is being deleted");
    }
    String persistent = claim.path("spec").path("volumeName").asText("");
    if (!claim.path("status").path("phase").asText().equals("Bound") || persistent.isEmpty()) {
      throw unprocessed(volume, namespace, name, "PVC is not bound");
    }
    JsonNode found =
        api.find("/api/v1/persistentvolumes/" + persistent)
            .filter(
                each ->
                    each.path("spec")
                        .path("claimRef")
                        .path("uid")
                        .equals(claim.path("metadata").path("uid")))
            .orElseThrow(
                () ->
                    failed(
                        volume,
                        "failed to fetch PV %s from API server: persistentvolumes \"%s\" not found"
                            .formatted(persistent, persistent)));
    return claimed(
        pod,
        persistent,
        found.path("spec"),
        source != null && Boolean.TRUE.equals(source.getReadOnly()));
  }

  private static boolean isOwner(Pod pod, JsonNode claim) {
    for (JsonNode owner : claim.path("metadata").path("ownerReferences")) {
      if (owner.path("uid").asText().equals(pod.getMetadata().getUid())
          && owner.path("controller").asBoolean()) {
        return true;
      }
    }
    return false;
  }

  private Claimed claimed(Pod pod, String name, JsonNode spec, boolean readOnly) {
    boolean block = spec.path("volumeMode").asText().equals("Block");
    boolean hasOptions = !spec.path("mountOptions").isEmpty() && !block;
    if (spec.has("hostPath")) {
      if (hasOptions) {
        throw unmounted(
            "MountVolume.MountOptionSupport check failed for volume \"%s\" : mount options are not supported for this volume type"
                .formatted(name));
      }
      JsonNode source = spec.path("hostPath");
      return new Claimed(
          name,
          Path.of(source.path("path").asText()),
          source.path("type").asText(""),
          block,
          readOnly,
          null);
    }
    if (spec.has("local")) {
      Path path = Path.of(spec.path("local").path("path").asText());
      if (hasOptions) {
        // A kubelet mounts it once more for each pod, with them.
        throw unmounted(
            "MountVolume.SetUp failed for volume \"%s\" : Havn follows no mountOptions of local volumes: mount what is at %s with them, and leave them out of the volume"
                .formatted(name, path));
      }
      return new Claimed(name, path, null, block, readOnly, null);
    }
    if (spec.has("csi")) {
      CsiVolume volume = CsiVolume.of(name, spec, readOnly);
      return new Claimed(name, paths.apply(pod, volume), null, block, readOnly, volume);
    }
    throw unmounted(
        "MountVolume.NewMounter initialization failed for volume \"%s\" : no volume plugin matched"
            .formatted(name));
  }

  private static StartException unmounted(String why) {
    return new StartException("FailedMount", why, null);
  }

  /// A device is not mounted, and a folder is no device.
  private static void checkUse(Pod pod, Volume volume, boolean isBlock) {
    String name = volume.getName();
    boolean isMounted =
        containers(pod)
            .flatMap(each -> each.getVolumeMounts().stream())
            .anyMatch(each -> name.equals(each.getName()));
    boolean isDevice =
        containers(pod)
            .flatMap(each -> each.getVolumeDevices().stream())
            .anyMatch(each -> name.equals(each.getName()));
    if (isMounted && isBlock) {
      throw failed(
          volume,
          "volume %s has volumeMode Block, but is specified in volumeMounts".formatted(name));
    }
    if (isDevice && !isBlock) {
      throw failed(
          volume,
          "volume %s has volumeMode Filesystem, but is specified in volumeDevices".formatted(name));
    }
  }

  private static Stream<Container> containers(Pod pod) {
    return Stream.concat(
        pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream());
  }

  private static StartException unprocessed(
      Volume volume, String namespace, String claim, String why) {
    return failed(volume, "error processing PVC %s/%s: %s".formatted(namespace, claim, why));
  }

  private static StartException failed(Volume volume, String why) {
    String name = Objects.requireNonNull(volume.getName());
    return new StartException(
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[%s]: %s"
            .formatted(name, name, why),
        null);
  }
}
