// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.podsecurity.PodSecurityConfiguration;
import dev.havn.apiserver.audit.AuditPolicy;
import dev.havn.apiserver.audit.Auditing;
import dev.havn.apiserver.http.Credential;
import dev.havn.schema.codec.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The events of the audit log. Their fields were compared with those of a kube-apiserver 1.36.3.
final class AuditTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private final List<ObjectNode> events = new ArrayList<>();

  private static AuditPolicy policy(String fields) {
    String text = "{apiVersion: audit.k8s.io/v1, kind: Policy, " + fields + "}";
    return AuditPolicy.of(Yaml.read(text.getBytes(StandardCharsets.UTF_8)));
  }

  private TestApi api(String policy) {
    TestApi api =
        new TestApi(
            new ApiOptions(
                PodSecurityConfiguration.STANDARD,
                new Auditing.Settings(policy(policy), events::add)));
    events.clear();
    return api;
  }

  @Test
  void aRequestBecomesAnEventAtEachStage() {
    TestApi api = api("rules: [{level: Metadata}]");
    TestApi.Answer answer =
        api.ask("POST", MAPS + "?fieldManager=a%2Fb")
            .header("user-agent", "probe/1")
            .header("x-forwarded-for", "10.1.2.3")
            .body("{\"metadata\":{\"name\":\"m\"}}")
            .send();
    assertThat(events)
        .extracting(each -> each.path("stage").asText())
        .containsExactly("RequestReceived", "ResponseComplete");
    JsonNode event = events.getLast();
    assertThat(event.path("level").asText()).isEqualTo("Metadata");
    assertThat(event.path("auditID").asText()).isEqualTo(answer.header("audit-id")).hasSize(36);
    assertThat(event.path("requestURI").asText()).isEqualTo(MAPS + "?fieldManager=a%2Fb");
    assertThat(event.path("verb").asText()).isEqualTo("create");
    assertThat(event.at("/user/username").asText()).isEqualTo("admin");
    assertThat(event.path("sourceIPs")).hasToString("[\"10.1.2.3\",\"127.0.0.1\"]");
    assertThat(event.path("userAgent").asText()).isEqualTo("probe/1");
    assertThat(event.path("objectRef"))
        .hasToString(
            "{\"resource\":\"configmaps\",\"namespace\":\"default\",\"name\":\"m\",\"apiVersion\":\"v1\"}");
    assertThat(event.path("responseStatus")).hasToString("{\"metadata\":{},\"code\":201}");
    assertThat(event.path("requestReceivedTimestamp").asText())
        .isEqualTo("2026-01-01T00:00:00.000000Z");
    assertThat(event.path("annotations"))
        .hasToString(
            "{\"authorization.k8s.io/decision\":\"allow\",\"authorization.k8s.io/reason\":\"\"}");
    assertThat(event.has("requestObject") || event.has("responseObject")).isFalse();
  }

  @Test
  void theFirstRuleThatMatchesDecidesHowMuchIsKept() {
    TestApi api =
        api(
            """
            omitStages: [RequestReceived], rules: [
             {level: None, resources: [{group: "", resources: [secrets]}]},
             {level: Request, verbs: [create], omitManagedFields: true},
             {level: RequestResponse, resources: [{group: "", resources: ["configmaps"]}], omitManagedFields: true},
             {level: None, nonResourceURLs: ["/healthz*"]}, {level: Metadata}]
            """);
    api.create("/api/v1/namespaces/default/secrets", "{metadata: {name: s}}");
    api.get("/healthz/ping");
    assertThat(events).isEmpty();
    api.create(MAPS, "{metadata: {name: m}, data: {a: b}}");
    assertThat(events.getFirst().at("/requestObject/data/a").asText()).isEqualTo("b");
    assertThat(events.getFirst().has("responseObject")).isFalse();
    api.get(MAPS + "/m");
    JsonNode kept = events.getLast().path("responseObject");
    assertThat(kept.at("/data/a").asText()).isEqualTo("b");
    assertThat(kept.path("metadata").has("managedFields")).isFalse();
    api.get("/version");
    assertThat(events).hasSize(3);
    assertThat(events.getLast().has("objectRef")).isFalse();
  }

  @Test
  void aRefusalIsKeptWithItsStatusAndTheNearestRule() {
    TestApi api = api("rules: [{level: Metadata, users: [bob], omitStages: [RequestReceived]}]");
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
        "{metadata: {name: r}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]}");
    api.create(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
        "{metadata: {name: rb}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]}");
    api.ask("DELETE", MAPS + "/m").asUser("bob").send();
    JsonNode event = events.getLast();
    assertThat(event.at("/responseStatus/reason").asText()).isEqualTo("Forbidden");
    assertThat(event.at("/annotations/authorization.k8s.io~1decision").asText())
        .isEqualTo("forbid");
    assertThat(event.at("/annotations/authorization.havn.dev~1nearest-rule").asText())
        .isEqualTo(
            "nearest is RoleBinding \"rb/default\" of Role \"r\" to User \"bob\", which allows get on configmaps: it does not name the verb \"delete\"");
    api.ask("GET", MAPS + "/m").asUser("bob").send();
    assertThat(events.getLast().at("/annotations/authorization.k8s.io~1reason").asText())
        .isEqualTo("RBAC: allowed by RoleBinding \"rb/default\" of Role \"r\" to User \"bob\"");
  }

  @Test
  void whoIsNotKnownIsKeptAtTheMomentOfTheAnswer() {
    TestApi api = api("rules: [{level: Metadata}]");
    api.ask("GET", MAPS)
        .as(new Credential.None())
        .header("authorization", "Bearer nonsense")
        .send();
    assertThat(events).hasSize(1);
    assertThat(events.getFirst().path("stage").asText()).isEqualTo("ResponseStarted");
    assertThat(events.getFirst().at("/responseStatus/message").asText()).isEqualTo("Unauthorized");
    assertThat(events.getFirst().path("user")).isEmpty();
  }

  @Test
  void impersonationKeepsBoth() {
    TestApi api = api("rules: [{level: Metadata}]");
    api.ask("GET", MAPS).header("impersonate-user", "jane").send();
    JsonNode event = events.getLast();
    assertThat(event.at("/user/username").asText()).isEqualTo("admin");
    assertThat(event.at("/impersonatedUser/username").asText()).isEqualTo("jane");
  }

  @Test
  void aWatchIsStartedAndCompleted() {
    TestApi api = api("rules: [{level: RequestResponse}]");
    TestApi.Answer watch = api.get(MAPS + "?watch=1");
    assertThat(events.getLast().path("stage").asText()).isEqualTo("ResponseStarted");
    watch.hangUp();
    assertThat(events.getLast().path("stage").asText()).isEqualTo("ResponseComplete");
    assertThat(events).hasSize(3);
  }

  @Test
  void whatPodSecurityFoundStandsInTheEvent() {
    TestApi api = api("rules: [{level: Metadata}]");
    api.create(
        "/api/v1/namespaces",
        "{metadata: {name: shop, labels: {pod-security.kubernetes.io/audit: baseline}}}");
    api.create("/api/v1/namespaces/shop/serviceaccounts", "{metadata: {name: default}}");
    api.create(
        "/api/v1/namespaces/shop/pods",
        "{metadata: {name: p}, spec: {hostPID: true, containers: [{name: c, image: i}]}}");
    JsonNode annotations = events.getLast().path("annotations");
    assertThat(annotations.path("pod-security.kubernetes.io/audit-violations").asText())
        .isEqualTo("would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)");
    assertThat(annotations.path("pod-security.kubernetes.io/enforce-policy").asText())
        .isEqualTo("privileged:latest");
  }

  @Test
  void aPolicyThatCannotBeMeantIsRefusedWithItsFields() {
    assertThatThrownBy(
            () -> policy("rules: [{level: Everything}, {verbs: [get]}], omitStages: [x]"))
        .hasMessage(
            "[omitStages[0]: Unsupported value: \"x\": supported values: \"Panic\", \"RequestReceived\", \"ResponseComplete\", \"ResponseStarted\", rules[0].level: Unsupported value: \"Everything\": supported values: \"Metadata\", \"None\", \"Request\", \"RequestResponse\", rules[1].level: Required value]");
  }
}
