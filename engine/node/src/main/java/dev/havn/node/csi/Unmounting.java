// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import java.io.IOException;
import java.util.Optional;

/// Takes a volume from a pod, and from the node when nobody else has it.
final class Unmounting {
  private final KubeletFolder folder;
  private final VolumePlaces places;
  private final Drivers drivers;

  Unmounting(KubeletFolder folder, VolumePlaces places, Drivers drivers) {
    this.folder = folder;
    this.places = places;
    this.drivers = drivers;
  }

  private Drivers.Registered registered(VolumePlaces.Placed placed) throws CsiException {
    Optional<Drivers.Registered> found = drivers.find(placed.driver());
    return found.orElseThrow(
        () ->
            new CsiException(
                "kubernetes.io/csi: Unmounter.TearDownAt failed to get CSI client: driver name %s not found in the list of registered CSI drivers"
                    .formatted(placed.driver())));
  }

  /// @throws CsiException when the driver does not let go of it
  void unpublish(VolumePlaces.Placed placed) throws CsiException, IOException {
    Drivers.Registered registered = registered(placed);
    registered
        .driver()
        .unpublish(placed.handle(), folder.named(placed.target(), registered.endpoint()));
    places.removeTarget(placed);
  }

  /// Unstages what is staged of a volume, if nobody has it.
  ///
  /// @return whether somebody has it
  boolean unstageUnused(String uniqueName) throws CsiException, IOException {
    for (VolumePlaces.Placed each : places.published()) {
      if (each.uniqueName().equals(uniqueName)) {
        return true;
      }
    }
    for (VolumePlaces.Placed each : places.staged()) {
      if (each.uniqueName().equals(uniqueName)) {
        unstage(each);
      }
    }
    return false;
  }

  private void unstage(VolumePlaces.Placed placed) throws CsiException, IOException {
    Drivers.Registered registered = registered(placed);
    if (registered.driver().capabilities().contains(Type.STAGE_UNSTAGE_VOLUME)) {
      registered
          .driver()
          .unstage(placed.handle(), folder.named(placed.target(), registered.endpoint()));
    }
    places.removeStaging(placed);
  }

  /// What is noted of a block volume that is not staged, when the last pod has lost it.
  void forget(VolumePlaces.Placed placed) throws IOException {
    if (placed.isBlock()) {
      places.removeNote(placed.name());
    }
  }
}
