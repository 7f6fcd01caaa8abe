// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// The overlay files: what the published model does not say.
final class Overlay {
  private final Map<String, Map<String, String>> types = new HashMap<>();
  private final Map<String, Map<String, Object>> defaults = new HashMap<>();
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
    try (Stream<Path> files = Files.list(folder.resolve("zeros"))) {
      for (Path file : files.sorted().toList()) {
        ((Map<String, Map<String, List<String>>>) load(file))
            .forEach((type, zeros) -> overlay.addZeros(type, zeros));
      }
    }
    try (Stream<Path> files = Files.list(folder.resolve("names"))) {
      for (Path file : files.sorted().toList()) {
        ((Map<String, Map<String, String>>) load(file))
            .forEach(
                (type, names) ->
                    names.forEach(
                        (field, name) -> overlay.add(type, Map.of(field, "name=" + name))));
      }
    }
    try (Stream<Path> files = Files.list(folder.resolve("defaults"))) {
      for (Path file : files.sorted().toList()) {
        ((Map<String, Map<String, Object>>) load(file))
            .forEach((type, defaults) -> overlay.defaults.put(type, defaults));
      }
    }
    return overlay;
  }

  /// The default of a field as JSON; empty when it has none.
  String defaultOf(String type, String field) {
    @Nullable Object value = defaults.getOrDefault(type, Map.of()).get(field);
    return value == null ? "" : json(value);
  }

  private static String json(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(each -> "\"" + each.getKey() + "\":" + json(each.getValue()))
              .collect(Collectors.joining(",", "{", "}"));
      case List<?> list ->
          list.stream().map(Overlay::json).collect(Collectors.joining(",", "[", "]"));
      case String text -> "\"" + text + "\"";
      default -> value.toString();
    };
  }

  private void addZeros(String type, Map<String, List<String>> zeros) {
    zeros.forEach(
        (word, fields) -> fields.forEach(field -> add(type, Map.of(field, "zero=" + word))));
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
