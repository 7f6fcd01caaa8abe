// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressRange;
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
  private static final String ONLY_INLINED = "loadOnlyInlinedPlugins";
  private static final int PLUGINS_MAX = 100;

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
    return parse(whole(json(file), file), file.toString());
  }

  /// A list with the plugins that have files of their own: those in the folder beside it that has
  /// the network's name, by the names of the files.
  private static JsonNode whole(JsonNode source, Path file) throws IOException {
    boolean inlined = source.has(PLUGINS);
    if (!(source instanceof ObjectNode list) || (source.has("type") && !inlined)) {
      return source;
    }
    if (says(source, ONLY_INLINED)) {
      if (!inlined) {
        throw invalid(file + ": with '" + ONLY_INLINED + "' there must be 'plugins'");
      }
      return source;
    }
    Path folder = file.resolveSibling(name(source, file.toString()));
    if (!Files.isDirectory(folder)) {
      return source;
    }
    ObjectNode all = list.deepCopy();
    ArrayNode plugins = all.putArray(PLUGINS);
    source.path(PLUGINS).forEach(plugins::add);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path each : files.filter(one -> one.toString().endsWith(".conf")).sorted().toList()) {
        plugins.add(json(each));
      }
    }
    return all;
  }

  private static JsonNode json(Path file) throws IOException {
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw invalid(file + " has more than " + FILE_BYTES_MAX + " bytes");
    }
    try {
      return JSON.readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new CniException(
          CniException.CANNOT_DECODE, file + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /// @param where it stands, for errors
  static NetworkList parse(JsonNode source, String where) throws CniException {
    String name = name(source, where);
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
    if (plugins.isEmpty() || plugins.size() > PLUGINS_MAX) {
      throw invalid(
          where + (plugins.isEmpty() ? ": 'plugins' is missing or empty" : ": too many 'plugins'"));
    }
    for (ObjectNode each : plugins) {
      if (!each.path("type").asText("").matches(NAMES)) {
        throw invalid(where + ": each of 'plugins' must have a 'type', the name of a program");
      }
    }
    return new NetworkList(name, version, List.copyOf(plugins), source);
  }

  private static String name(JsonNode source, String where) throws CniException {
    String name = source.path("name").asText("");
    if (!name.matches(NAMES)) {
      throw invalid("%s: invalid characters found in network name '%s'".formatted(where, name));
    }
    return name;
  }

  private static CniException invalid(String message) {
    return new CniException(CniException.INVALID_CONFIGURATION, message);
  }

  /// Whether pods' networks may be looked at later.
  boolean isChecked() {
    return version.isAtLeast(Version.V0_4_0) && !says(source, "disableCheck");
  }

  /// Whether plugins are told which pods there still are.
  boolean isCollected() {
    return version.isAtLeast(Version.V1_1_0) && !says(source, "disableGC");
  }

  /// Whether plugins say if they are ready.
  boolean hasStatus() {
    return version.isAtLeast(Version.V1_1_0);
  }

  /// The ranges of pods' addresses as far as it says them, in the words of the plugin `host-local`,
  /// which others share.
  List<AddressRange> ranges() {
    return ipam().stream().flatMap(each -> subnet(each).stream()).toList();
  }

  /// By which pods of those ranges leave: the first address where nothing else is said.
  List<String> gateways() {
    List<String> all = new ArrayList<>();
    for (JsonNode each : ipam()) {
      String said = each.path("gateway").asText("");
      subnet(each).ifPresent(range -> all.add(said.isEmpty() ? range.address(1) : said));
    }
    return all;
  }

  private List<JsonNode> ipam() {
    List<JsonNode> all = new ArrayList<>();
    for (ObjectNode each : plugins) {
      all.add(each.path("ipam"));
      each.path("ipam").path("ranges").forEach(set -> set.forEach(all::add));
    }
    return all;
  }

  /// What is no range the plugin itself refuses.
  private static Optional<AddressRange> subnet(JsonNode range) {
    try {
      return Optional.of(range.path("subnet").asText(""))
          .filter(each -> !each.isEmpty())
          .map(AddressRange::parse);
    } catch (IllegalArgumentException none) {
      return Optional.empty();
    }
  }

  /// Whether a plugin of it wants what this capability stands for.
  boolean takes(String capability) {
    return plugins.stream().anyMatch(each -> takes(each, capability));
  }

  static boolean takes(ObjectNode plugin, String capability) {
    return plugin.path("capabilities").path(capability).asBoolean();
  }

  /// Such a switch may be a text, too.
  private static boolean says(JsonNode source, String key) {
    return source.path(key).asText("").equalsIgnoreCase("true");
  }
}
