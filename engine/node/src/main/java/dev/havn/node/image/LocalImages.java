// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.IOException;
import java.util.Optional;

/// The images that containers of a node are made from.
public interface LocalImages {
  /// An image by one of its names; empty when it is not here.
  Optional<ImageStore.Image> find(String name);

  /// Asks for room on their disk, which containers write to, too.
  ///
  /// @param what needs it
  /// @throws IOException when others would have too little left
  void requireRoom(String what, long bytes) throws IOException;
}
