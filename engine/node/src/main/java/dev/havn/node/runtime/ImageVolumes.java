// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.image.RootPaths;
import dev.havn.node.kernel.DiskUse;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.kernel.Tree;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The volumes that an image declares (`VOLUME`): for each container a folder of its own with what
/// the image has there, which may be written to whatever the container's root is. They lie in the
/// container's folder and go with it.
final class ImageVolumes {
  /// In a container's folder.
  static final String FOLDER = "volumes";

  /// An image says as many as it likes, and each is a mount.
  private static final int COUNT_MAX = 128;

  /// All of a container.
  private static final Duration COPIED_WITHIN = Duration.ofMinutes(10);

  private static final String COPY = "cp -aT -- ";

  /// One program for all, so that all have one time: pairs of what is copied and where to.
  private static final String COPY_ALL =
      "while [ $# -gt 0 ]; do " + COPY + "\"$1\" \"$2\" || exit; shift 2; done";

  /// What is copied in a moment needs no turn.
  private static final int SMALL_FILES_MAX = 500;

  private static final long SMALL_BYTES_MAX = 16 << 20;

  /// Each holds a thread that other pods of the node need, too.
  private static final int TURNS = 3;

  private final LocalImages images;
  private final Semaphore turns;

  /// What is being copied.
  private final AtomicLong begun = new AtomicLong();

  /// @param images on whose disk the copies lie
  ImageVolumes(LocalImages images) {
    this(images, TURNS);
  }

  /// @param turns how many containers have large volumes copied at a time
  ImageVolumes(LocalImages images, int turns) {
    this.images = images;
    this.turns = new Semaphore(turns);
  }

  /// @param mounts of the pod, which come before the image's at the same place
  /// @param home the container's folder
  /// @return all mounts, outer ones before those in them
  /// @throws StartException when the image has something other than a folder there, or others come
  ///   first
  List<Mount> with(List<Mount> mounts, Image image, Path home) throws IOException {
    Set<Path> declared = declared(mounts, image);
    if (declared.isEmpty()) {
      return mounts;
    }
    Path folder = home.resolve(FOLDER);
    if (Files.exists(folder)) {
      // Of a start that was broken off: what is half there would be copied into.
      Tree.delete(folder);
    }
    Files.createDirectories(folder);
    List<Mount> all = new ArrayList<>();
    Map<Path, Path> sources = new TreeMap<>();
    for (Path place : declared) {
      Path own = folder.resolve(String.valueOf(all.size()));
      Path source = RootPaths.resolve(image.rootfs().toRealPath(), place.toString());
      if (Files.isDirectory(source)) {
        sources.put(own, source);
      } else if (Files.exists(source)) {
        throw failed("source %s is not directory".formatted(source));
      } else {
        Files.createDirectory(own);
        Files.setAttribute(own, "unix:mode", 0755);
      }
      all.add(new Mount(own, place.toString(), false));
    }
    if (!sources.isEmpty()) {
      copyInTurn(image, sources);
    }
    all.addAll(mounts);
    all.sort(Comparator.comparingInt(each -> place(each.target()).getNameCount()));
    return all;
  }

  /// What an image declares but where the pod mounts something itself.
  private static Set<Path> declared(List<Mount> mounts, Image image) {
    Set<Path> taken = mounts.stream().map(each -> place(each.target())).collect(Collectors.toSet());
    Set<Path> declared = new TreeSet<>();
    for (Map.Entry<String, ?> each : image.config().path("Volumes").properties()) {
      Path place = declared(each.getKey());
      // The root is the container's own as it is.
      if (place.getNameCount() > 0 && !taken.contains(place)) {
        declared.add(place);
      }
    }
    if (declared.size() > COUNT_MAX) {
      throw refused(
          "the image declares %d volumes, %d are the most".formatted(declared.size(), COUNT_MAX));
    }
    return declared;
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

  /// @param sources by where they are copied to
  private void copyInTurn(Image image, Map<Path, Path> sources) throws IOException {
    OptionalLong small = small(sources.values());
    if (small.isPresent()) {
      copy(image, sources, small.getAsLong());
    } else if (turns.tryAcquire()) {
      try {
        Map<Path, Long> bytes = DiskUse.bytesOfEach(List.copyOf(sources.values()));
        long all = sources.values().stream().mapToLong(each -> bytes.getOrDefault(each, 0L)).sum();
        copy(image, sources, all);
      } finally {
        turns.release();
      }
    } else {
      throw new StartException(
          "ContainerCreating", "volumes of other containers are being copied", null);
    }
  }

  /// How many bytes they are; empty when that is more, or they are more files, than are copied in a
  /// moment.
  private static OptionalLong small(Collection<Path> sources) throws IOException {
    long bytes = 0;
    int files = 0;
    for (Path source : sources) {
      try (Stream<Path> all = Files.walk(source)) {
        for (Path each : (Iterable<Path>) all::iterator) {
          bytes +=
              Files.readAttributes(each, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                  .size();
          if (++files > SMALL_FILES_MAX || bytes > SMALL_BYTES_MAX) {
            return OptionalLong.empty();
          }
        }
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
    return OptionalLong.of(bytes);
  }

  private void copy(Image image, Map<Path, Path> sources, long bytes) throws IOException {
    long all = begun.addAndGet(bytes);
    try {
      images.requireRoom("a copy of the volumes of image " + image.name(), all);
      copy(sources);
    } finally {
      begun.addAndGet(-bytes);
    }
  }

  /// With owners, modes and times, also those of the folders themselves.
  private static void copy(Map<Path, Path> sources) throws IOException {
    List<String> command = new ArrayList<>(List.of("sh", "-c", COPY_ALL, "sh"));
    sources.forEach((own, source) -> command.addAll(List.of(source.toString(), own.toString())));
    try {
      Program.Result result = Program.run(command, "", COPIED_WITHIN);
      if (!result.ok()) {
        throw failed(result.output());
      }
    } catch (Program.HangException e) {
      throw failed("not done within %d s".formatted(COPIED_WITHIN.toSeconds()));
    }
  }

  /// Ends the copies to a container's folder that a server before this one has begun: they would
  /// write to what is being removed.
  ///
  /// @throws IOException when one does not end
  static void endCopies(Path home) throws IOException {
    if (!Files.exists(home.resolve(FOLDER))) {
      return;
    }
    for (int look = 0; ; look++) {
      List<Long> copies =
          Processes.startedWith(home.resolve(FOLDER) + "/").stream()
              .filter(each -> Processes.isAlive(each, COPY))
              .toList();
      if (copies.isEmpty()) {
        return;
      }
      if (look == Pause.LOOKS_MAX) {
        throw new IOException("copies to " + home.resolve(FOLDER) + " do not end: " + copies);
      }
      copies.forEach(Processes::killTree);
      Pause.brief();
    }
  }

  private static StartException failed(String why) {
    return refused("taking runtime copy of volume: " + why);
  }

  private static StartException refused(String why) {
    return new StartException("CreateContainerError", why, null);
  }
}
