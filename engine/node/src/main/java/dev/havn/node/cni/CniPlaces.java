// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import dev.havn.addresses.AddressRange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where the machine has its networks.
///
/// @param configurations the folder of which the first file counts, by name
/// @param programs folders in which plugins are looked for, in this order
public record CniPlaces(Path configurations, List<Path> programs) {
  /// Where the container runtimes of Kubernetes look for plugins, and where Debian has them.
  public static final List<Path> PROGRAMS =
      List.of(Path.of("/opt/cni/bin"), Path.of("/usr/lib/cni"));

  private static final Logger LOG = LoggerFactory.getLogger(CniPlaces.class);

  /// The ranges of pods' addresses that the configuration names, as far as that is known. One that
  /// cannot be read names none: then no pod gets an address either, and the node says why.
  public List<AddressRange> ranges() {
    try {
      return NetworkList.first(configurations).map(NetworkList::ranges).orElse(List.of());
    } catch (IOException e) {
      LOG.debug("the ranges of {} are not known", configurations, e);
      return List.of();
    }
  }
}
