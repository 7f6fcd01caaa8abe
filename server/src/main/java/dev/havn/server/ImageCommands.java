// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images.Pulled;
import dev.havn.node.image.Reference;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// What the command line does with images; each answers with what it prints as JSON.
///
/// @param stock where they are
record ImageCommands(Stock stock) {
  private static final int ID_SHOWN = 12;

  /// The images of a machine.
  ///
  /// All throw an [ImageException] in words for users.
  interface Stock {
    /// @return the names in the file
    List<String> load(Path file);

    /// With the credentials of the node.
    Pulled pull(Reference name);

    /// The id of an image that is here, by its name.
    Optional<String> idOf(String name);

    List<ImageStore.Kept> all();

    /// @return whether it was there
    boolean remove(String name);
  }

  /// What is wrong with an image is the user's to mend.
  private static <T> T told(Supplier<T> work) {
    try {
      return work.get();
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  JsonNode load(Path file) {
    ArrayNode loaded = JsonNodeFactory.instance.arrayNode();
    told(() -> stock.load(file)).forEach(name -> loaded.addObject().put("name", name));
    return loaded;
  }

  JsonNode pull(String name) {
    Reference reference;
    try {
      reference = Reference.parse(name);
    } catch (Reference.InvalidNameException e) {
      throw new StartException("'" + name + "' is no name of an image: " + e.getMessage(), e);
    }
    Pulled pulled = told(() -> stock.pull(reference));
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    all.addObject()
        .put("name", reference.full())
        .put("id", told(() -> stock.idOf(reference.full())).orElse(""))
        .put("bytes", pulled.bytes())
        .put("milliseconds", pulled.took().toMillis());
    return all;
  }

  JsonNode list() {
    Map<String, List<ImageStore.Kept>> byName = new TreeMap<>();
    for (ImageStore.Kept each : told(stock::all)) {
      List<String> tags = each.names().stream().filter(name -> !name.contains("@")).toList();
      (tags.isEmpty() ? each.names() : tags)
          .forEach(name -> byName.computeIfAbsent(name, _ -> new ArrayList<>()).add(each));
    }
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    byName.forEach((name, all) -> all.forEach(each -> describe(list.addObject(), name, each)));
    return list;
  }

  private static void describe(ObjectNode image, String name, ImageStore.Kept kept) {
    image.put("name", name).put("id", kept.id().substring(0, ID_SHOWN));
    image.put("bytes", kept.bytes());
    if (kept.since().isAfter(Instant.EPOCH)) {
      image.put("since", kept.since().toString());
    }
    if (!kept.architecture().isEmpty()) {
      image.put("architecture", kept.architecture());
    }
  }

  /// @param isUsed whether a container has it, by its name or its id
  JsonNode remove(String name, Predicate<String> isUsed) {
    String id = told(() -> stock.idOf(name)).orElse(name);
    if (isUsed.test(name) || isUsed.test(id)) {
      throw new StartException("image " + name + " is in use by a container: delete its pod first");
    }
    if (!told(() -> stock.remove(name))) {
      throw new StartException(
          "there is no image " + name + ": `havn image list` shows what there is");
    }
    ArrayNode removed = JsonNodeFactory.instance.arrayNode();
    removed.addObject().put("name", name);
    return removed;
  }
}
