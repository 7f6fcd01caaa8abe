// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The file is read as kube-apiserver 1.36 reads it: all messages here are its own.
class AuthorizationConfigurationTest {
  private static final String HEAD =
      "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n";
  private static final String WEBHOOKS =
      """
      authorizers:
      - type: Webhook
        name: w
        webhook: {}
      - type: Webhook
        name: w2
        webhook: {timeout: 31s, authorizedTTL: -1s, unauthorizedTTL: -1s, subjectAccessReviewVersion: v2, matchConditionSubjectAccessReviewVersion: v2, failurePolicy: Foo, connectionInfo: {type: Foo}}
      - type: Webhook
        name: w3
        webhook: {timeout: 3s, authorizedTTL: 1s, unauthorizedTTL: 1s, subjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: KubeConfigFile}, matchConditions: [{expression: ''}, {expression: 'request.user'}, {expression: 'request.foo == 1'}, {expression: 'request.foo == 1'}, {expression: 'request.resourceAttributes.x'}]}
      - type: Webhook
        name: w4
        webhook: {timeout: 3s, authorizedTTL: 1s, unauthorizedTTL: 1s, subjectAccessReviewVersion: v1, matchConditionSubjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: KubeConfigFile, kubeConfigFile: rel}}
      - type: Webhook
        name: w5
        webhook: {timeout: 3s, authorizedTTL: 1s, unauthorizedTTL: 1s, subjectAccessReviewVersion: v1, matchConditionSubjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: KubeConfigFile, kubeConfigFile: /nowhere}}
      - type: Webhook
        name: w6
        webhook: {timeout: 3s, authorizedTTL: 1s, unauthorizedTTL: 1s, subjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: InClusterConfig, kubeConfigFile: /tmp}}
      """;
  private static final String WORDS =
      """
      [authorizers[0].timeout: Required value, authorizers[0].subjectAccessReviewVersion: Required value, authorizers[0].failurePolicy: Required value, authorizers[0].connectionInfo.type: Required value, authorizers[1].timeout: Invalid value: "31s": must be > 0s and <= 30s, authorizers[1].authorizedTTL: Invalid value: "-1s": must be > 0s, authorizers[1].unauthorizedTTL: Invalid value: "-1s": must be > 0s, authorizers[1].subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1", authorizers[1].matchConditionSubjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", authorizers[1].failurePolicy: Unsupported value: "Foo": supported values: "NoOpinion", "Deny", authorizers[1].connectionInfo.type: Unsupported value: {"Type":"Foo","KubeConfigFile":null}: supported values: "InClusterConfig", "KubeConfigFile", authorizers[2].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified, authorizers[2].connectionInfo.kubeConfigFile: Required value, authorizers[2].matchConditions[0].expression: Required value, authorizers[2].matchConditions[1].expression: Invalid value: "request.user": must evaluate to bool but got string, authorizers[2].matchConditions[2].expression: Invalid value: "request.foo == 1": compilation failed: ERROR: <input>:1:8: undefined field 'foo'
       | request.foo == 1
       | .......^, authorizers[2].matchConditions[3].expression: Duplicate value: "request.foo == 1", authorizers[2].matchConditions[4].expression: Invalid value: "request.resourceAttributes.x": compilation failed: ERROR: <input>:1:27: undefined field 'x'
       | request.resourceAttributes.x
       | ..........................^, authorizers[3].connectionInfo.kubeConfigFile: Invalid value: "rel": must be an absolute path, authorizers[4].connectionInfo.kubeConfigFile: Invalid value: "/nowhere": error loading file: stat /nowhere: no such file or directory, authorizers[5].connectionInfo.kubeConfigFile: Invalid value: "/tmp": can only be set when type=KubeConfigFile]""";

  private static AuthorizationConfiguration parse(String text, String... required) {
    return AuthorizationConfiguration.parse(
        (HEAD + text).getBytes(StandardCharsets.UTF_8), Set.of(required));
  }

  @Test
  void allThatIsWrongWithWebhooksIsSaidAtOnce() {
    assertThatThrownBy(() -> parse(WEBHOOKS)).hasMessage(WORDS);
  }

  @Test
  void typesAndNamesAreChecked() {
    assertThatThrownBy(
            () ->
                parse(
                    "authorizers:\n- {}\n- {type: Foo, name: x}\n- {type: RBAC, name: x}\n- {type: RBAC, name: yy}\n- {type: Node, name: x}\n- {type: Webhook, name: A_b}\n- {type: AlwaysAllow, name: zz, webhook: {timeout: 3s}}\n"))
        .hasMessage(
            "[authorizers[0].type: Required value, authorizers[1].type: Unsupported value: \"Foo\": supported values: \"ABAC\", \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\", authorizers[3].type: Duplicate value: \"RBAC\", authorizers[4].name: Duplicate value: \"x\", authorizers[5].name: Invalid value: \"A_b\": authorizer name is invalid: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), authorizers[5].webhook: Required value: required when type=Webhook, authorizers[6].webhook: Invalid value: \"non-null\": may only be specified when type=Webhook]");
    assertThatThrownBy(() -> parse(""))
        .hasMessage("authorizers: Required value: at least one authorization mode must be defined");
    assertThatThrownBy(() -> parse("authorizers: [{type: Node, name: nn}]\n"))
        .hasMessage("expected name node for authorizer Node instead of nn");
    assertThatThrownBy(() -> parse("authorizers: [{type: Node, name: node}]\n", "Node", "RBAC"))
        .hasMessage("missing required types: [RBAC]");
  }

  @Test
  void fieldsAndDurationsAreReadStrictly() {
    String failed = "failed to load AuthorizationConfiguration from file: ";
    assertThatThrownBy(
            () -> parse("authorizers:\n- {type: Node, name: nn, foo: 1, webhook: {bar: 2}}\n"))
        .hasMessage(
            failed
                + "strict decoding error: unknown field \"authorizers[0].foo\", unknown field \"authorizers[0].webhook.bar\"");
    assertThatThrownBy(
            () -> parse("authorizers:\n- {type: Webhook, name: w, webhook: {timeout: 3x}}\n"))
        .hasMessage(failed + "time: unknown unit \"x\" in duration \"3x\"");
    assertThatThrownBy(
            () -> parse("authorizers:\n- {type: Webhook, name: w, webhook: {timeout: 3}}\n"))
        .hasMessage(
            failed
                + "json: cannot unmarshal number into Go struct field WebhookConfiguration.authorizers.webhook.timeout of type string");
  }

  @Test
  void theOrderOfTheFileIsTheOrderInWhichIsAsked() {
    assertThat(
            parse("authorizers: [{type: RBAC, name: rbac}, {type: Node, name: node}]\n")
                .authorizers())
        .containsExactly(
            AuthorizationConfiguration.Entry.RBAC, AuthorizationConfiguration.Entry.NODE);
  }
}
