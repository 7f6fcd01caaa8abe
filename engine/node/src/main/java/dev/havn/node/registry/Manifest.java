// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// What an image is made of, in the formats of Docker (schema 2) and of OCI.
record Manifest(Descriptor config, List<Descriptor> layers) {
  /// The media types that a registry is asked for.
  static final List<String> TYPES =
      List.of(
          "application/vnd.oci.image.index.v1+json",
          "application/vnd.oci.image.manifest.v1+json",
          "application/vnd.docker.distribution.manifest.list.v2+json",
          "application/vnd.docker.distribution.manifest.v2+json");

  private static final long BLOB_BYTES_MAX = 64L << 30;
  private static final int LAYERS_MAX = 512;

  /// A piece of an image.
  record Descriptor(String mediaType, String digest, long bytes) {
    static Descriptor of(JsonNode json) throws IOException {
      String digest = json.path("digest").asText("");
      long bytes = json.path("size").asLong(-1);
      if (!digest.matches("sha256:[0-9a-f]{64}")) {
        throw new RegistryException("unknown digest '" + digest + "'");
      }
      if (bytes < 0 || bytes > BLOB_BYTES_MAX) {
        throw new RegistryException(digest + " has an impossible size of " + bytes + " bytes");
      }
      return new Descriptor(json.path("mediaType").asText(""), digest, bytes);
    }
  }

  static boolean isIndex(JsonNode json) {
    return json.path("manifests").isArray();
  }

  static Manifest of(JsonNode json, String digest) throws IOException {
    if (json.path("schemaVersion").asInt(2) == 1) {
      throw new RegistryException(
          "media type \"application/vnd.docker.distribution.manifest.v1+prettyjws\" is no longer"
              + " supported: the image must be pushed anew");
    }
    if (!json.path("config").isObject() || json.path("layers").size() > LAYERS_MAX) {
      throw new RegistryException(digest + " is no manifest of an image");
    }
    List<Descriptor> layers = new ArrayList<>();
    for (JsonNode each : json.path("layers")) {
      Descriptor layer = Descriptor.of(each);
      boolean unpackable =
          layer.mediaType().isEmpty()
              || layer.mediaType().matches(".+[.]tar([.+](gzip|zstd))?|.+[.]tar[.]gzip");
      if (!unpackable) {
        throw new RegistryException(
            digest
                + " has a layer of the type '"
                + layer.mediaType()
                + "', which is no part of an"
                + " image that runs here");
      }
      layers.add(layer);
    }
    return new Manifest(Descriptor.of(json.path("config")), layers);
  }

  /// Of an index the entry for an architecture, the plainest variant of its processor first.
  static Descriptor fitting(JsonNode index, String digest, String architecture) throws IOException {
    Set<String> others = new TreeSet<>();
    List<JsonNode> fitting = new ArrayList<>();
    for (JsonNode each : index.path("manifests")) {
      JsonNode platform = each.path("platform");
      String name = platform.path("os").asText("") + "/" + platform.path("architecture").asText("");
      boolean fits = platform.isMissingNode() || name.equals("linux/" + architecture);
      if (fits && rank(platform, architecture) >= 0) {
        fitting.add(each);
      } else if (!name.startsWith("unknown")) {
        others.add(name);
      }
    }
    if (fitting.isEmpty()) {
      throw new RegistryException(
          "no match for platform in manifest %s: not found (linux/%s is wanted, there are %s)"
              .formatted(digest, architecture, others));
    }
    fitting.sort(Comparator.comparingInt(each -> rank(each.path("platform"), architecture)));
    return Descriptor.of(fitting.getFirst());
  }

  /// The best is 0; below 0 a machine may be unable to run it.
  private static int rank(JsonNode platform, String architecture) {
    String variant = platform.path("variant").asText("");
    return switch (architecture) {
      case "amd64" -> variant.isEmpty() || variant.equals("v1") ? 0 : -1;
      case "arm64" -> variant.isEmpty() || variant.equals("v8") ? 0 : -1;
      default -> List.of("v7", "", "v6", "v5").indexOf(variant);
    };
  }
}
