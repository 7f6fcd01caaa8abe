// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A network as its configuration says it (specification, section 1): plugins that each pod is
/// shown to, one after another.
///
/// @param source all that the configuration says
record NetworkList(String name, Version version, List<ObjectNode> plugins, JsonNode source) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FILE_BYTES_MAX = 1 << 20;
  private static final String NAMES = "[a-zA-Z0-9][a-zA-Z0-9_.-]*";
  private static final String PLUGINS = "plugins";

  /// The network of a folder: that of its first file by name, as with other runtimes; empty when
  /// there is none.
  static Optional<NetworkList> first(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    Optional<Path> file;
    try (Stream<Path> files = Files.list(folder)) {
      file =
          files
              .filter(each -> each.toString().matches(".*\\.(conf|conflist|json)"))
              .filter(Files::isRegularFile)
              .sorted()
              .findFirst();
    }
    return file.isEmpty() ? Optional.empty() : Optional.of(read(file.get()));
  }

  private static NetworkList read(Path file) throws IOException {
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw invalid(file + " has more than " + FILE_BYTES_MAX + " bytes");
    }
    try {
      return parse(JSON.readTree(Files.readString(file)), file.toString());
    } catch (JsonProcessingException e) {
      throw new CniException(
          CniException.CANNOT_DECODE, file + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /// @param where it stands, for errors
  static NetworkList parse(JsonNode source, String where) throws CniException {
    String name = source.path("name").asText("");
    if (!name.matches(NAMES)) {
      throw invalid("%s: invalid characters found in network name '%s'".formatted(where, name));
    }
    List<String> versions = new ArrayList<>(List.of(source.path("cniVersion").asText("")));
    source.path("cniVersions").forEach(each -> versions.add(each.asText()));
    Version version = Version.newest(versions, where);
    List<ObjectNode> plugins = new ArrayList<>();
    if (!source.has(PLUGINS) && source.has("type")) {
      plugins.add((ObjectNode) source);
    }
    for (JsonNode each : source.path(PLUGINS)) {
      if (!(each instanceof ObjectNode plugin)) {
        throw invalid(where + ": each of 'plugins' must be an object");
      }
      plugins.add(plugin);
    }
    if (plugins.isEmpty()) {
      throw invalid(where + ": 'plugins' is missing or empty");
    }
    for (ObjectNode each : plugins) {
      if (!each.path("type").asText("").matches(NAMES)) {
        throw invalid(where + ": each of 'plugins' must have a 'type', the name of a program");
      }
    }
    return new NetworkList(name, version, List.copyOf(plugins), source);
  }

  private static CniException invalid(String message) {
    return new CniException(CniException.INVALID_CONFIGURATION, message);
  }

  /// Whether pods' networks may be looked at later.
  boolean isChecked() {
    return version.isAtLeast(Version.V0_4_0) && !says("disableCheck");
  }

  /// Whether plugins are told which pods there still are.
  boolean isCollected() {
    return version.isAtLeast(Version.V1_1_0) && !says("disableGC");
  }

  /// Whether plugins say if they are ready.
  boolean hasStatus() {
    return version.isAtLeast(Version.V1_1_0);
  }

  /// Such a switch may be a text, too.
  private boolean says(String key) {
    return source.path(key).asText("").equalsIgnoreCase("true");
  }
}
