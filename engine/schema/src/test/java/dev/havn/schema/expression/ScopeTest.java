// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScopeTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "object.spec.replicas <= 5",
        "has(object.x) && object.x.all(k, v, v > 1)",
        "request.userInfo.extra['a'].exists(x, x == 'b')",
        "authorizer.group('').resource('pods').namespace('a').check('get').allowed()",
        "authorizer.requestResource.check('get').allowed()",
        "quantity('1').isLessThan(quantity('2')) && isQuantity('1Gi')",
        "cidr('10.0.0.0/8').containsIP('10.0.0.1') && ip.isCanonical('::1')",
        "format.named('dns1123Label').value().validate('a').hasValue()",
        "url('https://a').getHost() == 'a' && 'abc'.find('b') == 'b'",
        "[1, 2].isSorted() && [1, 2].sum() == 3 && [1, 2].max() == 2",
        "namespaceObject.metadata.labels.team == 'a'"
      })
  void knowsWhatKubernetesAddsToTheLanguage(String expression) {
    assertThat(Scope.admission(false, true, false).problem(expression, Scope.Result.BOOL))
        .isEmpty();
  }

  @Test
  void wordsProblemsAsKubernetesDoes() {
    Scope scope = Scope.admission(false, true, false);
    assertThat(scope.problem("a", Scope.Result.BOOL))
        .contains(
            """
            compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')
             | a
             | ^""");
    assertThat(scope.problem("Bad_Name!", Scope.Result.BOOL).orElseThrow())
        .contains("1:9: Syntax error: extraneous input '!' expecting <EOF>");
    assertThat(scope.problem("quantity(1)", Scope.Result.ANY).orElseThrow())
        .contains("found no matching overload for 'quantity' applied to '(int)'\n");
    assertThat(scope.problem("request.foo", Scope.Result.ANY).orElseThrow())
        .contains("undefined field 'foo'");
    assertThat(scope.problem("1", Scope.Result.STRING_OR_NULL))
        .contains("must evaluate to one of [string null_type] but got int");
    assertThat(scope.problem("1 == 1.0", Scope.Result.BOOL)).isPresent();
  }

  @Test
  void letsVariablesBeUsedAfterTheyAreDefined() {
    Scope scope = Scope.admission(true, true, false);
    assertThat(scope.problem("variables.big", Scope.Result.BOOL)).isPresent();
    assertThat(scope.define("big", "object.spec.replicas > params.max")).isEmpty();
    assertThat(scope.problem("variables.big", Scope.Result.BOOL)).isEmpty();
    assertThat(scope.withoutAuthorizer(true).problem("authorizer != null", Scope.Result.BOOL))
        .isPresent();
  }

  @Test
  void makesObjectsOfAnyFields() {
    Scope scope = Scope.admission(false, false, true);
    assertThat(scope.problem("Object{spec: Object.spec{replicas: 100}}", Scope.Result.OBJECT))
        .isEmpty();
    assertThat(scope.problem("Object{}", Scope.Result.PATCHES)).isPresent();
    assertThat(
            Scope.admission(false, false, false)
                .problem("Object{spec: Object.spec{}}", Scope.Result.OBJECT))
        .isPresent();
  }

  @Test
  void speaksOfDevices() {
    assertThat(
            Scope.device()
                .problem(
                    "cel.bind(own, device.attributes['example.com'], own.model == 'a')",
                    Scope.Result.DEVICE))
        .isEmpty();
    assertThat(Scope.device().problem("1", Scope.Result.DEVICE))
        .contains("must evaluate to bool or the unknown type, not int");
  }

  @Test
  void takesTypesFromSchemas() {
    JsonNode schema =
        Yaml.read(
            """
            type: object
            properties:
              spec:
                type: object
                properties:
                  replicas: {type: integer}
                  hosts: {type: array, items: {type: string, format: date-time}}
                  limit: {x-kubernetes-int-or-string: true}
                  names: {type: object, additionalProperties: {type: string}}
                  namespace: {type: string}
            """
                .getBytes(StandardCharsets.UTF_8));
    Scope scope = SchemaTypes.scope(schema, true).orElseThrow();
    String all =
        "self.spec.replicas > 1 && self.spec.hosts[0] > timestamp('2026-01-01T00:00:00Z')"
            + " && self.spec.limit == 1 && self.spec.names['a'] == 'b'"
            + " && self.spec.__namespace__ == oldSelf.spec.__namespace__"
            + " && self.metadata.name == 'a'";
    assertThat(scope.problem(all, Scope.Result.BOOL)).isEmpty();
    assertThat(scope.problem("self.spec.replicas == 'a'", Scope.Result.BOOL)).isPresent();
    assertThat(scope.problem("self.metadata.labels.a == 'a'", Scope.Result.BOOL)).isPresent();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          object.s.matches('(')               | 1:18: invalid matches argument
          timestamp('x') < object.t           | 1:11: invalid timestamp argument
          object.d == duration('1 hour')      | 1:22: invalid duration argument
          object.n in [1, 'a']                | 1:17: expected type 'int' but found 'string'
          {'a': 1, 'b': 'c'}.size() == 1      | 1:15: expected type 'int' but found 'string'
          int('x') == 1                       | program instantiation failed: type conversion error from 'string' to 'int'
          """)
  void constantsAreCheckedWhenTheyAreWritten(String expression, String words) {
    assertThat(Scope.admission(false, false, false).problem(expression, Scope.Result.BOOL))
        .hasValueSatisfying(problem -> assertThat(problem).contains(words));
  }

  @Test
  void differentThingsMayBeFormattedTogether() {
    assertThat(
            Scope.admission(false, false, false)
                .problem("'%s %d'.format(['a', 1]) == 'a 1'", Scope.Result.BOOL))
        .isEmpty();
  }
}
