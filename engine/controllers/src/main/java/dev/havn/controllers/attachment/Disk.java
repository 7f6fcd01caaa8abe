// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.attachment;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// A volume of a CSI driver.
///
/// @param volume name of the PersistentVolume
/// @param isShareable whether several nodes may have it at once
record Disk(String volume, String driver, String handle, boolean isShareable) {
  /// Empty for a volume that no driver provides.
  static Optional<Disk> of(PersistentVolume volume) {
    return Optional.ofNullable(volume.getSpec().getCsi())
        .map(
            csi ->
                new Disk(
                    volume.getMetadata().getName(),
                    csi.getDriver(),
                    csi.getVolumeHandle(),
                    List.of("ReadWriteMany", "ReadOnlyMany").stream()
                        .anyMatch(volume.getSpec().getAccessModes()::contains)));
  }

  /// As nodes call it in their status.
  String uniqueName() {
    return "kubernetes.io/csi/" + driver + "^" + handle;
  }

  /// The name of the VolumeAttachment, by which node and driver find it.
  String attachment(String node) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest((handle + driver + node).getBytes(StandardCharsets.UTF_8));
      return "csi-" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
