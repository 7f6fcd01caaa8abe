// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// An image in an archive, its parts not yet believed.
///
/// @param id the digest of its configuration, without its algorithm
/// @param diffIds the digests of its layers when uncompressed, as many as there are layers
record ArchivedImage(
    String id, Path config, List<Path> layers, List<String> diffIds, List<String> names) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LAYERS_MAX = 512;
  private static final int INDEXES_MAX = 4;
  private static final String NAME = "io.containerd.image.name";
  private static final String REFERENCE = "org.opencontainers.image.ref.name";

  static List<ArchivedImage> all(Archive archive, String architecture) throws IOException {
    List<ArchivedImage> found =
        archive.has("manifest.json")
            ? dockerArchive(archive, architecture)
            : ociLayout(archive, architecture);
    if (found.isEmpty()) {
      throw new IOException("no image in it");
    }
    return found;
  }

  private static List<ArchivedImage> dockerArchive(Archive archive, String architecture)
      throws IOException {
    List<ArchivedImage> found = new ArrayList<>();
    for (JsonNode manifest : archive.json("manifest.json")) {
      List<Path> layers = new ArrayList<>();
      for (JsonNode layer : manifest.path("Layers")) {
        layers.add(archive.file(layer.asText()));
      }
      List<String> names = new ArrayList<>();
      manifest.path("RepoTags").forEach(tag -> names.add(tag.asText()));
      found.add(of(archive.file(manifest.path("Config").asText()), layers, names, architecture));
    }
    return found;
  }

  private static ArchivedImage of(Path config, List<Path> layers, List<String> names, String wanted)
      throws IOException {
    JsonNode document = JSON.readTree(config.toFile());
    List<String> diffIds = new ArrayList<>();
    document.path("rootfs").path("diff_ids").forEach(each -> diffIds.add(each.asText()));
    if (layers.size() != diffIds.size() || layers.size() > LAYERS_MAX) {
      throw new IOException(
          "%d layers, but %d in its configuration".formatted(layers.size(), diffIds.size()));
    }
    String architecture = document.path("architecture").asText(wanted);
    String system = document.path("os").asText("linux");
    if (!architecture.equals(wanted) || !system.equals("linux")) {
      throw unfit(wanted, Set.of(system + "/" + architecture));
    }
    String id = Digests.of(config);
    List<String> all = names.isEmpty() ? List.of("sha256-" + id.substring(0, 12)) : names;
    return new ArchivedImage(id, config, layers, diffIds, all);
  }

  private static IOException unfit(String wanted, Set<String> platforms) {
    return new IOException("no image for linux/" + wanted + " in it, only for " + platforms);
  }

  private static List<ArchivedImage> ociLayout(Archive archive, String architecture)
      throws IOException {
    List<ArchivedImage> found = new ArrayList<>();
    for (JsonNode entry : fitting(archive.json("index.json"), architecture)) {
      JsonNode annotations = entry.path("annotations");
      String name = annotations.path(NAME).asText(annotations.path(REFERENCE).asText(""));
      JsonNode manifest = archive.jsonBlob(entry);
      for (int i = 0; manifest.has("manifests"); i++) {
        if (i == INDEXES_MAX) {
          throw new IOException("indexes in indexes in indexes");
        }
        manifest = archive.jsonBlob(fitting(manifest, architecture).getFirst());
      }
      List<Path> layers = new ArrayList<>();
      for (JsonNode layer : manifest.path("layers")) {
        layers.add(archive.blob(layer));
      }
      found.add(
          of(
              archive.blob(manifest.path("config")),
              layers,
              name.isEmpty() ? List.of() : List.of(name),
              architecture));
    }
    return found;
  }

  /// Of an index the entries for an architecture; those that do not say are.
  private static List<JsonNode> fitting(JsonNode index, String wanted) throws IOException {
    List<JsonNode> fitting = new ArrayList<>();
    Set<String> others = new TreeSet<>();
    for (JsonNode entry : index.path("manifests")) {
      JsonNode platform = entry.path("platform");
      String architecture = platform.path("architecture").asText(wanted);
      String system = platform.path("os").asText("linux");
      if (architecture.equals(wanted) && system.equals("linux")) {
        fitting.add(entry);
      } else {
        others.add(system + "/" + architecture);
      }
    }
    if (fitting.isEmpty() && !others.isEmpty()) {
      throw unfit(wanted, others);
    }
    if (fitting.isEmpty()) {
      throw new IOException("no image in it");
    }
    return fitting;
  }
}
