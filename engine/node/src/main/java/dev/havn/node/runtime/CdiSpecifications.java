// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// What files of the Container Device Interface, version 1.1 and before, say of devices. They are
/// read each time: they come and go with their plugins. A device of a later folder hides those of
/// the same name in earlier ones; one that two files of a folder describe is none.
final class CdiSpecifications {
  private static final Logger LOG = LoggerFactory.getLogger(CdiSpecifications.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FILES_MAX = 500;
  private static final int FILE_BYTES_MAX = 3 << 20;
  private static final Pattern VERSION = Pattern.compile("v?(0\\.[1-8]\\.0|1\\.[01]\\.0)");

  /// `VENDOR/CLASS=NAME`.
  private static final Pattern NAME =
      Pattern.compile(
          "([A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?)=([A-Za-z0-9][A-Za-z0-9_.:-]*)");

  private final List<Path> folders;

  /// @param folders the last one counts most
  CdiSpecifications(List<Path> folders) {
    this.folders = folders;
  }

  /// Where all runtimes look.
  static CdiSpecifications ofMachine() {
    return new CdiSpecifications(List.of(Path.of("/etc/cdi"), Path.of("/var/run/cdi")));
  }

  /// @param file that describes it
  private record Found(Path file, JsonNode specification, JsonNode device) {}

  /// What the specifications of devices change in a container: those of a file once, before those
  /// of its first device.
  ///
  /// @param names qualified
  /// @throws StartException when one is not described
  List<JsonNode> edits(List<String> names) {
    List<List<Found>> all = new ArrayList<>();
    for (Path each : folders.reversed()) {
      all.add(read(each));
    }
    List<JsonNode> edits = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    Set<Path> files = new LinkedHashSet<>();
    for (String name : new LinkedHashSet<>(names)) {
      @Nullable Found found = find(all, name);
      if (found == null) {
        unknown.add(name);
      } else {
        if (files.add(found.file())) {
          edits.add(found.specification().path("containerEdits"));
        }
        edits.add(found.device().path("containerEdits"));
      }
    }
    if (!unknown.isEmpty()) {
      throw new StartException(
          "CreateContainerError",
          "CDI device injection failed: unresolvable CDI devices " + String.join(", ", unknown),
          null);
    }
    return edits;
  }

  private static @Nullable Found find(List<List<Found>> all, String name) {
    for (List<Found> folder : all) {
      List<Found> same = folder.stream().filter(each -> name(each).equals(name)).toList();
      if (!same.isEmpty()) {
        return same.size() == 1 ? same.getFirst() : null;
      }
    }
    return null;
  }

  private static String name(Found found) {
    return found.specification().path("kind").asText() + "=" + found.device().path("name").asText();
  }

  private static List<Found> read(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> files;
    try (Stream<Path> inside = Files.list(folder)) {
      files = inside.filter(CdiSpecifications::isSpecification).sorted().limit(FILES_MAX).toList();
    } catch (IOException e) {
      LOG.warn("devices of {} are not known: {}", folder, e.toString());
      return List.of();
    }
    List<Found> found = new ArrayList<>();
    for (Path file : files) {
      specification(file)
          .ifPresent(
              read -> read.path("devices").forEach(each -> found.add(new Found(file, read, each))));
    }
    return found;
  }

  private static boolean isSpecification(Path file) {
    String name = file.getFileName().toString();
    return (name.endsWith(".json") || name.endsWith(".yaml") || name.endsWith(".yml"))
        && Files.isRegularFile(file);
  }

  /// One that cannot be read keeps nobody else's from being read.
  private static Optional<JsonNode> specification(Path file) {
    try {
      JsonNode read = parse(file);
      String version = read.path("cdiVersion").asText();
      if (!VERSION.matcher(version).matches()) {
        throw new IOException("cdiVersion is \"" + version + "\", not one from 0.1.0 to 1.1.0");
      }
      for (JsonNode device : read.path("devices")) {
        String name = read.path("kind").asText() + "=" + device.path("name").asText();
        if (!NAME.matcher(name).matches()) {
          throw new IOException("\"" + name + "\" is no name of a device: VENDOR/CLASS=NAME");
        }
      }
      return Optional.of(read);
    } catch (IOException | YamlEngineException e) {
      LOG.warn("CDI specification {} counts for nothing: {}", file, e.getMessage());
      return Optional.empty();
    }
  }

  private static JsonNode parse(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(FILE_BYTES_MAX + 1);
    }
    if (bytes.length > FILE_BYTES_MAX) {
      throw new IOException("more than " + FILE_BYTES_MAX + " bytes");
    }
    if (file.toString().endsWith(".json")) {
      return JSON.readTree(bytes);
    }
    Object tree =
        new Load(LoadSettings.builder().setLabel(file.toString()).build())
            .loadFromString(new String(bytes, StandardCharsets.UTF_8));
    return JSON.valueToTree(tree);
  }
}
