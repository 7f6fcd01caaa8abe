// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.authentication.AnonymousAccess;
import dev.havn.apiserver.authentication.AuthenticationOptions;
import dev.havn.apiserver.configuration.ReadFile;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.webhook.KubeconfigTarget;
import dev.havn.apiserver.webhook.WebhookServer;
import dev.havn.apiserver.webhook.WebhookServer.Asked;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Webhooks that say who somebody is and what he may, as a client of the API and a real HTTPS
/// server see them. What is expected was compared with kube-apiserver 1.36.
class ReviewWebhooksTest {
  private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  @TempDir private Path folder;
  private WebhookServer server;
  private TestApi api;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    server = new WebhookServer(folder.resolve("w"), List.of("localhost"), List.of("127.0.0.1"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Path kubeconfig(String path) throws IOException {
    return Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        current-context: webhook
        contexts: [{name: webhook, context: {cluster: hook, user: me}}]
        clusters: [{name: hook, cluster: {server: "%s", certificate-authority-data: %s}}]
        users: [{name: me, user: {token: secret}}]
        """
            .formatted(server.url(path), server.caBundle()));
  }

  private void start(AuthenticationOptions.@Nullable Webhook tokens, @Nullable ReadFile rights) {
    api =
        new TestApi(
            new ApiOptions(
                PodSecurityConfiguration.STANDARD,
                Auditing.Settings.NONE,
                RuntimeConfig.ALL,
                new AuthenticationOptions(null, AnonymousAccess.EVERYWHERE, true, tokens),
                rights));
  }

  private void askAboutTokens() throws IOException {
    start(
        new AuthenticationOptions.Webhook(
            KubeconfigTarget.read(kubeconfig("/token")), "v1", Duration.ofMinutes(2)),
        null);
  }

  private static Reply review(String kind, String group, String status) {
    return Reply.json(
        "{\"kind\":\"%s\",\"apiVersion\":\"%s.k8s.io/v1\",\"status\":%s}"
            .formatted(kind, group, status));
  }

  private static Reply token(String status) {
    return review("TokenReview", "authentication", status);
  }

  private TestApi.Answer self(String token) {
    return api.ask("POST", SELF)
        .as(new Credential.None())
        .header("authorization", "Bearer " + token)
        .body("{}")
        .send();
  }

  private JsonNode reviewed(String token, String audiences) {
    String body = "{\"spec\":{\"token\":\"%s\",\"audiences\":[%s]}}".formatted(token, audiences);
    return api.post("/apis/authentication.k8s.io/v1/tokenreviews", body).json().path("status");
  }

  @Test
  void aWebhookSaysForWhomATokenSpeaksAndIsNotAskedAgainForAWhile() throws IOException {
    askAboutTokens();
    server.on(
        "/token",
        token(
            "{\"authenticated\":true,\"user\":{\"username\":\"jane\",\"uid\":\"7\",\"groups\":[\"ops\"],\"extra\":{\"a\":[\"b\"]}}}"));
    assertThat(self("opaque").json().at("/status/userInfo").toString())
        .isEqualTo(
            "{\"username\":\"jane\",\"uid\":\"7\",\"groups\":[\"ops\",\"system:authenticated\"],\"extra\":{\"a\":[\"b\"]}}");
    Asked asked = server.asked().getFirst();
    assertThat(asked.query()).isEqualTo("timeout=30s");
    assertThat(asked.body().path("spec").toString())
        .isEqualTo(
            "{\"token\":\"opaque\",\"audiences\":[\"https://kubernetes.default.svc.cluster.local\"]}");
    api.time.advance(Duration.ofSeconds(119));
    self("opaque");
    assertThat(server.asked()).hasSize(1);
    self("other");
    assertThat(server.asked()).hasSize(2);
    api.time.advance(Duration.ofSeconds(1));
    self("opaque");
    assertThat(server.asked()).hasSize(3);
  }

  @Test
  void theAudiencesThatAWebhookNamesCount() throws IOException {
    askAboutTokens();
    server.on(
        "/token",
        token("{\"authenticated\":true,\"user\":{\"username\":\"jane\"},\"audiences\":[\"x\"]}"));
    assertThat(self("opaque").status()).isEqualTo(401);
    assertThat(reviewed("opaque", "\"x\",\"y\"").path("audiences").toString()).isEqualTo("[\"x\"]");
  }

  @Test
  void aWebhookThatRefusesOrFailsLetsNobodyIn() throws IOException {
    askAboutTokens();
    server.on("/token", token("{\"authenticated\":false,\"error\":\"out of date\"}"));
    assertThat(self("opaque").status()).isEqualTo(401);
    assertThat(reviewed("opaque", "").path("error").asText())
        .isEqualTo("[invalid bearer token, out of date]");
    server.on("/token", new Reply(500, "text/plain", "boom"));
    assertThat(reviewed("opaque", "").path("error").asText())
        .isEqualTo(
            "[invalid bearer token, an error on the server (\"boom\") has prevented the request from succeeding]");
    server.on("/token", token("{\"authenticated\":true,\"user\":{\"username\":\"jane\"}}"));
    assertThat(self("opaque").status()).as("failures are not remembered").isEqualTo(201);
  }

  @Test
  void aTokenReviewWithValuesOfOtherTypesLetsNobodyIn() throws IOException {
    askAboutTokens();
    for (String status :
        List.of(
            "{\"authenticated\":\"true\",\"user\":{\"username\":\"jane\"}}",
            "{\"authenticated\":true,\"user\":{\"username\":\"jane\",\"groups\":[1]}}")) {
      server.on("/token", token(status));
      assertThat(self("opaque").status()).as(status).isEqualTo(401);
    }
  }

  private String rights(String policy, String more) throws IOException {
    return """
        apiVersion: apiserver.config.k8s.io/v1
        kind: AuthorizationConfiguration
        authorizers:
        - {type: Node, name: node}
        - type: Webhook
          name: hook
          webhook:
            timeout: 3s
            authorizedTTL: 30s
            unauthorizedTTL: 10s
            subjectAccessReviewVersion: v1
            matchConditionSubjectAccessReviewVersion: v1
            failurePolicy: %s
            connectionInfo: {type: KubeConfigFile, kubeConfigFile: %s}
            %s
        - {type: RBAC, name: rbac}
        """
        .formatted(policy, kubeconfig("/rights"), more);
  }

  private Path file() {
    return folder.resolve("authorization.yaml");
  }

  private void decide(String configuration) throws IOException {
    Files.writeString(file(), configuration);
    start(null, new ReadFile(file(), configuration.getBytes(StandardCharsets.UTF_8)));
  }

  private static Reply right(String status) {
    return review("SubjectAccessReview", "authorization", status);
  }

  private TestApi.Answer list(String user) {
    return api.ask("GET", MAPS + "?labelSelector=a%3Db&fieldSelector=metadata.name%3Dm")
        .asUser(user, "ops")
        .send();
  }

  @Test
  void aWebhookAllowsWhatRolesDoNot() throws IOException {
    decide(rights("NoOpinion", ""));
    server.on("/rights", right("{\"allowed\":true,\"reason\":\"on call\"}"));
    assertThat(list("jane").status()).isEqualTo(200);
    assertThat(server.asked().getFirst().query()).isEqualTo("timeout=3s");
    assertThat(server.asked().getFirst().body().path("spec").toString())
        .isEqualTo(
            "{\"resourceAttributes\":{\"namespace\":\"default\",\"verb\":\"list\",\"version\":\"v1\",\"resource\":\"configmaps\",\"name\":\"m\",\"fieldSelector\":{\"requirements\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"m\"]}]},\"labelSelector\":{\"requirements\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"b\"]}]}},\"user\":\"jane\",\"groups\":[\"ops\",\"system:authenticated\"]}");
    list("jane");
    assertThat(server.asked()).as("remembered").hasSize(1);
    api.time.advance(Duration.ofSeconds(30));
    list("jane");
    assertThat(server.asked()).hasSize(2);
  }

  @Test
  void aWebhookDeniesWhatRolesAllow() throws IOException {
    decide(rights("NoOpinion", ""));
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "{metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]}");
    server.on("/rights", right("{\"allowed\":false}"));
    assertThat(list("jane").status()).as("no opinion: roles decide").isEqualTo(200);
    api.time.advance(Duration.ofSeconds(10));
    server.on("/rights", right("{\"allowed\":false,\"denied\":true,\"reason\":\"not today\"}"));
    TestApi.Answer answer = list("jane");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message()).endsWith("in the namespace \"default\": not today");
    JsonNode status =
        api.post(
                "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                "{\"spec\":{\"user\":\"jane\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}")
            .json()
            .path("status");
    assertThat(status.toString())
        .isEqualTo("{\"allowed\":false,\"denied\":true,\"reason\":\"not today\"}");
    assertThat(api.get(MAPS).status()).as("system:masters is not asked about").isEqualTo(200);
  }

  @Test
  void aWebhookThatFailsDecidesAsItsPolicySays() throws IOException {
    decide(rights("NoOpinion", ""));
    server.on("/rights", new Reply(404, "text/plain", "gone"));
    TestApi.Answer answer = list("jane");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.text())
        .isEqualTo(
            "Internal Server Error: \"/api/v1/namespaces/default/configmaps?labelSelector=a%3Db&amp;fieldSelector=metadata.name%3Dm\": the server could not find the requested resource\n");
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "{metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]}");
    assertThat(list("jane").status()).isEqualTo(200);
    Files.writeString(file(), rights("Deny", ""));
    api.time.advance(Duration.ofSeconds(5));
    assertThat(list("jane").status()).isEqualTo(500);
  }

  @Test
  void oneObjectIsNotJudgedBySelectorsThatDoNotNarrowIt() throws IOException {
    decide(rights("NoOpinion", ""));
    server.on("/rights", right("{\"allowed\":true}"));
    String path = MAPS + "/m?watch=1&labelSelector=a%3Db&fieldSelector=metadata.name%3Dm";
    assertThat(api.ask("GET", path).asUser("jane", "ops").send().status()).isEqualTo(404);
    assertThat(server.asked().getFirst().body().at("/spec/resourceAttributes").toString())
        .isEqualTo(
            "{\"namespace\":\"default\",\"verb\":\"get\",\"version\":\"v1\",\"resource\":\"configmaps\",\"name\":\"m\"}");
  }

  @Test
  void anAnswerThatIsNoReviewFailsAndIsNotRemembered() throws IOException {
    decide(rights("Deny", ""));
    for (String status : List.of("{\"denied\":\"yes\"}", "{\"allowed\":1}")) {
      server.on("/rights", right(status));
      assertThat(list("jane").text()).as(status).contains("cannot unmarshal");
    }
    server.on("/rights", token("{}"));
    assertThat(list("jane").text()).contains("no kind \"TokenReview\" is registered");
    server.on("/rights", right("{\"allowed\":true}"));
    assertThat(list("jane").status()).isEqualTo(200);
  }

  @Test
  void onlyWhatItsConditionsMatchIsAskedOfAWebhook() throws IOException {
    decide(
        rights(
            "Deny",
            "matchConditions: [{expression: 'has(request.resourceAttributes)'}, {expression: '\"ops\" in request.groups'}, {expression: 'request.user != \"jane\"'}]"));
    server.on("/rights", right("{\"allowed\":true}"));
    assertThat(list("jane").status()).isEqualTo(403);
    assertThat(server.asked()).isEmpty();
    assertThat(api.ask("GET", "/metrics").asUser("bob", "ops").send().status()).isEqualTo(403);
    assertThat(server.asked()).isEmpty();
    assertThat(list("bob").status()).isEqualTo(200);
    assertThat(server.asked()).hasSize(1);
  }

  @Test
  void aConditionWithoutAValueFails() throws IOException {
    decide(
        rights(
            "Deny",
            "matchConditions: [{expression: 'request.extra[\"team\"][0] == \"x\"'}, {expression: 'request.user != \"jane\"'}]"));
    assertThat(list("jane").status()).as("a false condition decides").isEqualTo(403);
    assertThat(list("bob").text()).contains("cel evaluation error: expression").contains("team");
  }

  @Test
  void rulesThatAWebhookMayAddAreSaidToBeUnknown() throws IOException {
    decide(rights("NoOpinion", ""));
    JsonNode status =
        api.post(
                "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                "{\"spec\":{\"namespace\":\"default\"}}")
            .json()
            .path("status");
    assertThat(status.path("incomplete").asBoolean()).isTrue();
    assertThat(status.path("evaluationError").asText())
        .isEqualTo("webhook authorizer does not support user rule resolution");
  }
}
