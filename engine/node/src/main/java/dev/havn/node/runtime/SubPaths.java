// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Beneath;
import dev.havn.node.kernel.Descriptor;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The sub paths of volumes that a container mounts, held while the container is made: another
/// container of the volume could put a link to a path of the machine in their place.
final class SubPaths implements AutoCloseable {
  private final Path home;
  private final List<Mount> mounts;
  private final Map<Mount, Descriptor> held = new LinkedHashMap<>();

  private SubPaths(Path home, List<Mount> mounts) {
    this.home = home;
    this.mounts = mounts;
  }

  /// @param home the container's folder, which no container sees
  static SubPaths hold(Path home, List<Mount> mounts) throws IOException {
    SubPaths paths = new SubPaths(home, mounts);
    for (Mount each : mounts) {
      if (!each.subPath().isEmpty()) {
        paths.open(each);
      }
    }
    return paths;
  }

  private void open(Mount mount) throws IOException {
    try {
      held.put(mount, Beneath.open(mount.source(), mount.subPath()));
    } catch (IOException e) {
      close();
      throw new StartException(
          "CreateContainerConfigError",
          "failed to prepare subPath " + mount.subPath() + ": " + e.getMessage(),
          e);
    }
  }

  Optional<Descriptor> of(Mount mount) {
    return Optional.ofNullable(held.get(mount));
  }

  /// Mounts what is held where only the node reaches it.
  ///
  /// @return the mounts of the container, each from a place that nobody else can change
  List<Mount> bind() throws IOException {
    List<Mount> bound = new ArrayList<>();
    for (Mount each : mounts) {
      Descriptor source = held.get(each);
      if (source == null) {
        bound.add(each);
        continue;
      }
      Path place = place(bound.size());
      Files.createDirectories(stage());
      if (source.isFolder()) {
        Files.createDirectory(place);
      } else {
        Files.createFile(place);
      }
      String from = source.path().toString();
      Program.must(List.of("mount", "--no-canonicalize", "--rbind", from, place.toString()));
      bound.add(
          new Mount(place, "", each.target(), each.access(), each.propagation(), each.options()));
    }
    return bound;
  }

  private Path stage() {
    return home.resolve("mounts");
  }

  private Path place(int number) {
    return stage().resolve(String.valueOf(number));
  }

  /// The container has mounts of its own by now.
  @Override
  public void close() throws IOException {
    for (Descriptor each : held.values()) {
      each.close();
    }
    if (Files.isDirectory(stage())) {
      Mounts.detachBelow(stage());
    }
  }
}
