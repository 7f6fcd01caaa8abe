// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.Yaml;
import dev.havn.schema.validate.FieldError;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Rules that users write, beside the answers of Kubernetes.
class RuleCheckTest {
  private static JsonNode script() {
    try (InputStream in = RuleCheckTest.class.getResourceAsStream("rules.yaml")) {
      if (in == null) {
        throw new AssertionError("rules.yaml");
      }
      return Yaml.read(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode object(JsonNode spec) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("apiVersion", "cel.example.com/v1").put("kind", "Rule");
    object.putObject("metadata").put("name", "r").put("namespace", "");
    object.set("spec", spec);
    return object;
  }

  private static CustomRules rules(JsonNode schema) {
    return new CustomRules(Structural.of(schema), null);
  }

  @TestFactory
  Stream<DynamicTest> specsAreJudgedAsByKubernetes() {
    JsonNode script = script();
    CustomRules rules = rules(script.path("schema"));
    List<JsonNode> cases = new ArrayList<>();
    script.path("cases").forEach(cases::add);
    return cases.stream()
        .map(
            each ->
                DynamicTest.dynamicTest(each.path("spec").toString(), () -> judge(rules, each)));
  }

  private static void judge(CustomRules rules, JsonNode each) {
    ObjectNode object = object(each.path("spec"));
    List<FieldError> errors =
        each.has("before")
            ? rules.onUpdate(object(each.path("before")), object, warning -> {})
            : rules.onCreate(object, warning -> {});
    List<String> wanted = new ArrayList<>();
    each.path("causes").forEach(cause -> wanted.add(cause.asText()));
    assertThat(errors).extracting(FieldError::toString).containsExactlyInAnyOrderElementsOf(wanted);
  }

  private static List<String> run(
      String schema, @Nullable String before, String after, List<String> warnings) {
    CustomRules rules = rules(Yaml.read(schema.getBytes(StandardCharsets.UTF_8)));
    ObjectNode object = object(Yaml.read(after.getBytes(StandardCharsets.UTF_8)));
    List<FieldError> errors =
        before == null
            ? rules.onCreate(object, warnings::add)
            : rules.onUpdate(
                object(Yaml.read(before.getBytes(StandardCharsets.UTF_8))), object, warnings::add);
    return errors.stream().map(FieldError::toString).toList();
  }

  @Test
  void whatWasBrokenBeforeIsWarnedOf() {
    String schema =
        "{type: object, properties: {spec: {type: object, properties: {a: {type: integer,"
            + " x-kubernetes-validations: [{rule: self < 5, message: too many}]}, b: {type:"
            + " integer}}}}}";
    List<String> warnings = new ArrayList<>();
    assertThat(run(schema, "{a: 9, b: 1}", "{a: 9, b: 2}", warnings)).isEmpty();
    assertThat(warnings).containsExactly("spec.a: Invalid value: 9: too many");
    assertThat(run(schema, "{a: 9}", "{a: 8}", new ArrayList<>()))
        .containsExactly("spec.a: Invalid value: 8: too many");
  }

  @Test
  void aRuleThatRunsTooLongIsStopped() {
    String schema =
        "{type: object, properties: {spec: {type: object, properties: {l: {type: array, items:"
            + " {type: integer}, x-kubernetes-validations: [{rule: 'self.all(x, self.all(y,"
            + " self.all(z, x + y + z >= 0)))'}]}}}}}";
    StringBuilder list = new StringBuilder("{l: [0");
    for (int i = 1; i < 200; i++) {
      list.append(", ").append(i);
    }
    assertThat(run(schema, null, list + "]}", new ArrayList<>()))
        .singleElement()
        .asString()
        .contains("actual cost limit exceeded");
  }

  @Test
  void allRulesOfAWriteShareABudget() {
    String rule = "{rule: 'self.all(x, self.all(y, x + y >= 0))'}";
    String schema =
        "{type: object, properties: {spec: {type: object, properties: {l: {type: array, items:"
            + " {type: integer}, x-kubernetes-validations: ["
            + String.join(", ", java.util.Collections.nCopies(20, rule))
            + "]}}}}}";
    StringBuilder list = new StringBuilder("{l: [0");
    for (int i = 1; i < 320; i++) {
      list.append(", ").append(i);
    }
    assertThat(run(schema, null, list + "]}", new ArrayList<>()))
        .containsExactly(
            "spec.l: Invalid value: \"array\": validation failed due to running out of cost budget,"
                + " no further validation rules will be run");
  }

  @Test
  void aMessageThatCostsTooMuchEndsIt() {
    String schema =
        "{type: object, properties: {spec: {type: object, properties: {s: {type: string,"
            + " x-kubernetes-validations: [{rule: self == 'b', messageExpression:"
            + " \"self.replace('a', self)\"}, {rule: self == 'c'}]}}}}}";
    assertThat(run(schema, null, "{s: " + "a".repeat(10_000) + "}", new ArrayList<>()))
        .containsExactly(
            "spec.s: Invalid value: \"string\": no further validation rules will be run due to call"
                + " cost exceeds limit for messageExpression: \"self.replace('a', self)\"");
  }
}
