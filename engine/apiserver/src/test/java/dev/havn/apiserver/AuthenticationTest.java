// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.http.Credential;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who somebody is taken for.
class AuthenticationTest {
  private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  private static final Credential NOBODY = new Credential.None();

  private final TestApi api = new TestApi();

  private String token() {
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    return api.post(
            "/api/v1/namespaces/default/serviceaccounts/robot/token",
            "{\"spec\":{\"expirationSeconds\":600}}")
        .json()
        .path("status")
        .path("token")
        .asText();
  }

  private TestApi.Answer self(String token) {
    return api.ask("POST", SELF)
        .as(NOBODY)
        .header("authorization", "Bearer " + token)
        .body("{}")
        .send();
  }

  @Test
  void aTokenSpeaksForItsAccount() {
    JsonNode user = self(token()).json().path("status").path("userInfo");
    assertThat(user.path("username").asText()).isEqualTo("system:serviceaccount:default:robot");
    assertThat(user.path("groups").toString())
        .isEqualTo(
            "[\"system:serviceaccounts\",\"system:serviceaccounts:default\",\"system:authenticated\"]");
  }

  @Test
  void aTokenEndsWithItsTime() {
    String token = token();
    api.time.advance(Duration.ofSeconds(599));
    assertThat(self(token).status()).isEqualTo(201);
    api.time.advance(Duration.ofSeconds(1));
    TestApi.Answer late = self(token);
    assertThat(late.status()).isEqualTo(401);
    assertThat(late.reason()).isEqualTo("Unauthorized");
    assertThat(late.message()).isEqualTo("Unauthorized");
  }

  @Test
  void aTokenEndsWithItsAccount() {
    String token = token();
    api.delete("/api/v1/namespaces/default/serviceaccounts/robot");
    assertThat(self(token).status()).isEqualTo(401);
  }

  @Test
  void aForgedTokenIsUnauthorizedEvenWhereNobodyMustSayWhoHeIs() {
    String token = token();
    String forged = token.substring(0, token.length() - 4) + "AAAA";
    assertThat(self(forged).status()).isEqualTo(401);
    assertThat(
            api.ask("GET", "/version")
                .as(NOBODY)
                .header("authorization", "Bearer abc")
                .send()
                .status())
        .isEqualTo(401);
  }

  private TestApi.Answer tokenBoundTo(String reference) {
    return api.post(
        "/api/v1/namespaces/default/serviceaccounts/robot/token",
        "{\"spec\":{\"expirationSeconds\":600,\"boundObjectRef\":" + reference + "}}");
  }

  /// The claims of a bound object lie beside those of the account.
  @Test
  void aTokenIsNotBoundToWhatMakesItAnothers() {
    token();
    String other =
        api.post(
                "/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"chief\"}}")
            .json()
            .at("/metadata/uid")
            .asText();
    for (String kind : new String[] {"ServiceAccount", "serviceaccount", "Namespace", "Job"}) {
      TestApi.Answer refused =
          tokenBoundTo(
              "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"name\":\"chief\",\"uid\":\"%s\"}"
                  .formatted(kind, other));
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.message())
          .isEqualTo("cannot bind token to object of type /v1, Kind=" + kind);
    }
  }

  @Test
  void aTokenEndsWithTheSecretThatItIsBoundTo() {
    token();
    String secret = "/api/v1/namespaces/default/secrets";
    assertThat(
            tokenBoundTo("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"name\":\"key\"}").status())
        .isEqualTo(404);
    api.post(secret, "{\"metadata\":{\"name\":\"key\"}}");
    String token =
        tokenBoundTo("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"name\":\"key\"}")
            .json()
            .at("/status/token")
            .asText();
    assertThat(self(token).status()).isEqualTo(201);
    api.delete(secret + "/key");
    api.post(secret, "{\"metadata\":{\"name\":\"key\"}}");
    assertThat(self(token).status()).isEqualTo(401);
  }

  @Test
  void theWordBearerMayBeWrittenAnyWay() {
    assertThat(
            api.ask("GET", "/version")
                .as(NOBODY)
                .header("authorization", "bearer abc")
                .send()
                .status())
        .isEqualTo(401);
  }

  @Test
  void whoSaysNothingIsAnonymous() {
    assertThat(api.ask("GET", "/livez").as(NOBODY).send().status()).isEqualTo(200);
    TestApi.Answer answer = api.ask("GET", "/api/v1/namespaces/default/pods").as(NOBODY).send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
  }

  @Test
  void anImpersonatedUserHasTheAttributesAskedFor() {
    JsonNode user =
        api.ask("POST", SELF)
            .header("impersonate-user", "bob")
            .header("impersonate-group", "devs")
            .header("impersonate-uid", "u1")
            .header("impersonate-extra-scopes%2fx", "view")
            .body("{}")
            .send()
            .json()
            .path("status")
            .path("userInfo");
    assertThat(user.path("username").asText()).isEqualTo("bob");
    assertThat(user.path("uid").asText()).isEqualTo("u1");
    assertThat(user.path("groups").toString()).isEqualTo("[\"devs\",\"system:authenticated\"]");
    assertThat(user.path("extra").toString()).isEqualTo("{\"scopes/x\":[\"view\"]}");
  }

  @Test
  void anImpersonatedAccountIsInItsGroups() {
    JsonNode user =
        api.ask("POST", SELF)
            .header("impersonate-user", "system:serviceaccount:default:robot")
            .body("{}")
            .send()
            .json()
            .path("status")
            .path("userInfo");
    assertThat(user.path("groups").toString())
        .isEqualTo(
            "[\"system:serviceaccounts\",\"system:serviceaccounts:default\",\"system:authenticated\"]");
  }

  @Test
  void attributesWithoutAUserAreABadRequest() {
    TestApi.Answer answer = api.ask("GET", "/api").header("impersonate-group", "bob").send();
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"bob\"}, Extra:map[string][]string(nil)} without impersonating a user name");
  }

  @Test
  void whoMayNotImpersonateIsRefused() {
    TestApi.Answer answer =
        api.ask("GET", "/api").asUser("eve").header("impersonate-user", "bob").send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "users \"bob\" is forbidden: User \"eve\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
  }

  private TestApi.Answer bootstrapToken(String data) {
    return api.post(
        "/api/v1/namespaces/kube-system/secrets",
        """
        {"metadata":{"name":"bootstrap-token-abcdef"},"type":"bootstrap.kubernetes.io/token",
         "stringData":{"token-id":"abcdef","token-secret":"0123456789abcdef"%s}}
        """
            .formatted(data));
  }

  private static final String ENABLED = ",\"usage-bootstrap-authentication\":\"true\"";

  @Test
  void aBootstrapTokenIsGoodWhileItsSecretSaysSo() {
    String token = "abcdef.0123456789abcdef";
    assertThat(self(token).status()).isEqualTo(401);
    bootstrapToken(
        ENABLED
            + ",\"auth-extra-groups\":\"system:bootstrappers:b,system:bootstrappers:a\",\"expiration\":\"2026-01-01T00:10:00Z\"");
    assertThat(self(token).json().at("/status/userInfo").toString())
        .isEqualTo(
            "{\"username\":\"system:bootstrap:abcdef\",\"groups\":[\"system:bootstrappers\",\"system:bootstrappers:a\",\"system:bootstrappers:b\",\"system:authenticated\"]}");
    assertThat(self("abcdef.0123456789abcdee").status()).isEqualTo(401);
    api.time.advance(Duration.ofMinutes(10));
    assertThat(self(token).status()).isEqualTo(401);
    api.delete("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef");
    bootstrapToken(ENABLED);
    assertThat(self(token).status()).isEqualTo(201);
    api.delete("/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef");
    assertThat(self(token).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",\"usage-bootstrap-authentication\":\"yes\"",
        ENABLED + ",\"expiration\":\"soon\"",
        ENABLED + ",\"auth-extra-groups\":\"system:masters\"",
        ENABLED + ",\"auth-extra-groups\":\"system:bootstrappers:a,\"",
        ENABLED + ",\"token-id\":\"fedcba\""
      })
  void aBootstrapTokenThatIsNotMeantForThisIsRefused(String data) {
    bootstrapToken(data);
    assertThat(self("abcdef.0123456789abcdef").status()).isEqualTo(401);
  }
}
