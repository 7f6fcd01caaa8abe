// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.runtime.ContainerRuntime.StartException;

/// The images that containers are made from.
record LoadedImages(LocalImages store) {
  /// @throws StartException when it is not loaded
  Image find(String name) {
    return store
        .find(name)
        .orElseThrow(
            () -> new StartException("ErrImagePull", "image " + name + " is not loaded", null));
  }
}
