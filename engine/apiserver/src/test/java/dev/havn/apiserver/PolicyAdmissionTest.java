// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Admission policies, as a client of the API sees them. What is expected was compared with
/// kube-apiserver 1.36.
class PolicyAdmissionTest {
  private static final String GROUP = "/apis/admissionregistration.k8s.io/v1/";
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
  private static final String RULES =
      "\"matchConstraints\":{\"resourceRules\":[{\"operations\":[\"CREATE\",\"UPDATE\"],\"apiGroups\":[\"*\"],\"apiVersions\":[\"*\"],\"resources\":[\"configmaps\",\"deployments\"]}]}";

  private final TestApi api = new TestApi();

  private void post(String target, String body) {
    TestApi.Answer answer = api.post(target, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  private void policy(String kind, String name, String spec) {
    post(
        GROUP + kind + "admissionpolicies",
        "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s,%s}}".formatted(name, RULES, spec));
  }

  private void bind(String kind, String policy, String spec) {
    String more = spec.isEmpty() ? "" : "," + spec;
    post(
        GROUP + kind + "admissionpolicybindings",
        "{\"metadata\":{\"name\":\"%s-b\"},\"spec\":{\"policyName\":\"%s\"%s}}"
            .formatted(policy, policy, more));
  }

  /// A bound validating policy that refuses.
  private void validating(String spec) {
    policy("validating", "p", spec);
    bind("validating", "p", "\"validationActions\":[\"Deny\"]");
  }

  private void mutating(String name, String spec) {
    policy("mutating", name, "\"reinvocationPolicy\":\"Never\"," + spec);
    bind("mutating", name, "");
  }

  private static String expression(String text) {
    return "{\"expression\":\"" + text + "\"}";
  }

  private TestApi.Answer create(String name, String value) {
    return api.post(
        MAPS, "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"%s\"}}".formatted(name, value));
  }

  @Test
  void whatDoesNotHoldIsRefused() {
    validating("\"validations\":[" + expression("object.data.k == 'good'") + "]");
    assertThat(create("a", "good").status()).isEqualTo(201);
    TestApi.Answer answer = create("b", "bad");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.reason()).isEqualTo("Invalid");
    String words =
        "ValidatingAdmissionPolicy 'p' with binding 'p-b' denied request: failed expression: object.data.k == 'good'";
    assertThat(answer.message()).isEqualTo("configmaps \"b\" is forbidden: " + words);
    assertThat(answer.json().path("details").path("causes").path(0).path("message").asText())
        .isEqualTo(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "message":" plain "                                         | 422 | Invalid   | plain
          "messageExpression":"'got ' + object.data.k"                | 422 | Invalid   | got bad
          "messageExpression":"string(object.data.nothing)","message":"other" | 422 | Invalid   | other
          "reason":"Forbidden"                                        | 403 | Forbidden | failed expression: object.data.k == 'good'
          "reason":"RequestEntityTooLarge","message":"big"            | 413 | RequestEntityTooLarge | big
          """)
  void aRefusalHasTheWordsAndReasonOfThePolicy(String more, int code, String reason, String words) {
    validating("\"validations\":[{\"expression\":\"object.data.k == 'good'\"," + more + "}]");
    TestApi.Answer answer = create("a", "bad");
    assertThat(answer.status()).isEqualTo(code);
    assertThat(answer.reason()).isEqualTo(reason);
    assertThat(answer.message()).endsWith("denied request: " + words);
  }

  @Test
  void aPolicyRefusesForOneOfThreeReasons() {
    String spec = "\"validations\":[{\"expression\":\"true\",\"reason\":\"Unauthorized\"}]";
    TestApi.Answer answer =
        api.post(
            GROUP + "validatingadmissionpolicies",
            "{\"metadata\":{\"name\":\"p\"},\"spec\":{%s,%s}}".formatted(RULES, spec));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .endsWith(
            "spec.validations[0].reason: Unsupported value: \"Unauthorized\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"");
  }

  @Test
  void anExpressionWithoutValueRefusesUnlessFailuresAreIgnored() {
    validating("\"validations\":[" + expression("object.data.nothing == ''") + "]");
    assertThat(create("a", "x").message())
        .endsWith("expression 'object.data.nothing == ''' resulted in error: no such key: nothing");
    api.patch(
        "merge-patch+json",
        GROUP + "validatingadmissionpolicies/p",
        "{\"spec\":{\"failurePolicy\":\"Ignore\"}}");
    assertThat(create("a", "x").status()).isEqualTo(201);
  }

  @Test
  void aPolicyWithoutBindingIsInForceNowhere() {
    policy("validating", "p", "\"validations\":[" + expression("false") + "]");
    assertThat(create("a", "x").status()).isEqualTo(201);
    bind("validating", "p", "\"validationActions\":[\"Deny\"]");
    assertThat(create("b", "x").status()).isEqualTo(422);
    api.delete(GROUP + "validatingadmissionpolicybindings/p-b");
    assertThat(create("c", "x").status()).isEqualTo(201);
  }

  @Test
  void aBindingMayWarnInstead() {
    policy(
        "validating", "p", "\"validations\":[{\"expression\":\"false\",\"message\":\"careful\"}]");
    bind("validating", "p", "\"validationActions\":[\"Warn\",\"Audit\"]");
    TestApi.Answer answer = create("a", "x");
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.warnings())
        .containsExactly(
            "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': careful\"");
  }

  @Test
  void variablesAndConditionsAreEvaluated() {
    validating(
        """
        "matchConditions":[{"name":"c","expression":"object.metadata.name != 'free'"}],
        "variables":[{"name":"value","expression":"object.data.k"},
                     {"name":"long","expression":"size(variables.value) > 3"}],
        "validations":[{"expression":"!variables.long","messageExpression":"variables.value + ' is long'"}]
        """);
    assertThat(create("a", "abc").status()).isEqualTo(201);
    assertThat(create("b", "abcd").message()).endsWith("denied request: abcd is long");
    assertThat(create("free", "abcd").status()).isEqualTo(201);
  }

  @Test
  void requestNamespaceAndRightsAreSeen() {
    validating(
        """
        "validations":[
          {"expression":"request.userInfo.username == 'admin' && request.operation == 'CREATE' && request.resource.resource == 'configmaps'"},
          {"expression":"namespaceObject.metadata.name == 'default' && namespaceObject.status.phase == 'Active'"},
          {"expression":"oldObject == null && !request.dryRun"},
          {"expression":"authorizer.group('').resource('pods').namespace('default').check('get').allowed()"},
          {"expression":"!authorizer.serviceAccount('default', 'none').group('').resource('pods').check('get').allowed()"}]
        """);
    TestApi.Answer answer = create("a", "x");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  @Test
  void anUpdateSeesWhatWasBefore() {
    create("a", "one");
    validating(
        "\"validations\":["
            + expression("oldObject == null || oldObject.data.k == object.data.k")
            + "]");
    assertThat(
            api.patch("merge-patch+json", MAPS + "/a", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}")
                .status())
        .isEqualTo(200);
    assertThat(api.patch("merge-patch+json", MAPS + "/a", "{\"data\":{\"k\":\"two\"}}").status())
        .isEqualTo(422);
  }

  @Test
  void parametersComeFromTheBinding() {
    create("params", "6");
    policy(
        "validating",
        "p",
        """
        "paramKind":{"apiVersion":"v1","kind":"ConfigMap"},
        "matchConditions":[{"name":"c","expression":"request.resource.resource == 'deployments'"}],
        "validations":[{"expression":"object.spec.replicas <= int(params.data.k)"}]
        """);
    bind(
        "validating",
        "p",
        "\"validationActions\":[\"Deny\"],\"paramRef\":{\"name\":\"params\",\"namespace\":\"default\",\"parameterNotFoundAction\":\"Deny\"}");
    assertThat(deployment("few", 6).status()).isEqualTo(201);
    assertThat(deployment("many", 7).status()).isEqualTo(422);
    api.delete(MAPS + "/params");
    assertThat(deployment("lost", 1).message())
        .endsWith(
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
  }

  private TestApi.Answer deployment(String name, int replicas) {
    return api.post(
        DEPLOYMENTS,
        """
        {"metadata":{"name":"%s"},"spec":{"replicas":%d,"selector":{"matchLabels":{"a":"b"}},
         "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
        """
            .formatted(name, replicas));
  }

  @Test
  void aConfigurationIsApplied() {
    mutating(
        "m",
        """
        "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":
          "object.kind != 'Deployment' ? Object{metadata: Object.metadata{labels: {'made': 'yes'}}} : Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'c', image: 'other'}, Object.spec.template.spec.containers{name: 'd', image: 'more'}]}}}}"}}]
        """);
    assertThat(create("a", "x").json().path("metadata").path("labels").path("made").asText())
        .isEqualTo("yes");
    TestApi.Answer made = deployment("d", 1);
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    JsonNode containers = made.json().path("spec").path("template").path("spec").path("containers");
    assertThat(containers.size()).isEqualTo(2);
    assertThat(containers.path(0).path("image").asText()).isEqualTo("other");
    assertThat(containers.path(1).path("imagePullPolicy").asText()).isEqualTo("Always");
  }

  @Test
  void aPatchIsApplied() {
    mutating(
        "m",
        """
        "mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":
          "[JSONPatch{op: 'test', path: '/data/k', value: 'x'}, JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('made'), value: object.data.k + '!'}]"}}]
        """);
    assertThat(create("a", "x").json().path("data").path("made").asText()).isEqualTo("x!");
    assertThat(create("b", "y").json().path("data").has("made")).isFalse();
  }

  @Test
  void aMutationWithoutValueIsRefused() {
    mutating(
        "m",
        """
        "mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":
          "[JSONPatch{op: 'add', path: '/data/x', value: object.data.nothing}]"}}]
        """);
    TestApi.Answer answer = create("a", "x");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.reason()).isEqualTo("Invalid");
    assertThat(answer.message())
        .startsWith("policy 'm' with binding 'm-b' denied request: expression '[JSONPatch{")
        .endsWith("resulted in error: no such key: nothing");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          JSONPatch          | jsonPatch          | [JSONPatch{op: 'remove', path: '/data/none'}] | JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value
          ApplyConfiguration | applyConfiguration | Object{nofield: 'x'} | error applying patch: failed to convert patch object to typed object: .nofield: field not declared in schema
          """)
  void aMutationThatDoesNotFitIsRefused(String type, String field, String made, String words) {
    mutating(
        "m",
        "\"mutations\":[{\"patchType\":\"%s\",\"%s\":{\"expression\":\"%s\"}}]"
            .formatted(type, field, made));
    TestApi.Answer answer = create("a", "x");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo("policy 'm' with binding 'm-b' denied request: " + words);
  }

  @Test
  void policiesSeeWhatOthersMadeAndValidationSeesAll() {
    for (String name : new String[] {"m1", "m2"}) {
      mutating(
          name,
          "\"mutations\":[{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":\"[JSONPatch{op: 'replace', path: '/data/k', value: object.data.k + '%s'}]\"}}]"
              .formatted(name));
    }
    validating("\"validations\":[" + expression("object.data.k == 'xm1m2'") + "]");
    TestApi.Answer answer = create("a", "x");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  @Test
  void allExpressionsOfAPolicyShareABudget() {
    String dear = "lists.range(400).all(x, lists.range(300).all(y, x + y >= 0))";
    String all = String.join(",", java.util.Collections.nCopies(12, expression(dear)));
    validating("\"validations\":[" + all + "]");
    assertThat(create("a", "x").message())
        .isEqualTo(
            "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p-b' denied"
                + " request: validation failed due to running out of cost budget, no further"
                + " validation rules will be run");
  }

  @Test
  void oneExpressionMayNotCostTooMuch() {
    String dear = "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))";
    validating("\"validations\":[" + expression(dear) + "]");
    assertThat(create("a", "x").message())
        .endsWith("resulted in error: operation cancelled: actual cost limit exceeded");
  }

  @Test
  void aVariableWithoutValueIsNamed() {
    validating(
        "\"variables\":[{\"name\":\"v\",\"expression\":\"object.nothing\"}],\"validations\":["
            + expression("variables.v == 1")
            + "]");
    assertThat(create("a", "x").message())
        .endsWith(
            "expression 'variables.v == 1' resulted in error: composited variable \"v\" fails to"
                + " evaluate: no such key: nothing");
  }

  @Test
  void authorsAreWarnedOfExpressionsThatDoNotFit() {
    post(
        GROUP + "validatingadmissionpolicies",
        """
        {"metadata":{"name":"w"},"spec":{
          "matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]},
          "validations":[{"expression":"object.spec.replicas > 1"},{"expression":"object.spec.replica > 1","messageExpression":"string(object.spec.foo)"}]}}
        """);
    api.time.settle();
    JsonNode status = api.get(GROUP + "validatingadmissionpolicies/w").json().path("status");
    assertThat(status.path("observedGeneration").asLong()).isEqualTo(1);
    JsonNode warnings = status.path("typeChecking").path("expressionWarnings");
    assertThat(warnings).hasSize(2);
    assertThat(warnings.path(0).path("fieldRef").asText())
        .isEqualTo("spec.validations[1].expression");
    assertThat(warnings.path(0).path("warning").asText())
        .isEqualTo(
            "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n"
                + " | object.spec.replica > 1\n"
                + " | ...........^\n");
    assertThat(warnings.path(1).path("fieldRef").asText())
        .isEqualTo("spec.validations[1].messageExpression");
  }

  @Test
  void checksAreCounted() {
    validating("\"validations\":[" + expression("object.data.k == 'good'") + "]");
    create("a", "bad");
    assertThat(api.get("/metrics").text())
        .contains(
            "apiserver_validating_admission_policy_check_total{enforcement_action=\"deny\",error_type=\"invalid_error\",policy=\"p\",policy_binding=\"p-b\"} 1\n");
  }
}
