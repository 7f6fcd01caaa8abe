// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.compatibility;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// What `states.yaml` says of fields: those that the API server itself acts on, which no class file
/// tells, and those whose state is not what the reading of them suggests.
final class Declared {
  /// @param why empty where the state needs no words
  record Statement(FieldState state, String why) {}

  private static final String API = "io.k8s.api.";

  /// By type, and the field in it; `*` speaks of all fields of the type.
  private final Map<String, Map<String, Statement>> statements = new LinkedHashMap<>();

  private final Set<String> used = new HashSet<>();

  static Declared load() {
    Declared declared = new Declared();
    try (InputStream in =
        Objects.requireNonNull(Declared.class.getResourceAsStream("states.yaml"))) {
      JsonNode file = Yaml.read(in.readAllBytes());
      for (FieldState state : FieldState.values()) {
        String name = state.name().toLowerCase(java.util.Locale.ROOT);
        for (Map.Entry<String, JsonNode> type : file.path(name).properties()) {
          declared.add(state, type.getKey(), type.getValue());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("states.yaml", e);
    }
    return declared;
  }

  private void add(FieldState state, String type, JsonNode fields) {
    Map<String, Statement> ofType = statements.computeIfAbsent(type, _ -> new LinkedHashMap<>());
    if (fields.isTextual()) {
      ofType.put(fields.asText(), new Statement(state, ""));
    }
    if (fields.isArray()) {
      fields.forEach(each -> ofType.put(each.asText(), new Statement(state, "")));
    }
    for (Map.Entry<String, JsonNode> each : fields.properties()) {
      ofType.put(each.getKey(), new Statement(state, each.getValue().asText()));
    }
  }

  /// What is said of a field, of all fields of its type, or of all of the package.
  Optional<Statement> of(String type, String field) {
    String shortened = type.startsWith(API) ? type.substring(API.length()) : type;
    String in = shortened.substring(0, shortened.lastIndexOf('.'));
    for (String[] key : new String[][] {{shortened, field}, {shortened, "*"}, {in, "*"}}) {
      Statement statement = statements.getOrDefault(key[0], Map.of()).get(key[1]);
      if (statement != null) {
        used.add(key[0] + " " + key[1]);
        return Optional.of(statement);
      }
    }
    return Optional.empty();
  }

  /// Statements about what no kind has.
  List<String> unused() {
    List<String> unused = new ArrayList<>();
    statements.forEach(
        (type, fields) -> fields.keySet().forEach(each -> unused.add(type + " " + each)));
    unused.removeAll(used);
    return unused;
  }
}
