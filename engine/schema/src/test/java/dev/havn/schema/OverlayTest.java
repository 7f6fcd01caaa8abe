// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the overlay speaks of is there: a new version of Kubernetes that drops a field shows here.
class OverlayTest {
  private static final Path OVERLAY = Path.of("src/main/overlay");

  private final BuiltinTypes types = BuiltinTypes.load();

  @ParameterizedTest
  @ValueSource(strings = {"types", "defaults"})
  void everyFieldNamedInTheOverlayExists(String folder) throws IOException {
    assertThat(unknown(folder, false)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = "zeros")
  void everyFieldWithARuleForEmptyValuesExists(String folder) throws IOException {
    assertThat(unknown(folder, true)).isEmpty();
  }

  private List<String> unknown(String folder, boolean listed) throws IOException {
    List<String> unknown = new ArrayList<>();
    try (Stream<Path> files = Files.list(OVERLAY.resolve(folder))) {
      for (Path file : files.toList()) {
        for (Map.Entry<String, JsonNode> type : Yaml.read(Files.readAllBytes(file)).properties()) {
          for (String field : fields(type.getValue(), listed)) {
            if (!exists(type.getKey(), field)) {
              unknown.add(type.getKey() + "." + field);
            }
          }
        }
      }
    }
    return unknown;
  }

  private static List<String> fields(JsonNode words, boolean listed) {
    List<String> fields = new ArrayList<>();
    for (Map.Entry<String, JsonNode> each : words.properties()) {
      if (listed) {
        each.getValue().forEach(field -> fields.add(field.asText()));
      } else {
        fields.add(each.getKey());
      }
    }
    return fields;
  }

  private boolean exists(String type, String field) {
    Schema.Struct struct = types.struct(type);
    return struct != null && (field.equals(".") || struct.field(field) != null);
  }
}
