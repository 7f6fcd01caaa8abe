// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.schema.codec.Json;
import dev.havn.schema.expression.Rights.Answer;
import dev.havn.schema.expression.Rights.Asking;
import dev.havn.schema.expression.Rights.Question;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What expressions of admission evaluate to.
class ExpressionTest {
  private static final String OBJECT =
      """
      {"metadata":{"name":"web","labels":{"app.kubernetes.io/name":"a"}},
       "spec":{"replicas":3,"ratio":0.5,"list":[1,2,3],"names":["b","a"],"none":null}}
      """;

  private static Object tree(String json) {
    return Values.of(Json.read(json.getBytes(StandardCharsets.UTF_8)).tree());
  }

  private static Map<String, Object> variables() {
    Map<String, Object> variables = new HashMap<>();
    variables.put("object", tree(OBJECT));
    variables.put("oldObject", Values.of(null));
    variables.put("request", tree("{\"operation\":\"CREATE\",\"userInfo\":{\"username\":\"u\"}}"));
    variables.put("namespaceObject", Values.of(null));
    return variables;
  }

  private static Object value(String expression) {
    return Scope.admission(false, true, false)
        .expression(expression, Scope.Result.ANY)
        .evaluate(variables(), new Budget(Budget.OF_A_WRITE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "object.spec.replicas == 3",
        "object.spec.replicas <= 3.5",
        "object.spec.ratio < 1",
        "object.metadata.labels['app.kubernetes.io/name'] == 'a'",
        "!has(object.spec.missing)",
        "has(object.spec.none) && object.spec.none == null",
        "oldObject == null",
        "request.operation == 'CREATE' && !has(request.dryRun)",
        "object.spec.list.all(each, each < 4) && object.spec.list.exists_one(each, each == 2)",
        "object.spec.list.map(each, each * 2) == [2, 4, 6]",
        "object.spec.list.sum() == 6 && object.spec.list.max() == 3 && [3, 1].min() == 1",
        "['b', 'a'].isSorted() == false && object.spec.list.isSorted()",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2",
        "object.?spec.?missing.orValue('x') == 'x'",
        "quantity('1Gi').isGreaterThan(quantity('500Mi')) && isQuantity('2') && !isQuantity('x')",
        "quantity('500m').add(quantity('500m')).asInteger() == 1",
        "'abc123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2']",
        "'abc'.matches('^a.*c$') && 'A,B'.split(',').size() == 2 && 'x'.upperAscii() == 'X'",
        "url('https://example.org:80/p?a=b').getHost() == 'example.org:80' && !isURL('::')",
        "ip('10.1.2.3').family() == 4 && !isIP('10.1.2.3.4') && string(ip('::1')) == '::1'",
        "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:db8:0:0:0:0:0:1')",
        "cidr('10.0.0.0/8').containsIP('10.9.9.9') && !cidr('10.0.0.0/8').containsIP('11.0.0.0')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked().ip() == ip('10.0.0.0')",
        "semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && isSemver('v1.0', true) && !isSemver('v1.0')",
        "jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
        "sets.contains([1, 2], [1])",
      })
  void whatHoldsHolds(String expression) {
    assertThat(value(expression)).isEqualTo(true);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          object.spec.missing == 1   | no such key: missing
          object.spec.list[7] == 1   | index out of bounds: 7
          1 / (object.spec.replicas - 3) == 1 | division by zero
          """)
  void whatHasNoValueSaysWhy(String expression, String words) {
    assertThatThrownBy(() -> value(expression))
        .isInstanceOf(EvaluationException.class)
        .hasMessage("expression '" + expression + "' resulted in error: " + words);
  }

  @Test
  void whoSpinsIsStopped() {
    String all = "object.spec.list.all(%1$s, %2$s)";
    String expression = "true";
    for (String name : List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m")) {
      expression = all.formatted(name, expression);
    }
    String nested = expression;
    assertThatThrownBy(() -> value(nested)).hasMessageContaining("cost limit exceeded");
  }

  @Test
  void objectsAndPatchesAreMade() {
    Object made =
        Scope.admission(false, false, true)
            .expression(
                "Object{metadata: Object.metadata{labels: {'a': 'b'}}, spec: Object.spec{replicas: object.spec.replicas + 1}}",
                Scope.Result.OBJECT)
            .evaluate(variables(), new Budget(Budget.OF_A_WRITE));
    assertThat(Values.toJson(made).toString())
        .isEqualTo("{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"replicas\":4}}");
    Object patch =
        Scope.admission(false, false, true)
            .expression(
                "[JSONPatch{op: 'add', path: '/spec/x', value: Object.spec.x{y: [1, 2]}}]",
                Scope.Result.PATCHES)
            .evaluate(variables(), new Budget(Budget.OF_A_WRITE));
    assertThat(Values.toJson(patch).toString())
        .isEqualTo("[{\"op\":\"add\",\"path\":\"/spec/x\",\"value\":{\"y\":[1,2]}}]");
  }

  @Test
  void rightsAreAskedFor() {
    List<Question> asked = new ArrayList<>();
    Rights rights =
        question -> {
          asked.add(question);
          return new Answer(question.verb().equals("get"), "because");
        };
    Map<String, Object> variables = variables();
    variables.put("authorizer", Asking.of(rights));
    variables.put("authorizer.requestResource", Asking.of(rights, "", "pods", "", "ns", "p"));
    Scope scope = Scope.admission(false, true, false);
    assertThat(
            scope
                .expression(
                    "authorizer.group('apps').resource('deployments').namespace('n').check('get').allowed()"
                        + " && !authorizer.requestResource.check('delete').allowed()",
                    Scope.Result.BOOL)
                .evaluate(variables, new Budget(Budget.OF_A_WRITE)))
        .isEqualTo(true);
    assertThat(
            scope
                .expression(
                    "authorizer.serviceAccount('n', 'a').path('/x').check('get').reason() == 'because'",
                    Scope.Result.BOOL)
                .evaluate(variables, new Budget(Budget.OF_A_WRITE)))
        .isEqualTo(true);
    assertThat(asked)
        .containsExactly(
            new Question("", "", "get", "apps", "deployments", "", "n", ""),
            new Question("", "", "delete", "", "pods", "", "ns", "p"),
            new Question("n:a", "/x", "get", "", "", "", "", ""));
  }
}
