// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.credential.Keyring;
import dev.havn.node.cri.CriClient;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Reference;
import dev.havn.node.runtime.CriImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/// A runtime at its socket, which has the images, and what the command line does with them.
///
/// @param client to be closed with it
record SocketRuntime(CriClient client, CriImages images) implements ImageCommands, AutoCloseable {
  private static final int ID_SHOWN = 12;

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
  public JsonNode load(Path file) {
    try {
      ArrayNode loaded = JsonNodeFactory.instance.arrayNode();
      images.load(file).forEach(name -> loaded.addObject().put("name", name));
      return loaded;
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public JsonNode pull(String name) {
    try {
      Reference reference = Reference.parse(name);
      Pulled pulled = images.pull(reference, Keyring.EMPTY);
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      all.addObject()
          .put("name", reference.full())
          .put("id", images.idOf(reference.full()).orElse(""))
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
    for (ImageStore.Kept each : images.all()) {
      List<String> tags = each.names().stream().filter(name -> !name.contains("@")).toList();
      for (String name : tags.isEmpty() ? each.names() : tags) {
        ObjectNode image = list.addObject();
        image.put("name", name).put("id", each.id().substring(0, ID_SHOWN));
        image.put("bytes", each.bytes());
      }
    }
    return list;
  }

  @Override
  public JsonNode remove(String name, Predicate<String> isUsed) {
    try {
      String id = images.idOf(name).orElse(name);
      if (isUsed.test(name) || isUsed.test(id)) {
        throw new StartException(
            "image " + name + " is in use by a container: delete its pod first");
      }
      if (!images.remove(name)) {
        throw new StartException(
            "there is no image " + name + ": `havn image list` shows what there is");
      }
      ArrayNode removed = JsonNodeFactory.instance.arrayNode();
      removed.addObject().put("name", name);
      return removed;
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
