// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/// In which order a container's volumes are mounted, so that none hides another: those at places
/// with fewer parts first, those with as many in the order in which they are given. As containerd
/// does it, a root counts as a place with one part.
final class MountOrder {
  private MountOrder() {}

  static List<Mount> of(List<Mount> mounts) {
    return mounts.stream().sorted(Comparator.comparingInt(MountOrder::parts)).toList();
  }

  private static int parts(Mount mount) {
    return Math.max(1, Path.of(target(mount)).getNameCount());
  }

  /// The place of a mount in its shortest spelling.
  static String target(Mount mount) {
    return Path.of("/").resolve(mount.target()).normalize().toString();
  }
}
