// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.kernel.Mounts;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Folders of the machine that become volumes: empty ones, and those of host paths.
final class Folders {
  private static final int ALL = 0777;
  private static final int SET_GROUP = 02000;

  private Folders() {}

  /// Makes or checks what a host path names.
  ///
  /// @param type as `hostPath.type` gives it
  static void hostPath(String type, Path path) throws IOException {
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
      case "BlockDevice" -> require(isBlockDevice(path), path, "block device");
      default -> {}
    }
  }

  static boolean isBlockDevice(Path path) throws IOException {
    return isKind(path, 0060000);
  }

  private static boolean isKind(Path path, int kind) throws IOException {
    return Files.exists(path) && ((int) Files.getAttribute(path, "unix:mode") & 0170000) == kind;
  }

  private static void require(boolean holds, Path path, String kind) throws IOException {
    if (!holds) {
      throw new IOException("hostPath type check failed: " + path + " is not a " + kind);
    }
  }

  /// @param isShared whether containers show each other what they mount in it
  static void empty(Pod pod, EmptyDirVolumeSource source, Path target, boolean isShared)
      throws IOException {
    String medium = Objects.requireNonNullElse(source.getMedium(), "");
    boolean inMemory = medium.equals("Memory");
    if (!inMemory && !medium.isEmpty()) {
      throw refused(pod, medium);
    }
    boolean needsMount = inMemory || isShared;
    boolean isThere =
        Files.exists(target, LinkOption.NOFOLLOW_LINKS)
            && (!needsMount || Mounts.isMounted(target));
    // Beside the folder, whose own mode is the pod's to change.
    Path done = target.resolveSibling("." + target.getFileName() + ".made");
    if (isThere && Files.exists(done)) {
      return;
    }
    if (!isThere) {
      Files.createDirectories(target);
      if (inMemory) {
        Mounts.inMemory(target, memoryBytes(pod, source.getSizeLimit(), Machine.memoryBytes()));
      }
      if (isShared) {
        Mounts.share(target);
      }
    }
    @Nullable Long group = Ownership.group(pod);
    if (group != null) {
      Files.setAttribute(target, "unix:gid", group.intValue());
    }
    Files.setAttribute(target, "unix:mode", group == null ? ALL : ALL | SET_GROUP);
    if (!Files.exists(done)) {
      Files.createFile(done);
    }
  }

  /// A medium that is not there is not replaced by another one.
  private static IOException refused(Pod pod, String medium) {
    if (!medium.equals("HugePages") && !medium.startsWith("HugePages-")) {
      return new IOException("unknown storage medium \"" + medium + "\"");
    }
    boolean isAsked =
        Stream.concat(
                pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
            .map(Container::getResources)
            .filter(each -> each != null && each.getRequests() != null)
            .flatMap(each -> each.getRequests().keySet().stream())
            .anyMatch(each -> each.startsWith("hugepages-"));
    String why =
        isAsked
            ? "this node gives no huge pages to pods"
            : "hugePages storage requested, but there is no resource request for huge pages";
    return new IOException("medium " + medium + ": " + why);
  }

  /// As with a kubelet: no more than the node has, than the pod may use, than the volume may hold.
  static long memoryBytes(Pod pod, @Nullable Quantity limit, long machineBytes) {
    long ofPod = ContainerResources.ofPod(pod).memoryBytes();
    long ofVolume = limit == null ? 0 : Quantity.getAmountInBytes(limit).longValue();
    return Stream.of(machineBytes, ofPod, ofVolume)
        .filter(each -> each > 0)
        .min(Long::compare)
        .orElse(machineBytes);
  }
}
