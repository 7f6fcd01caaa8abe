// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageCollector;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Reference;
import dev.havn.node.registry.PullProgress;
import dev.havn.node.registry.Registries;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The images of one architecture, which the nodes of this process share.
final class NodeImages implements Images, ImageCommands.Stock, AutoCloseable {
  private final ImageStore store;
  private final ImageAccess access;
  private final Registries registries;
  private final ImageCollector collector;
  private final boolean simulated;

  /// @param architecture that they are for
  /// @param policy which says how much of the disk others must have left
  /// @param simulated whether any image is as good as another
  NodeImages(
      Path folder,
      String architecture,
      EvictionPolicy policy,
      RegistriesFile file,
      World world,
      boolean simulated) {
    this.store = new ImageStore(folder, policy, architecture);
    this.access = new ImageAccess(folder.resolve("access"));
    this.registries = new Registries(store, access, file.settings(world));
    this.collector = new ImageCollector(store, access::isPreloaded, world.clock());
    this.simulated = simulated;
  }

  ImageStore store() {
    return store;
  }

  @Override
  public boolean has(String name) {
    return simulated || store.find(name).isPresent();
  }

  @Override
  public Optional<Path> root(String name) {
    return store.find(name).map(ImageStore.Image::rootfs);
  }

  @Override
  public boolean isOpenTo(String name, Keyring pod) {
    return simulated || registries.isOpenTo(Reference.parse(name), pod);
  }

  @Override
  public Pulled pull(Reference name, Keyring pod) {
    return registries.pull(name, pod);
  }

  @Override
  public List<CredentialPlugin> plugins() {
    return registries.plugins();
  }

  @Override
  public List<ImageStore.Kept> all() {
    return store.all().stream()
        .sorted((one, other) -> Long.compare(other.bytes(), one.bytes()))
        .toList();
  }

  @Override
  public void addUser(Supplier<Set<String>> names) {
    collector.addUser(names);
  }

  @Override
  public Collected collect(ImagePolicy policy, long capacityBytes, long availableBytes) {
    Collected collected = collector.collect(policy, capacityBytes, availableBytes);
    if (collected.bytes() > 0) {
      forgetAccess();
    }
    return collected;
  }

  @Override
  public void removeUnused(ImagePolicy policy) {
    if (collector.removeUnused(policy) > 0) {
      forgetAccess();
    }
  }

  @Override
  public List<String> load(Path file) {
    List<String> names = store.load(file);
    names.forEach(name -> store.id(name).ifPresent(access::preloaded));
    return names;
  }

  @Override
  public Pulled pull(Reference name) {
    return pull(name, Keyring.EMPTY);
  }

  @Override
  public Optional<String> idOf(String name) {
    return store.id(name);
  }

  @Override
  public boolean remove(String name) {
    boolean wasThere = store.remove(name);
    if (wasThere) {
      forgetAccess();
    }
    return wasThere;
  }

  /// The pulls.
  List<PullProgress.State> underWay() {
    return registries.underWay();
  }

  private void forgetAccess() {
    access.keep(() -> List.copyOf(store.list().values()));
  }

  @Override
  public void close() {
    registries.close();
  }
}
