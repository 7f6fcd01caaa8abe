// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageCollector.Collected;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The images that a node can run and mount.
public interface Images {

  /// Why containers of an architecture cannot be made here; empty when they can.
  default Optional<String> refusal(String architecture) {
    return architecture.equals(Platform.architecture())
        ? Optional.empty()
        : Optional.of("its runtime has images for the machine only");
  }

  /// From now on images are those of an architecture of which there is no refusal.
  default void choose(String architecture) {}

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

  /// Plugins that give credentials for the service account of a pod.
  default List<CredentialPlugin> plugins() {
    return List.of();
  }

  /// What is here, the largest first.
  List<ImageStore.Kept> all();

  /// Tells of somebody who uses images, which are not removed then.
  ///
  /// @param names any of each one's names
  void addUser(Supplier<Set<String>> names);

  /// Removes images that nobody uses: those that have been that for too long and, from a disk that
  /// is too full, as many as that takes.
  Collected collect(ImagePolicy policy, long capacityBytes, long availableBytes);

  /// Removes all images that nobody uses.
  void removeUnused(ImagePolicy policy);

  /// @param took without the wait for others
  /// @param bytes of the image as its registry counts them
  record Pulled(Duration took, long bytes) {}
}
