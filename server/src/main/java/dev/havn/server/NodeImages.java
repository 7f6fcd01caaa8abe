// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.MetricsText;
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

/// The images of the nodes of this process, which share them.
final class NodeImages implements Images, ImageCommands.Stock, AutoCloseable {
  private final ImageStore store;
  private final ImageAccess access;
  private final Registries registries;
  private final ImageCollector collector;
  private final boolean simulated;

  /// @param policy which says how much of the disk others must have left
  /// @param simulated whether any image is as good as another
  NodeImages(
      Path folder, EvictionPolicy policy, RegistriesFile file, World world, boolean simulated) {
    this.store = new ImageStore(folder, policy);
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

  /// Adds the pulls that are under way to what `havn status` shows.
  void describe(ObjectNode status) {
    ArrayNode pulls = status.putArray("pulls");
    for (PullProgress.State each : registries.underWay()) {
      ObjectNode pull = pulls.addObject().put("image", each.image());
      pull.put("since", each.since().toString()).put("bytes", each.bytes());
      pull.put("bytesDone", each.bytesDone()).put("bytesPerSecond", each.bytesPerSecond());
    }
  }

  void measure(MetricsText text) {
    List<PullProgress.State> pulls = registries.underWay();
    text.metric("havn_image_pulls", "gauge", "Pulls of images that are under way.");
    text.sample("havn_image_pulls", "", pulls.size());
    text.metric("havn_image_pull_size_bytes", "gauge", "Bytes that a pull is to bring.");
    for (PullProgress.State each : pulls) {
      text.sample("havn_image_pull_size_bytes", label(each), each.bytes());
    }
    text.metric("havn_image_pull_done_bytes", "gauge", "Bytes that a pull has brought.");
    for (PullProgress.State each : pulls) {
      text.sample("havn_image_pull_done_bytes", label(each), each.bytesDone());
    }
  }

  private static String label(PullProgress.State pull) {
    return "image=\"" + pull.image() + "\"";
  }

  private void forgetAccess() {
    access.keep(() -> List.copyOf(store.list().values()));
  }

  @Override
  public void close() {
    registries.close();
  }
}
