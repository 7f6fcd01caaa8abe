// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import java.nio.file.Path;
import java.util.List;

/// Where the machine has its networks.
///
/// @param configurations the folder of which the first file counts, by name
/// @param programs folders in which plugins are looked for, in this order
public record CniPlaces(Path configurations, List<Path> programs) {
  /// Where the container runtimes of Kubernetes look for plugins, and where Debian has them.
  public static final List<Path> PROGRAMS =
      List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"));
}
