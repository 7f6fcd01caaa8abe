// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.protocol.csi.NodeGetVolumeStatsResponse;
import dev.havn.node.protocol.csi.VolumeUsage;
import java.time.Instant;

/// How full a volume is, as its driver says, or as it was measured.
///
/// @param name of the PersistentVolume, or of the volume in its pod
/// @param claim `NAMESPACE/NAME` of the claim, empty for one that a pod describes
/// @param at when the driver was asked
public record VolumeFigures(String name, String claim, Instant at, Amount bytes, Amount inodes) {
  /// Zero where a driver does not say.
  public record Amount(long available, long total, long used) {
    public static final Amount NONE = new Amount(0, 0, 0);
  }

  static VolumeFigures of(CsiVolume volume, NodeGetVolumeStatsResponse answer, Instant at) {
    Amount bytes = Amount.NONE;
    Amount inodes = Amount.NONE;
    for (VolumeUsage each : answer.getUsageList()) {
      Amount amount = new Amount(each.getAvailable(), each.getTotal(), each.getUsed());
      switch (each.getUnit()) {
        case BYTES -> bytes = amount;
        case INODES -> inodes = amount;
        case UNKNOWN, UNRECOGNIZED -> {}
      }
    }
    return new VolumeFigures(volume.name(), volume.claim(), at, bytes, inodes);
  }
}
