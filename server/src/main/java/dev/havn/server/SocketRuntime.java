// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.credential.Keyring;
import dev.havn.node.cri.CriClient;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Reference;
import dev.havn.node.runtime.CriImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A runtime at its socket, which has the images.
///
/// @param client to be closed with it
record SocketRuntime(CriClient client, CriImages images)
    implements ImageCommands.Stock, AutoCloseable {
  /// @param socket at which it listens
  /// @param access folder of what is known of who may use images
  /// @throws StartException says what to install or to change
  static SocketRuntime open(Path socket, Path access, RegistriesFile registries, World world) {
    try {
      CriClient client = CriClient.connect(socket, world.executor());
      return new SocketRuntime(
          client,
          new CriImages(
              client, new ImageAccess(access), registries.settings(world).node(), world.clock()));
    } catch (IOException e) {
      throw new StartException("runtime containerd: " + e.getMessage(), e);
    }
  }

  @Override
  public List<String> load(Path file) {
    return images.load(file);
  }

  @Override
  public Pulled pull(Reference name) {
    return images.pull(name, Keyring.EMPTY);
  }

  @Override
  public Optional<String> idOf(String name) {
    return images.idOf(name);
  }

  @Override
  public List<ImageStore.Kept> all() {
    return images.all();
  }

  @Override
  public boolean remove(String name) {
    return images.remove(name);
  }

  @Override
  public void close() {
    client.close();
  }
}
