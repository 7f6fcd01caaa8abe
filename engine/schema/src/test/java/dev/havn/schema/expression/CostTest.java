// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What expressions cost, beside the answers of Kubernetes.
class CostTest {
  private static JsonNode script() {
    try (InputStream in = CostTest.class.getResourceAsStream("costs.yaml")) {
      if (in == null) {
        throw new AssertionError("costs.yaml");
      }
      return Yaml.read(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<JsonNode> cases(JsonNode script) {
    List<JsonNode> cases = new ArrayList<>();
    script.path("cases").forEach(cases::add);
    return cases.stream();
  }

  @TestFactory
  Stream<DynamicTest> runsCostWhatTheyCostInKubernetes() {
    JsonNode script = script();
    Object self = SchemaValues.of(script.path("self"), script.path("schema"), false);
    Scope scope = SchemaTypes.scope(script.path("schema"), false).orElseThrow();
    return cases(script)
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.path(0).asText(),
                    () -> {
                      Budget budget = new Budget(Budget.OF_A_WRITE);
                      Outcome outcome =
                          scope
                              .expression(each.path(0).asText(), Scope.Result.BOOL)
                              .outcome(Map.of("self", self, "oldSelf", self), budget);
                      assertThat(outcome).isInstanceOf(Outcome.Value.class);
                      assertThat(Budget.OF_A_WRITE - budget.left())
                          .isEqualTo(each.path(3).asLong(each.path(2).asLong()));
                    }));
  }

  @TestFactory
  Stream<DynamicTest> costIsEstimatedAsByKubernetes() {
    JsonNode script = script();
    Scope scope = SchemaTypes.scope(script.path("schema"), false).orElseThrow();
    return cases(script)
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.path(0).asText(),
                    () -> {
                      long cost = scope.look(each.path(0).asText(), Scope.Result.BOOL).cost();
                      if (each.path(1).isNull()) {
                        assertThat(cost).isGreaterThan(1L << 50);
                      } else {
                        assertThat(cost).isEqualTo(each.path(4).asLong(each.path(1).asLong()));
                      }
                    }));
  }
}
