// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// The overlay files: what the published model does not say.
final class Overlay {
  private final Map<String, Map<String, String>> types = new HashMap<>();
  private final Map<String, List<Map<String, Object>>> resources;

  private Overlay(Map<String, List<Map<String, Object>>> resources) {
    this.resources = resources;
  }

  @SuppressWarnings("unchecked") // the files are ours; a wrong shape fails the build
  static Overlay read(Path folder) throws IOException {
    Overlay overlay =
        new Overlay(
            (Map<String, List<Map<String, Object>>>) load(folder.resolve("resources.yaml")));
    try (Stream<Path> files = Files.list(folder.resolve("types"))) {
      for (Path file : files.sorted().toList()) {
        ((Map<String, Map<String, Object>>) load(file))
            .forEach((type, fields) -> overlay.add(type, fields));
      }
    }
    return overlay;
  }

  private void add(String type, Map<String, Object> fields) {
    Map<String, String> words = types.computeIfAbsent(type, _ -> new HashMap<>());
    fields.forEach(
        (field, text) -> words.merge(field, String.valueOf(text), (a, b) -> a + " " + b));
  }

  /// Resources by `group/version`, in order.
  Map<String, List<Map<String, Object>>> resources() {
    return resources;
  }

  /// What is said of a field (or of the type itself, as field `.`): words like `list=map(name)`.
  String words(String type, String field) {
    return types.getOrDefault(type, Map.of()).getOrDefault(field, "");
  }

  private static Object load(Path file) throws IOException {
    return new Load(LoadSettings.builder().setLabel(file.toString()).build())
        .loadFromString(Files.readString(file));
  }
}
