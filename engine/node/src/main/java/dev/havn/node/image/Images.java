// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.nio.file.Path;
import java.util.Optional;

/// The images that a node can run and mount.
public interface Images {

  /// Whether containers can be made of it.
  boolean has(String name);

  /// Its files, which nobody may change; empty when it is not loaded.
  Optional<Path> root(String name);
}
