// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.LocalImages;
import dev.havn.node.image.Platform;
import dev.havn.node.image.Reference;
import dev.havn.node.kernel.ForeignPrograms;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The images of a node: those of its architecture, which may become another while it runs. For
/// many threads.
final class ImagesOfNode implements Images, LocalImages {
  private final SharedImages shared;
  private final boolean simulated;
  private volatile NodeImages chosen;

  /// @param simulated whether nothing is run, so that any architecture will do
  ImagesOfNode(SharedImages shared, boolean simulated) {
    this.shared = shared;
    this.simulated = simulated;
    this.chosen = shared.of(Platform.architecture());
  }

  @Override
  public Optional<String> refusal(String architecture) {
    return simulated || architecture.equals(Platform.architecture())
        ? Optional.empty()
        : ForeignPrograms.ofMachine().refusal(architecture);
  }

  @Override
  public void choose(String architecture) {
    if (!simulated) {
      chosen = shared.of(architecture);
    }
  }

  @Override
  public Optional<ImageStore.Image> find(String name) {
    return chosen.store().find(name);
  }

  @Override
  public void requireRoom(String what, long bytes) throws IOException {
    chosen.store().requireRoom(what, bytes);
  }

  @Override
  public boolean has(String name) {
    return chosen.has(name);
  }

  @Override
  public Optional<Path> root(String name) {
    return chosen.root(name);
  }

  @Override
  public boolean isOpenTo(String name, Keyring pod) {
    return chosen.isOpenTo(name, pod);
  }

  @Override
  public Pulled pull(Reference name, Keyring pod) {
    return chosen.pull(name, pod);
  }

  @Override
  public List<CredentialPlugin> plugins() {
    return chosen.plugins();
  }

  @Override
  public List<ImageStore.Kept> all() {
    return chosen.all();
  }

  @Override
  public void addUser(Supplier<Set<String>> names) {
    shared.addUser(names);
  }

  @Override
  public Collected collect(ImagePolicy policy, long capacityBytes, long availableBytes) {
    return chosen.collect(policy, capacityBytes, availableBytes);
  }

  @Override
  public void removeUnused(ImagePolicy policy) {
    chosen.removeUnused(policy);
  }
}
