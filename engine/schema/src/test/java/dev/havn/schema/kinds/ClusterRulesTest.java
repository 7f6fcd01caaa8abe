// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Json;
import dev.havn.schema.validate.FieldError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterRulesTest {
  private static final String RESERVED =
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";

  @ParameterizedTest
  @CsvSource({
    "system-node-critical, 2000001000, false,",
    "system-cluster-critical, 2000000000, false,",
    "system-x, 1, false, system-x is not a known system priority class",
    "system-x, 2000000000, false, system-x is not a known system priority class",
    "system-cluster-critical, 3, false, value of system-cluster-critical PriorityClass must be 2000000000",
    "system-node-critical, 2000000000, true, value of system-node-critical PriorityClass must be 2000001000",
    "system-node-critical, 2000001000, true, globalDefault of system-node-critical PriorityClass must be false",
  })
  void classesOfTheSystemAreAsTheSystemHasThem(
      String name, int value, boolean usual, @Nullable String expected) {
    assertThat(problems(name, value, usual)).isEqualTo(expected == null ? "" : RESERVED + expected);
  }

  @ParameterizedTest
  @CsvSource({"mine, 1000000000, false", "mine, 1000000001, true"})
  void classesOfUsersAreBelowThoseOfTheSystem(String name, int value, boolean refused) {
    assertThat(problems(name, value, false))
        .isEqualTo(
            refused
                ? "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"
                : "");
  }

  private static String problems(String name, int value, boolean usual) {
    String text =
        "{\"metadata\":{\"name\":\"%s\"},\"value\":%d,\"globalDefault\":%s,\"preemptionPolicy\":\"Never\"}"
            .formatted(name, value, usual);
    JsonNode tree = Json.read(text.getBytes(StandardCharsets.UTF_8)).tree();
    List<FieldError> errors = new ArrayList<>();
    ClusterRules.priorityClass(At.root(tree, errors));
    return String.join(", ", errors.stream().map(FieldError::toString).toList());
  }
}
