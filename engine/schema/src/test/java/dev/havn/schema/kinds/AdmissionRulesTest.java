// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.BuiltinTypes;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmissionRulesTest {
  private static final Schema.Struct BINDING =
      BuiltinTypes.load()
          .struct("io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding");

  private static final Schema.Struct WEBHOOKS =
      BuiltinTypes.load()
          .struct("io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration");

  private static List<String> problems(String kind, String yaml, Schema.Struct type) {
    ObjectNode object = (ObjectNode) Yaml.read(yaml.getBytes(StandardCharsets.UTF_8));
    return Rules.onCreate(kind, object, type).stream()
        .map(each -> each.field() + ": " + each.message())
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "operations: [CREATE], resources: [a] | -",
        "operations: [DELETE], resources: [a] | .operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
        "operations: ['*'], resources: [a], resourceNames: [x/y] | [0].resourceNames[0]: Invalid value: \"x/y\": may not contain '/'",
        "operations: ['*'], resources: [a], resourceNames: [x, x] | [0].resourceNames[1]: Duplicate value: \"x\"",
        "operations: ['*'], resources: ['a/*', a/b] | [0].resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b",
        "operations: ['*'], resources: ['*/b', a/b] | [0].resources[1]: Invalid value: \"a/b\": if '*/b' is present, must not specify a/b",
        "operations: ['*'], resources: ['*', a] | [0].resources: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other resources without subresources",
        "operations: ['*'], resources: [a, '*'] | -",
        "operations: ['*'], resources: ['*/*', a/b] | [0].resources: Invalid value: [\"*/*\",\"a/b\"]: if '*/*' is present, must not specify other resources",
      })
  void aRuleNamesWhatCanBeChangedAndNothingTwice(String rule, String problem) {
    String yaml =
        "metadata: {name: a}\nspec: {policyName: p, matchResources: {resourceRules: [{apiGroups: [''], apiVersions: [v1], %s}]}}"
            .formatted(rule);
    List<String> problems = problems("MutatingAdmissionPolicyBinding", yaml, BINDING);
    if (problem == null) {
      assertThat(problems).isEmpty();
    } else {
      assertThat(problems).containsExactly("spec.matchResources.resourceRules" + problem);
    }
  }

  /// As in Kubernetes, which takes each for the other.
  @ParameterizedTest
  @CsvSource({"name: b, name", "namespace: b, namespace"})
  void aServiceNeedsItsNameAndItsNamespace(String given, String asked) {
    String yaml =
        "metadata: {name: a}\nwebhooks: [{name: a.b.c, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {port: 443, %s}}}]"
            .formatted(given);
    assertThat(problems("ValidatingWebhookConfiguration", yaml, WEBHOOKS))
        .containsExactly("webhooks[0].clientConfig.service." + asked + ": Required value");
  }
}
