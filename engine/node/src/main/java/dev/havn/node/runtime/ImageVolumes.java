// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.RootPaths;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The volumes that an image declares (`VOLUME`): for each container a folder of its own with what
/// the image has there, which may be written to whatever the container's root is. They lie in the
/// container's folder and go with it.
final class ImageVolumes {
  /// In a container's folder.
  static final String FOLDER = "volumes";

  /// An image says as many as it likes, and each is a mount.
  private static final int COUNT_MAX = 128;

  private static final Duration COPIED_WITHIN = Duration.ofMinutes(10);

  private ImageVolumes() {}

  /// @param mounts of the pod, which come before the image's at the same place
  /// @param home the container's folder
  /// @return all mounts, outer ones before those in them
  /// @throws StartException when the image has something other than a folder there
  static List<Mount> with(List<Mount> mounts, Image image, Path home) throws IOException {
    Set<Path> taken = mounts.stream().map(each -> place(each.target())).collect(Collectors.toSet());
    Set<Path> declared = new TreeSet<>();
    for (Map.Entry<String, ?> each : image.config().path("Volumes").properties()) {
      Path place = declared(each.getKey());
      // The root is the container's own as it is.
      if (place.getNameCount() > 0 && !taken.contains(place)) {
        declared.add(place);
      }
    }
    if (declared.isEmpty()) {
      return mounts;
    }
    if (declared.size() > COUNT_MAX) {
      throw refused(
          "the image declares %d volumes, %d are the most".formatted(declared.size(), COUNT_MAX));
    }
    Files.createDirectories(home.resolve(FOLDER));
    List<Mount> all = new ArrayList<>();
    for (Path place : declared) {
      Path own = home.resolve(FOLDER).resolve(String.valueOf(all.size()));
      copy(RootPaths.resolve(image.rootfs().toRealPath(), place.toString()), own);
      all.add(new Mount(own, place.toString(), false));
    }
    all.addAll(mounts);
    all.sort(Comparator.comparingInt(each -> place(each.target()).getNameCount()));
    return all;
  }

  private static Path declared(String target) {
    try {
      return place(target);
    } catch (InvalidPathException e) {
      throw refused("the image declares a volume at no path: " + e.getMessage());
    }
  }

  private static Path place(String target) {
    return Path.of("/").resolve(target).normalize();
  }

  /// With owners, modes and times, also those of the folder itself.
  private static void copy(Path source, Path own) throws IOException {
    if (!Files.exists(source)) {
      Files.createDirectory(own);
      Files.setAttribute(own, "unix:mode", 0755);
      return;
    }
    if (!Files.isDirectory(source)) {
      throw refused("taking runtime copy of volume: source %s is not directory".formatted(source));
    }
    List<String> command = List.of("cp", "-a", "--", source.toString(), own.toString());
    Program.Result result = Program.run(command, "", COPIED_WITHIN);
    if (!result.ok()) {
      throw refused("taking runtime copy of volume: " + result.output());
    }
  }

  private static StartException refused(String why) {
    return new StartException("CreateContainerError", why, null);
  }
}
