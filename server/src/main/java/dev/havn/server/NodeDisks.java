// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.controllers.volumes.Disks;
import dev.havn.node.kernel.Tree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;

/// The disks of this server's nodes: a folder for each below the data directory.
///
/// @param names of the nodes
/// @param count how many of them run
record NodeDisks(DataDirectory directory, List<String> names, int count) implements Disks {
  @Override
  public List<String> nodes() {
    return names.subList(0, Math.min(count, names.size()));
  }

  private Path folder(String node, String name) {
    if (!nodes().contains(node) || name.contains("/") || name.startsWith(".")) {
      throw new IllegalArgumentException("no volume " + name + " on node " + node);
    }
    return directory
        .path()
        .toAbsolutePath()
        .resolve("nodes")
        .resolve(node)
        .resolve("volumes")
        .resolve(name);
  }

  @Override
  public String path(String node, String name) {
    return folder(node, name).toString();
  }

  @Override
  public void create(String node, String name) {
    Path folder = folder(node, name);
    try {
      Files.createDirectories(folder);
      Files.setPosixFilePermissions(folder, EnumSet.allOf(PosixFilePermission.class));
    } catch (IOException e) {
      throw new UncheckedIOException("making the volume " + folder, e);
    }
  }

  /// Pods that have a folder above mounted may move what is in it about meanwhile.
  @Override
  public void delete(String node, String name) {
    Path folder = folder(node, name);
    if (!Files.exists(folder)) {
      return;
    }
    try {
      Tree.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("deleting the volume " + folder, e);
    }
  }
}
