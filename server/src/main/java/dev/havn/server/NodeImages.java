// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.Keyring;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageCollector;
import dev.havn.node.image.ImageCollector.Collected;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Reference;
import dev.havn.node.registry.Registries;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// The images of the nodes of this process, which share them, and what the command line does with
/// them.
final class NodeImages implements Images, ImageCommands, AutoCloseable {
  private static final int ID_SHOWN = 12;

  private final ImageStore store;
  private final ImageAccess access;
  private final Registries registries;
  private final ImageCollector collector;
  private final boolean simulated;

  /// @param simulated whether any image is as good as another
  NodeImages(Path folder, RegistriesFile file, World world, boolean simulated) {
    this.store = new ImageStore(folder);
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
  public JsonNode load(Path file) {
    try {
      ArrayNode loaded = JsonNodeFactory.instance.arrayNode();
      for (String name : store.load(file)) {
        store.id(name).ifPresent(access::preloaded);
        loaded.addObject().put("name", name);
      }
      return loaded;
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public JsonNode pull(String name) {
    try {
      Reference reference = Reference.parse(name);
      Pulled pulled = registries.pull(reference, Keyring.EMPTY);
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      all.addObject()
          .put("name", reference.full())
          .put("id", store.find(name).map(ImageStore.Image::id).orElse(""))
          .put("bytes", pulled.bytes())
          .put("milliseconds", pulled.took().toMillis());
      return all;
    } catch (Reference.InvalidNameException e) {
      throw new StartException("'" + name + "' is no name of an image: " + e.getMessage(), e);
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public JsonNode list() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (ImageStore.Kept each : store.all()) {
      List<String> tags = each.names().stream().filter(name -> !name.contains("@")).toList();
      for (String name : tags.isEmpty() ? each.names() : tags) {
        ObjectNode image = list.addObject();
        image.put("name", name).put("id", each.id().substring(0, ID_SHOWN));
        image.put("bytes", each.bytes()).put("since", each.since().toString());
      }
    }
    return list;
  }

  @Override
  public JsonNode remove(String name, Predicate<String> isUsed) {
    String id = store.id(name).orElse(name);
    if (isUsed.test(name) || isUsed.test(id)) {
      throw new StartException("image " + name + " is in use by a container: delete its pod first");
    }
    if (!store.remove(name)) {
      throw new StartException(
          "there is no image " + name + ": `havn image list` shows what there is");
    }
    forgetAccess();
    ArrayNode removed = JsonNodeFactory.instance.arrayNode();
    removed.addObject().put("name", name);
    return removed;
  }

  private void forgetAccess() {
    access.keep(() -> List.copyOf(store.list().values()));
  }

  @Override
  public void close() {
    registries.close();
  }
}
