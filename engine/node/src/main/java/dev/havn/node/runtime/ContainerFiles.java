// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// The files of containers: a root over the image's, and the mounts of volumes.
///
/// Where a pod has users of its own, image and volumes are mounted once more with other owners, so
/// that on the disk all is as it is for any other pod. These mounts lie in a folder for each
/// container that its root may enter and nobody else, below one whose mounts are seen nowhere else.
/// runc maps owners of volumes since version 1.2, and never those of an image; no version is needed
/// here.
final class ContainerFiles {
  private static final int PASSABLE = 0711;
  private static final int OWNER_ONLY = 0700;
  private static final int READABLE = 0755;
  private static final int KIND = 0170000;
  private static final int PIPE = 0010000;

  private final Path folder;
  private final String device;

  /// @param folder of mounts with other owners: one that a restart of the machine empties
  /// @param device what the table of mounts calls a container's root
  ContainerFiles(Path folder, String device) {
    this.folder = folder;
    this.device = device;
  }

  /// The users of a pod.
  ///
  /// @param first the machine's id of its root
  /// @param namespace a file that holds its user namespace
  record Users(long first, Path namespace) {
    private void own(Path path) throws IOException {
      own(path, 0, 0);
    }

    private void own(Path path, long user, long group) throws IOException {
      Files.setAttribute(path, "unix:uid", (int) (first + user));
      Files.setAttribute(path, "unix:gid", (int) (first + group));
    }
  }

  /// Makes a container's root.
  ///
  /// @param image its files
  /// @param home has what the container writes
  Path root(String containerId, Optional<Users> users, Path image, Path home) throws IOException {
    Path upper = Files.createDirectories(home.resolve("upper"));
    Path work = Files.createDirectories(home.resolve("work"));
    Files.setAttribute(upper, "unix:mode", READABLE);
    if (users.isEmpty()) {
      Path root = Files.createDirectories(home.resolve("rootfs"));
      Files.setAttribute(root, "unix:mode", READABLE);
      Mounts.overlay(device, image, upper, work, root);
      return root;
    }
    users.get().own(upper);
    Path here = make(containerId, users.get());
    Path lower = Files.createDirectories(here.resolve("image"));
    Mounts.withOwnersOf(users.get().namespace(), image, lower, false);
    Path root = Files.createDirectories(here.resolve("rootfs"));
    Mounts.overlay(device, lower, upper, work, root);
    // The overlay keeps what it is made of.
    Mounts.detachBelow(lower);
    return root;
  }

  private synchronized Path make(String containerId, Users users) throws IOException {
    if (!Files.isDirectory(folder) || !Mounts.isMounted(folder)) {
      Files.createDirectories(folder);
      // Whatever the umask.
      Files.setAttribute(folder, "unix:mode", PASSABLE);
      Files.setAttribute(Objects.requireNonNull(folder.getParent()), "unix:mode", PASSABLE);
      Mounts.separate(folder);
    }
    Path here = Files.createDirectories(folder.resolve(containerId));
    Files.setAttribute(here, "unix:mode", OWNER_ONLY);
    users.own(here);
    return here;
  }

  /// The mounts of a container that has its root, as its users see them.
  List<Mount> mounts(String containerId, Optional<Users> users, List<Mount> mounts)
      throws IOException {
    if (users.isEmpty()) {
      return mounts;
    }
    List<Mount> mapped = new ArrayList<>();
    for (Mount each : mounts) {
      Path place = folder.resolve(containerId).resolve(String.valueOf(mapped.size()));
      if (Files.isDirectory(each.source())) {
        Files.createDirectory(place);
      } else {
        Files.createFile(place);
      }
      boolean follows = !each.propagation().equals("rprivate");
      Mounts.withOwnersOf(users.get().namespace(), each.source(), place, follows);
      List<String> options = new ArrayList<>(each.options());
      // runc mounts anew what is read-only, and would leave them out.
      options.addAll(Mounts.restrictions(place));
      mapped.add(new Mount(place, "", each.target(), each.access(), each.propagation(), options));
    }
    return mapped;
  }

  /// Gives the pipes of a container that is not started yet to its user, who may open them anew as
  /// `/dev/stdout` then: runc may not, inside.
  ///
  /// @param user of the container, with `uid` and `gid`
  static void giveStreams(Path home, Optional<Users> users, JsonNode user) throws IOException {
    Optional<Long> pid = Processes.read(home.resolve("pid"));
    if (users.isEmpty() || pid.isEmpty()) {
      return;
    }
    for (int stream = 0; stream <= 2; stream++) {
      Path pipe = Path.of("/proc", "" + pid.get(), "fd", "" + stream);
      if (((int) Files.getAttribute(pipe, "unix:mode") & KIND) == PIPE) {
        users.get().own(pipe, user.path("uid").asLong(), user.path("gid").asLong());
      }
    }
  }

  /// Takes away what a container had besides its folder.
  void remove(String containerId) throws IOException {
    Path here = folder.resolve(containerId);
    if (Files.isDirectory(here)) {
      Mounts.detachBelow(here);
      Program.must(List.of("rm", "-rf", "--one-file-system", here.toString()));
    }
  }

  void removeAll() throws IOException {
    Mounts.detachBelow(folder);
  }
}
