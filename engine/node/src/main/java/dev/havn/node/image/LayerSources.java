// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// As what a layer once came and became what it is, in a file of the layer's folder. Layers of
/// older versions have none. Not for several threads.
///
/// @param layer its folder
record LayerSources(Path layer) {
  private static final Logger LOG = LoggerFactory.getLogger(LayerSources.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "sources";

  /// More than the registries and the ways to compress it; of more the last ones are kept.
  private static final int SOURCES_MAX = 64;

  boolean contains(LayerSource source) {
    return all().contains(source);
  }

  void add(LayerSource source) throws IOException {
    List<LayerSource> all = new ArrayList<>(all());
    if (all.contains(source)) {
      return;
    }
    all.add(source);
    ObjectNode record = JSON.createObjectNode();
    ArrayNode kept = record.putArray(FILE);
    for (LayerSource each : all.subList(Math.max(0, all.size() - SOURCES_MAX), all.size())) {
      kept.addObject().put("host", each.host()).put("blob", each.blob());
    }
    Path fresh = layer.resolve(FILE + ".new");
    Files.writeString(fresh, record.toString());
    Files.move(fresh, layer.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
  }

  /// What cannot be read is not known, so that the layer is fetched again.
  private List<LayerSource> all() {
    List<LayerSource> all = new ArrayList<>();
    try {
      for (JsonNode each : JSON.readTree(Files.readAllBytes(layer.resolve(FILE))).path(FILE)) {
        all.add(new LayerSource(each.path("host").asText(), each.path("blob").asText()));
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      LOG.warn("where the layer in {} came from cannot be read: {}", layer, e.getMessage());
      return List.of();
    }
    return all;
  }
}
