// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.csi.CsiVolume;
import dev.havn.node.csi.CsiVolumes;
import dev.havn.node.image.Images;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ImageVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The volumes of pods as folders of the machine.
final class Volumes {
  /// Of the files made of objects: a ConfigMap holds a mebibyte at most, and a projection some.
  private static final long OBJECT_BYTES_MAX = 64L << 20;

  private final Path folder;
  private final VolumeContents contents;
  private final ServiceAccountTokens tokens;
  private final Images images;
  private final Claims claims;
  private final KubeletFolder kubelet;
  private final CsiVolumes drivers;

  /// How a look at a pod ends whose volumes somebody is at.
  static final String PENDING = "VolumesPending";

  /// @param folder of all pods
  /// @param drivers whose volumes pods may have
  Volumes(
      Path folder,
      PodApi api,
      ServiceAccountTokens tokens,
      Images images,
      KubeletFolder kubelet,
      CsiVolumes drivers) {
    this.folder = folder;
    this.images = images;
    this.tokens = tokens;
    this.contents = new VolumeContents(api, tokens, () -> Machine.allocatable(folder));
    this.claims = new Claims(api, drivers::path);
    this.kubelet = kubelet;
    this.drivers = drivers;
  }

  private Path root(String uid) {
    return folder.resolve(uid).resolve("volumes");
  }

  /// Where a volume lies whose use is measured here: a folder of the pod's own, or a local volume.
  /// Empty for a path of the machine, for a device, and for what a driver measures.
  Optional<Path> measured(String uid, String volume) {
    Optional<Claims.Claimed> claimed = claims.found(uid, volume);
    return claimed.isEmpty()
        ? Optional.of(root(uid).resolve(volume))
        : claimed
            .filter(each -> each.isLocal() && !each.isBlock() && each.ofDriver() == null)
            .map(Claims.Claimed::path);
  }

  Path path(Pod pod, String volume) {
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getName().equals(volume) && each.getHostPath() != null) {
        return kubelet.real(Path.of(each.getHostPath().getPath()));
      }
      if (each.getName().equals(volume) && each.getCsi() != null) {
        return drivers.path(pod, CsiVolume.of(pod, each));
      }
      if (each.getName().equals(volume) && each.getImage() != null) {
        return image(each.getImage());
      }
    }
    return claims
        .found(pod, volume)
        .map(Claims.Claimed::path)
        .orElseGet(() -> root(pod.getMetadata().getUid()).resolve(volume));
  }

  /// Whether a volume may not be written to: nobody but the node writes to what it makes of
  /// objects, which it trusts to be as it left it, and a pod may have a claim for reading only.
  boolean isReadOnlyFor(Pod pod, String volume) {
    return isReadOnly(pod, volume)
        || claims.found(pod, volume).filter(Claims.Claimed::readOnly).isPresent();
  }

  static boolean isReadOnly(Pod pod, String volume) {
    return pod.getSpec().getVolumes().stream()
        .anyMatch(each -> each.getName().equals(volume) && isReadOnly(each));
  }

  private static boolean isReadOnly(Volume volume) {
    return volume.getImage() != null
        || (volume.getCsi() != null && Boolean.TRUE.equals(volume.getCsi().getReadOnly()))
        || volume.getConfigMap() != null
        || volume.getSecret() != null
        || volume.getDownwardAPI() != null
        || volume.getProjected() != null;
  }

  private Path image(ImageVolumeSource source) {
    return images.root(source.getReference()).orElseThrow(() -> noFiles(source.getReference()));
  }

  /// A runtime that has the images itself does not give out their files.
  private StartException noFiles(String image) {
    return images.has(image)
        ? refused("image volume \"%s\": this runtime mounts no images".formatted(image))
        : new StartException(
            "ErrImagePull",
            "image volume \"%s\" was removed while its container started".formatted(image),
            null);
  }

  /// A path inside a volume must not leave it; the runtime finds it when it makes the container.
  static String checked(String subPath) {
    if (subPath.startsWith("/")) {
      throw refused("error SubPath `" + subPath + "` must not be an absolute path");
    }
    if (List.of(subPath.split("/")).contains("..")) {
      throw refused(
          "unable to provision SubPath `"
              + subPath
              + "`: must not contain '..': it leaves the volume");
    }
    return subPath;
  }

  private static StartException refused(String message) {
    return new StartException("CreateContainerConfigError", message, null);
  }

  /// Makes the pod's volumes, or brings them up to date.
  ///
  /// @throws StartException in the kubelet's words, or with the reason [#PENDING]
  void prepare(Pod pod) {
    boolean isPending = false;
    for (Volume volume : pod.getSpec().getVolumes()) {
      String name = volume.getName();
      try {
        if (Claims.isClaim(volume)) {
          boolean isNew = claims.found(pod, name).isEmpty();
          Claims.Claimed claimed = claims.find(pod, volume);
          name = claimed.name();
          if (claimed.ofDriver() != null) {
            isPending |= !want(pod, claimed.ofDriver());
          } else if (isNew) {
            prepare(pod, claimed);
          }
        } else if (volume.getCsi() != null) {
          isPending |= !want(pod, CsiVolume.of(pod, volume));
        } else {
          prepare(pod, volume);
        }
      } catch (IOException e) {
        claims.forget(pod.getMetadata().getUid());
        throw new StartException(
            "FailedMount",
            "MountVolume.SetUp failed for volume \"%s\" : %s".formatted(name, e.getMessage()),
            e);
      }
    }
    if (isPending) {
      throw new StartException(PENDING, "volumes are not there yet", null);
    }
  }

  /// @return whether the volume is there
  private boolean want(Pod pod, CsiVolume volume) throws IOException {
    return switch (drivers.want(pod, volume)) {
      case CsiVolumes.State.Pending() -> false;
      case CsiVolumes.State.There(Path path, boolean isNew, boolean givesToGroup) -> {
        if (isNew && givesToGroup) {
          Ownership.give(pod, path);
        }
        yield true;
      }
    };
  }

  private void prepare(Pod pod, Volume volume) throws IOException {
    if (volume.getImage() != null) {
      return;
    }
    Path target = path(pod, volume.getName());
    if (volume.getHostPath() != null) {
      String type = Objects.requireNonNullElse(volume.getHostPath().getType(), "");
      if (kubelet.contains(target)) {
        if (isShared(pod, volume.getName())) {
          kubelet.share();
        } else {
          kubelet.make();
        }
      }
      Folders.hostPath(type, target);
    } else if (volume.getEmptyDir() != null) {
      Folders.empty(pod, volume.getEmptyDir(), target, isShared(pod, volume.getName()));
    } else {
      var files = contents.of(pod, volume);
      // A folder without its mount is what is left when the machine went down.
      Files.createDirectories(target);
      if (Mounts.arePossible() && !Mounts.isPoint(target)) {
        Mounts.dataInMemory(target, OBJECT_BYTES_MAX);
      }
      AtomicFolder.write(target, files, Ownership.group(pod));
    }
  }

  private static void prepare(Pod pod, Claims.Claimed claimed) throws IOException {
    Path path = claimed.path();
    if (claimed.isBlock()) {
      if (!Folders.isBlockDevice(path)) {
        throw new IOException(path + " is not a block device");
      }
    } else if (!claimed.isLocal()) {
      Folders.hostPath(Objects.requireNonNullElse(claimed.hostPathType(), ""), path);
    } else if (!Files.exists(path)) {
      throw new IOException("path \"" + path + "\" does not exist");
    } else if (!Files.isDirectory(path)) {
      throw new IOException("only directory and block device are supported");
    } else {
      Ownership.give(pod, path);
    }
  }

  /// Whether some container shows others what it mounts in a volume.
  private static boolean isShared(Pod pod, String volume) {
    Stream<Container> all =
        Stream.concat(
            pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream());
    return all.flatMap(each -> each.getVolumeMounts().stream())
        .anyMatch(
            each ->
                volume.equals(each.getName())
                    && "Bidirectional".equals(each.getMountPropagation()));
  }

  /// The device behind a claim for one.
  ///
  /// @throws StartException in the kubelet's words
  Path device(Pod pod, String volume) {
    Optional<Claims.Claimed> claimed = claims.found(pod, volume).filter(Claims.Claimed::isBlock);
    return claimed
        .map(Claims.Claimed::path)
        .orElseThrow(() -> refused("cannot find volume \"%s\" as a device".formatted(volume)));
  }

  /// The pods that have a folder.
  Set<String> uids() {
    Set<String> uids = new HashSet<>(drivers.uids());
    if (!Files.isDirectory(folder)) {
      return uids;
    }
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(Files::isDirectory).forEach(each -> uids.add(each.getFileName().toString()));
      return uids;
    } catch (IOException e) {
      throw new UncheckedIOException("the folders of pods", e);
    }
  }

  /// Takes the volumes of drivers from a pod that has ended.
  ///
  /// @return whether that is done
  boolean release(String uid, @Nullable Pod pod) {
    return drivers.remove(uid, pod);
  }

  /// Lets drivers take from the node what no pod has any more.
  void tidy() {
    drivers.tidy();
  }

  /// @return whether all is gone; who hears false asks again
  boolean remove(String uid, @Nullable Pod pod) {
    if (!drivers.remove(uid, pod)) {
      return false;
    }
    tokens.forget(uid);
    claims.forget(uid);
    Path own = folder.resolve(uid);
    if (Files.exists(own)) {
      try {
        // What is mounted in a volume, by whomever, is somebody else's.
        Mounts.detachBelow(own);
      } catch (IOException e) {
        throw new UncheckedIOException("unmounting the volumes in " + own, e);
      }
      AtomicFolder.delete(own);
    }
    return true;
  }
}
