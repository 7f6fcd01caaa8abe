// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import dev.havn.node.csi.VolumeFigures;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// What a pod took of the disk when it was last measured.
///
/// @param roots by container: what it wrote outside of volumes; those that nobody can measure are
///   absent
/// @param logs by container
/// @param volumes that no driver measures
record PodDisk(Instant at, Map<String, Use> roots, Map<String, Use> logs, List<OfVolume> volumes) {

  /// @param files that there are, with folders
  record Use(long bytes, long files) {
    static final Use NONE = new Use(0, 0);

    Use and(Use other) {
      return new Use(bytes + other.bytes, files + other.files);
    }
  }

  /// @param isOfDisk whether the pod's limits of ephemeral storage count it
  record OfVolume(VolumeFigures figures, boolean isOfDisk) {}

  List<VolumeFigures> figures() {
    return volumes.stream().map(OfVolume::figures).toList();
  }

  /// Of all that goes with the pod.
  Use ephemeral() {
    Use all = Use.NONE;
    for (Use each : roots.values()) {
      all = all.and(each);
    }
    for (Use each : logs.values()) {
      all = all.and(each);
    }
    for (OfVolume each : volumes) {
      if (each.isOfDisk()) {
        all = all.and(new Use(each.figures().bytes().used(), each.figures().inodes().used()));
      }
    }
    return all;
  }
}
