// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.http.Credential;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What is taken away counts for the next request; a stream that is open goes on, as it does with
/// kube-apiserver 1.36 (which takes a revoked token for up to ten seconds more). That a certificate
/// ends with its time shows `AuthenticatorTest`.
class RevocationTest {
  private static final String NAMESPACE = "/api/v1/namespaces/default/";
  private static final String MAPS = NAMESPACE + "configmaps";
  private static final String ACCOUNT = NAMESPACE + "serviceaccounts/robot";
  private static final String BINDINGS =
      "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";

  private final TestApi api = new TestApi();

  @BeforeEach
  void mayRead() {
    api.post(NAMESPACE + "serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
        "{metadata: {name: reader}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [list, watch]}]}");
    api.create(
        BINDINGS,
        "{metadata: {name: reader}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}, subjects: [{kind: ServiceAccount, name: robot, namespace: default}]}");
  }

  private String token(String bound) {
    TestApi.Answer answer =
        api.post(ACCOUNT + "/token", "{\"spec\":{\"expirationSeconds\":600" + bound + "}}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    return answer.json().at("/status/token").asText();
  }

  private TestApi.Answer ask(String token, String target) {
    return api.ask("GET", target)
        .as(new Credential.None())
        .header("authorization", "Bearer " + token)
        .send();
  }

  /// The watch that was open before sees what happens afterwards.
  private void goesOn(TestApi.Answer watch, String name) {
    api.post(MAPS, "{\"metadata\":{\"name\":\"" + name + "\"}}");
    List<JsonNode> events = watch.events();
    assertThat(events).extracting(each -> each.at("/object/metadata/name").asText()).contains(name);
    assertThat(watch.isClosed()).isFalse();
  }

  @Test
  void aRoleThatIsTakenAwayCountsForTheNextRequest() {
    String token = token("");
    TestApi.Answer watch = ask(token, MAPS + "?watch=true");
    assertThat(ask(token, MAPS).status()).isEqualTo(200);
    api.delete(BINDINGS + "/reader");
    assertThat(ask(token, MAPS).status()).isEqualTo(403);
    assertThat(ask(token, MAPS + "?watch=true").status()).isEqualTo(403);
    goesOn(watch, "later");
  }

  @Test
  void aTokenEndsWithItsAccountAtOnce() {
    String token = token("");
    TestApi.Answer watch = ask(token, MAPS + "?watch=true");
    api.delete(ACCOUNT);
    assertThat(ask(token, MAPS).status()).isEqualTo(401);
    api.post(NAMESPACE + "serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    assertThat(ask(token, MAPS).status()).as("another account of its name").isEqualTo(401);
    goesOn(watch, "later");
  }

  @Test
  void aTokenEndsWithItsPodAtOnce() {
    api.create(
        NAMESPACE + "pods",
        "{metadata: {name: p}, spec: {serviceAccountName: robot, automountServiceAccountToken: false, containers: [{name: a, image: a}]}}");
    String token =
        token(",\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\"}");
    TestApi.Answer watch = ask(token, MAPS + "?watch=true");
    assertThat(ask(token, MAPS).status()).isEqualTo(200);
    api.delete(NAMESPACE + "pods/p?gracePeriodSeconds=0");
    assertThat(ask(token, MAPS).status()).isEqualTo(401);
    goesOn(watch, "later");
  }
}
