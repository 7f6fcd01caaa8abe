// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.util.Optional;

/// The images that containers of a node are made from.
@FunctionalInterface
public interface LocalImages {
  /// An image by one of its names; empty when it is not here.
  Optional<ImageStore.Image> find(String name);
}
