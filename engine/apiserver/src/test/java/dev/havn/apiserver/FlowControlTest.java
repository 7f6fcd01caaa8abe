// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.http.Credential;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// Priority and fairness, as clients see it.
class FlowControlTest {
  private static final String API = "/apis/flowcontrol.apiserver.k8s.io/v1/";
  private static final Credential NOBODY = new Credential.None();
  private static final String SCHEMA =
      """
      {"metadata":{"name":"mine"},"spec":{"matchingPrecedence":500,"priorityLevelConfiguration":{"name":"mine"},
       "distinguisherMethod":{"type":"ByUser"},"rules":[{"subjects":[{"kind":"User","user":{"name":"system:anonymous"}}],
        "nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/ver/*","/version"]}],
        "resourceRules":[{"verbs":["create"],"apiGroups":[""],"resources":["configmaps"],"namespaces":["default"]}]}]}}
      """;

  private TestApi api = new TestApi(new ConcurrencyLimits(1, 0, Duration.ofMillis(20)));

  private String uid(String path) {
    return api.get(API + path).json().at("/metadata/uid").asText();
  }

  private void assertPlace(TestApi.Answer answer, String schema, String level) {
    assertThat(answer.header("x-kubernetes-pf-flowschema-uid"))
        .isEqualTo(uid("flowschemas/" + schema));
    assertThat(answer.header("x-kubernetes-pf-prioritylevel-uid"))
        .isEqualTo(uid("prioritylevelconfigurations/" + level));
  }

  private TestApi.Answer asNobody(String target) {
    return api.ask("GET", target).as(NOBODY).send();
  }

  @Test
  void aNewClusterHasTheObjectsOfKubernetes() {
    assertThat(api.get(API + "flowschemas").json().path("items")).hasSize(11);
    assertThat(api.get(API + "prioritylevelconfigurations").json().path("items")).hasSize(8);
    JsonNode probes = api.get(API + "flowschemas/probes").json();
    assertThat(probes.at("/metadata/annotations/apf.kubernetes.io~1autoupdate-spec").asText())
        .isEqualTo("true");
    assertThat(probes.at("/status/conditions/0/type").asText()).isEqualTo("Dangling");
    assertThat(probes.at("/status/conditions/0/message").asText())
        .isEqualTo(
            "This FlowSchema references the PriorityLevelConfiguration object named \"exempt\" and it exists");
  }

  @Test
  void answersSayWhereTheRequestBelongs() {
    assertPlace(asNobody("/version"), "global-default", "global-default");
    assertPlace(asNobody("/healthz"), "probes", "exempt");
    assertThat(asNobody("/api/v1/namespaces").status()).isEqualTo(403);
    assertPlace(asNobody("/api/v1/namespaces"), "global-default", "global-default");
  }

  @Test
  void aSchemaWithoutItsLevelIsDanglingAndNotAsked() {
    assertThat(api.post(API + "flowschemas", SCHEMA).status()).isEqualTo(201);
    api.time.settle();
    JsonNode condition = api.get(API + "flowschemas/mine").json().at("/status/conditions/0");
    assertThat(condition.path("status").asText()).isEqualTo("True");
    assertThat(condition.path("reason").asText()).isEqualTo("NotFound");
    assertThat(condition.path("message").asText())
        .isEqualTo(
            "This FlowSchema references the PriorityLevelConfiguration object named \"mine\" but there is no such object");
    assertPlace(asNobody("/version"), "global-default", "global-default");
    level(1);
    condition = api.get(API + "flowschemas/mine").json().at("/status/conditions/0");
    assertThat(condition.path("status").asText()).isEqualTo("False");
    assertThat(condition.path("reason").asText()).isEqualTo("Found");
    assertPlace(asNobody("/version"), "mine", "mine");
    assertPlace(asNobody("/api"), "global-default", "global-default");
  }

  private void level(int shares) {
    assertThat(
            api.post(
                    API + "prioritylevelconfigurations",
                    """
                    {"metadata":{"name":"mine"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":%d,
                     "lendablePercent":0,"limitResponse":{"type":"Reject"}}}}
                    """
                        .formatted(shares))
                .status())
        .isEqualTo(201);
    api.time.settle();
  }

  @Test
  void withoutASeatARequestIsToldToComeAgain() {
    api.post(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        """
        {"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"system:anonymous"}]}
        """);
    assertThat(api.post(API + "flowschemas", SCHEMA).status()).isEqualTo(201);
    level(1);
    TestApi.Answer[] during = new TestApi.Answer[2];
    TestApi.Answer outer =
        api.ask("POST", "/api/v1/namespaces/default/configmaps")
            .body(
                () -> {
                  during[0] = asNobody("/version");
                  during[1] = asNobody("/api");
                  return "{\"metadata\":{\"name\":\"a\"}}";
                })
            .as(NOBODY)
            .send();
    assertThat(outer.status()).isEqualTo(201);
    assertThat(during[0].status()).isEqualTo(429);
    assertThat(during[0].header("retry-after")).isEqualTo("1");
    assertThat(during[0].text()).isEqualTo("Too many requests, please try again later.\n");
    assertPlace(during[0], "mine", "mine");
    assertThat(during[1].status()).isEqualTo(200);
    assertThat(asNobody("/version").status()).isEqualTo(200);
    assertThat(api.get("/metrics").text())
        .contains("apiserver_flowcontrol_rejected_requests_total{priority_level=\"mine\"} 1\n");
    assertThat(api.get("/debug/api_priority_and_fairness/dump_priority_levels").text())
        .contains("\nmine,              0,            true,   false,       0,               0,");
  }

  @Test
  void whatEveryRequestNeedsComesBack() {
    api.delete(API + "flowschemas/catch-all");
    api.delete(API + "prioritylevelconfigurations/exempt");
    api.time.settle();
    assertThat(api.get(API + "flowschemas/catch-all").status()).isEqualTo(200);
    assertThat(api.get(API + "prioritylevelconfigurations/exempt").status()).isEqualTo(200);
    api.delete(API + "flowschemas/global-default");
    api.time.settle();
    assertPlace(asNobody("/version"), "catch-all", "catch-all");
  }
}
