// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.credential.Keyring;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The images that a node can run and mount.
public interface Images {

  /// Whether containers can be made of it.
  boolean has(String name);

  /// Its files, which nobody may change; empty when it is not loaded.
  Optional<Path> root(String name);

  /// Whether a pod may use an image that is here without asking its registry: nobody needs a
  /// credential for it, or the pod has the one that it was pulled with.
  boolean isOpenTo(String name, Keyring pod);

  /// Fetches an image, or finds that the one here is still the one that its name means. Blocks.
  ///
  /// @param pod the credentials of whom it is for
  /// @throws ImageException in words for users
  Pulled pull(Reference name, Keyring pod);

  /// What is here, the largest first.
  List<ImageStore.Kept> all();

  /// @param took without the wait for others
  /// @param bytes of the image as its registry counts them
  record Pulled(Duration took, long bytes) {}
}
