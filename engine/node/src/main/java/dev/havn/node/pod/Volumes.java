// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.image.Images;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.ImageVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The volumes of pods as folders of the machine.
final class Volumes {
  private static final int ALL = 0777;
  private static final int SET_GROUP = 02000;

  private final Path folder;
  private final VolumeContents contents;
  private final ServiceAccountTokens tokens;
  private final Images images;

  /// @param folder of all pods
  Volumes(Path folder, PodApi api, ServiceAccountTokens tokens, Images images) {
    this.folder = folder;
    this.images = images;
    this.tokens = tokens;
    this.contents = new VolumeContents(api, tokens);
  }

  private Path root(String uid) {
    return folder.resolve(uid).resolve("volumes");
  }

  Path path(Pod pod, String volume) {
    for (Volume each : pod.getSpec().getVolumes()) {
      if (each.getName().equals(volume) && each.getHostPath() != null) {
        return Path.of(each.getHostPath().getPath());
      }
      if (each.getName().equals(volume) && each.getImage() != null) {
        return image(each.getImage());
      }
    }
    return root(pod.getMetadata().getUid()).resolve(volume);
  }

  /// Whether nobody but the node may write to a volume: what it makes of objects it trusts to be as
  /// it left it.
  static boolean isReadOnly(Pod pod, String volume) {
    return pod.getSpec().getVolumes().stream()
        .anyMatch(each -> each.getName().equals(volume) && isReadOnly(each));
  }

  private static boolean isReadOnly(Volume volume) {
    return volume.getImage() != null
        || volume.getConfigMap() != null
        || volume.getSecret() != null
        || volume.getDownwardAPI() != null
        || volume.getProjected() != null;
  }

  private Path image(ImageVolumeSource source) {
    return images
        .root(source.getReference())
        .orElseThrow(
            () ->
                new StartException(
                    "ErrImagePull",
                    "image volume \"%s\" is not loaded; load it with `havn image load FILE.tar`"
                        .formatted(source.getReference()),
                    null));
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
  void prepare(Pod pod) {
    for (Volume volume : pod.getSpec().getVolumes()) {
      if (volume.getImage() != null) {
        continue;
      }
      Path target = path(pod, volume.getName());
      try {
        if (volume.getHostPath() != null) {
          hostPath(volume, target);
        } else if (volume.getEmptyDir() != null) {
          emptyDir(volume.getEmptyDir(), target, group(pod));
        } else {
          AtomicFolder.write(target, contents.of(pod, volume), group(pod));
        }
      } catch (IOException e) {
        throw new StartException(
            "FailedMount",
            "MountVolume.SetUp failed for volume \"%s\" : %s"
                .formatted(volume.getName(), e.getMessage()),
            e);
      }
    }
  }

  private static void hostPath(Volume volume, Path path) throws IOException {
    String type = Objects.requireNonNullElse(volume.getHostPath().getType(), "");
    switch (type) {
      case "DirectoryOrCreate" -> Files.createDirectories(path);
      case "FileOrCreate" -> {
        if (!Files.exists(path)) {
          Files.createFile(path);
        }
      }
      case "Directory" -> require(Files.isDirectory(path), path, "directory");
      case "File" -> require(Files.isRegularFile(path), path, "file");
      case "Socket" -> require(isKind(path, 0140000), path, "socket file");
      case "CharDevice" -> require(isKind(path, 0020000), path, "character device");
      case "BlockDevice" -> require(isKind(path, 0060000), path, "block device");
      default -> {}
    }
  }

  private static boolean isKind(Path path, int kind) throws IOException {
    return Files.exists(path) && ((int) Files.getAttribute(path, "unix:mode") & 0170000) == kind;
  }

  private static void require(boolean holds, Path path, String kind) throws IOException {
    if (!holds) {
      throw new IOException("hostPath type check failed: " + path + " is not a " + kind);
    }
  }

  private static void emptyDir(EmptyDirVolumeSource source, Path target, @Nullable Long group)
      throws IOException {
    boolean inMemory = "Memory".equals(source.getMedium());
    if (Files.exists(target) && (!inMemory || isMount(target))) {
      return;
    }
    Files.createDirectories(target);
    if (inMemory) {
      @Nullable Quantity limit = source.getSizeLimit();
      long bytes = limit == null ? 0 : Quantity.getAmountInBytes(limit).longValue();
      String size = bytes > 0 ? "size=" + bytes : "size=50%";
      Program.must(List.of("mount", "-t", "tmpfs", "-o", size, "tmpfs", target.toString()));
    }
    if (group != null) {
      Files.setAttribute(target, "unix:gid", group.intValue());
    }
    Files.setAttribute(target, "unix:mode", group == null ? ALL : ALL | SET_GROUP);
  }

  private static @Nullable Long group(Pod pod) {
    return pod.getSpec().getSecurityContext() == null
        ? null
        : pod.getSpec().getSecurityContext().getFsGroup();
  }

  void remove(String uid) {
    tokens.forget(uid);
    Path pod = folder.resolve(uid);
    if (Files.exists(pod)) {
      unmount(pod.resolve("volumes"));
      AtomicFolder.delete(pod);
    }
  }

  private static boolean isMount(Path path) throws IOException {
    Path parent = Objects.requireNonNull(path.getParent());
    return !Files.getAttribute(path, "unix:dev").equals(Files.getAttribute(parent, "unix:dev"));
  }

  /// Volumes in memory are mounts.
  private static void unmount(Path volumes) {
    if (!Files.isDirectory(volumes)) {
      return;
    }
    try (Stream<Path> all = Files.list(volumes)) {
      for (Path each : all.toList()) {
        if (isMount(each)) {
          Program.must(List.of("umount", each.toString()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("unmounting the volumes in " + volumes, e);
    }
  }
}
