// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What stands below an object refuses what is meant for another.
class SubresourcesTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  private static final String ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
  private static final String REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";

  private final TestApi api = new TestApi();

  @BeforeEach
  void onePod() {
    api.post(ACCOUNTS, "{\"metadata\":{\"name\":\"default\"}}");
    api.post(
        PODS,
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
  }

  private TestApi.Answer bind(String name, String target) {
    return api.post(
        PODS + "/p/binding",
        "{\"metadata\":{\"name\":\"%s\"},\"target\":%s}".formatted(name, target));
  }

  @Test
  void aPodIsBoundToNodesOnlyAndUnderItsName() {
    assertThat(bind("other", "{\"name\":\"n\"}").message())
        .isEqualTo("name in URL does not match name in Binding object");
    assertThat(bind("p", "{\"kind\":\"Pod\"}").message())
        .isEqualTo(
            "[target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\", target.name: Required value]");
    assertThat(bind("p", "{\"kind\":\"Node\",\"name\":\"n\"}").status()).isEqualTo(201);
    assertThat(bind("p", "{\"name\":\"m\"}").message())
        .isEqualTo(
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n\"");
  }

  @Test
  void aBoundPodIsScheduledSinceThen() {
    bind("p", "{\"name\":\"n\"}");
    assertThat(api.get(PODS + "/p").json().at("/status/conditions").toString())
        .isEqualTo(
            "[{\"type\":\"PodScheduled\",\"lastProbeTime\":null,\"status\":\"True\",\"lastTransitionTime\":\"%s\"}]"
                .formatted(TestApi.START));
  }

  @Test
  void aContainerJoinsAPodThatIsThere() {
    String joined = "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"j\"}]}}";
    TestApi.Answer answer =
        api.patch("strategic-merge-patch+json", PODS + "/p/ephemeralcontainers", joined);
    assertThat(answer.message()).isEmpty();
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void aBindingMayBeCreatedByItself() {
    TestApi.Answer answer =
        api.post(
            "/api/v1/namespaces/default/bindings",
            "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}");
    assertThat(answer.status()).isEqualTo(201);
    assertThat(api.get(PODS + "/p").json().at("/spec/nodeName").asText()).isEqualTo("n");
  }

  @Test
  void evictionsAreTakenInTwoVersions() {
    assertThat(evict("policy/v1beta2").message())
        .isEqualTo(
            "Eviction in version \"v1beta2\" cannot be handled as a Eviction: no kind \"Eviction\" is registered for version \"policy/v1beta2\" in scheme \"pkg/runtime/scheme.go:111\"");
    assertThat(evict("policy/v1beta1").status()).isEqualTo(201);
    assertThat(evict("policy/v1").status()).isEqualTo(201);
  }

  private TestApi.Answer evict(String version) {
    return api.post(
        PODS + "/p/eviction",
        "{\"apiVersion\":\"%s\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"p\"},\"deleteOptions\":{\"dryRun\":[\"All\"]}}"
            .formatted(version));
  }

  @Test
  void anEvictionNamesItsPod() {
    TestApi.Answer answer = api.post(PODS + "/p/eviction", "{\"metadata\":{\"name\":\"other\"}}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).isEqualTo("name in URL does not match name in Eviction object");
  }

  @Test
  void aContainerThatJoinsARunningPodIsChecked() {
    TestApi.Answer answer =
        api.ask("PATCH", PODS + "/p/ephemeralcontainers")
            .header("content-type", "application/strategic-merge-patch+json")
            .body(
                """
                {"spec":{"ephemeralContainers":[{"name":"c","image":"i","targetContainerName":"x",
                  "resources":{"limits":{"cpu":"1"}}}]}}
                """)
            .send();
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .contains("spec.ephemeralContainers[0].name: Duplicate value: \"c\"")
        .contains("spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"")
        .contains(
            "spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container");
  }

  @ParameterizedTest
  @ValueSource(strings = {"resize", "ephemeralcontainers"})
  void booksOfAPartFollowWhatWasSentThoughItIsPutBack(String part) {
    TestApi.Answer answer =
        api.patch(
            "merge-patch+json",
            PODS + "/p/" + part + "?fieldManager=m",
            "{\"metadata\":{\"labels\":{\"l\":\"x\"}},\"spec\":{\"hostname\":\"other\"}}");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().at("/spec").has("hostname")).isFalse();
    JsonNode books = answer.json().at("/metadata/managedFields");
    JsonNode own =
        books
            .valueStream()
            .filter(each -> each.path("manager").asText().equals("m"))
            .findFirst()
            .orElseThrow();
    assertThat(own.path("subresource").asText()).isEqualTo(part);
    assertThat(own.at("/fieldsV1/f:spec").toString()).isEqualTo("{\"f:hostname\":{}}");
    assertThat(own.at("/fieldsV1/f:metadata/f:labels").has("f:l")).isTrue();
  }

  @Test
  void aTokenIsReviewedForTheAudiencesThatItIsFor() {
    String token =
        api.post(ACCOUNTS + "/default/token", "{\"spec\":{\"audiences\":[\"a\"]}}")
            .json()
            .at("/status/token")
            .asText();
    String review = "{\"spec\":{\"token\":\"%s\",\"audiences\":%s}}";
    assertThat(
            api.post(REVIEWS, review.formatted(token, "[\"a\",\"b\"]"))
                .json()
                .at("/status/audiences")
                .toString())
        .isEqualTo("[\"a\"]");
    assertThat(
            api.post(REVIEWS, review.formatted(token, "[\"b\"]"))
                .json()
                .at("/status/error")
                .asText())
        .isEqualTo(
            "[invalid bearer token, token audiences [\"a\"] is invalid for the target audiences [\"b\"]]");
  }

  @Test
  void aTokenIsAskedForUnderItsAccountsName() {
    TestApi.Answer answer =
        api.post(ACCOUNTS + "/default/token", "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .isEqualTo(
            "TokenRequest.authentication.k8s.io \"default\" is invalid: metadata.name: Invalid value: \"x\": must match the service account name if specified");
  }

  @Test
  void aTokenIsAskedForInItsAccountsNamespace() {
    TestApi.Answer answer =
        api.post(ACCOUNTS + "/default/token", "{\"metadata\":{\"namespace\":\"x\"},\"spec\":{}}");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "the namespace of the provided object does not match the namespace sent on the request");
  }

  @Test
  void aNamespaceIsNotHeldByWhatNobodyCouldLetGo() {
    api.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"v\"}}");
    String held = "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"finalizers\":[\"%s\"]}}";
    TestApi.Answer answer = api.put("/api/v1/namespaces/v/finalize", held.formatted("bad"));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .isEqualTo(
            "Namespace \"v\" is invalid: spec.finalizers[0]: Invalid value: \"bad\": name is neither a standard finalizer name nor is it fully qualified");
    for (String good : new String[] {"example.com/hold", "orphan", "kubernetes"}) {
      assertThat(api.put("/api/v1/namespaces/v/finalize", held.formatted(good)).status())
          .isEqualTo(200);
    }
  }

  @Test
  void anEvictedPodSaysSo() {
    bind("p", "{\"name\":\"n\"}");
    evict("policy/v1");
    assertThat(disruption()).isEmpty();
    api.post(PODS + "/p/eviction", "{\"metadata\":{\"name\":\"p\"}}");
    assertThat(disruption())
        .isEqualTo(
            "{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"lastProbeTime\":null,\"lastTransitionTime\":\"%s\",\"reason\":\"EvictionByEvictionAPI\",\"message\":\"Eviction API: evicting\"}"
                .formatted(TestApi.START));
    assertThat(api.get(PODS + "/p").json().at("/metadata").has("deletionTimestamp")).isTrue();
  }

  @Test
  void anEvictionMayAskForOneRevisionOfAPod() {
    bind("p", "{\"name\":\"n\"}");
    String version = api.get(PODS + "/p").json().at("/metadata/resourceVersion").asText();
    String eviction =
        "{\"metadata\":{\"name\":\"p\"},\"deleteOptions\":{\"preconditions\":{\"resourceVersion\":\"%s\"}}}";
    TestApi.Answer refused = api.post(PODS + "/p/eviction", eviction.formatted("1"));
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.message())
        .isEqualTo(
            "Operation cannot be fulfilled on Pod \"p\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (%s). The object might have been modified"
                .formatted(version));
    assertThat(disruption()).isEmpty();
    assertThat(api.post(PODS + "/p/eviction", eviction.formatted(version)).status()).isEqualTo(201);
  }

  private String disruption() {
    for (JsonNode each : api.get(PODS + "/p").json().at("/status/conditions")) {
      if (each.path("type").asText().equals("DisruptionTarget")) {
        return each.toString();
      }
    }
    return "";
  }

  @Test
  void aPodWithTwoBudgetsCannotBeEvicted() {
    api.patch("merge-patch+json", PODS + "/p/status", "{\"status\":{\"phase\":\"Running\"}}");
    for (String name : new String[] {"a", "b"}) {
      api.post(
          BUDGETS, "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"selector\":{}}}".formatted(name));
    }
    assertThat(api.post(PODS + "/p/eviction", "{\"metadata\":{\"name\":\"p\"}}").json().toString())
        .isEqualTo(
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.\",\"code\":500}");
  }

  @Test
  void aBindingSaysNothingOfTheGenerationThatWasTriedBefore() {
    api.patch(
        "strategic-merge-patch+json",
        PODS + "/p/status",
        "{\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"observedGeneration\":1,\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":\"m\"}]}}");
    assertThat(api.get(PODS + "/p").json().at("/status/conditions/0/observedGeneration").asInt())
        .isEqualTo(1);
    bind("p", "{\"name\":\"n\"}");
    assertThat(api.get(PODS + "/p").json().at("/status/conditions").toString())
        .isEqualTo(
            "[{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastProbeTime\":null,\"lastTransitionTime\":\"%s\"}]"
                .formatted(TestApi.START));
  }

  @Test
  void aBoundPodGetsNoGatesAndAGatedOneIsNotCreatedOnANode() {
    bind("p", "{\"name\":\"n\"}");
    TestApi.Answer gated =
        api.patch(
            "merge-patch+json", PODS + "/p", "{\"spec\":{\"schedulingGates\":[{\"name\":\"g\"}]}}");
    assertThat(gated.status()).isEqualTo(422);
    assertThat(gated.message())
        .isEqualTo(
            "Pod \"p\" is invalid: spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'");
    TestApi.Answer placed =
        api.post(
            PODS,
            "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"nodeName\":\"n\",\"schedulingGates\":[{\"name\":\"g\"}],\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    assertThat(placed.status()).isEqualTo(422);
    assertThat(placed.message())
        .isEqualTo(
            "Pod \"q\" is invalid: spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared");
  }

  @Test
  void aRefusedEvictionSaysWhatHoldsThePod() {
    api.patch("merge-patch+json", PODS + "/p/status", "{\"status\":{\"phase\":\"Running\"}}");
    api.post(BUDGETS, "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"selector\":{}}}");
    assertThat(refusal(1, 1, ""))
        .isEqualTo("The disruption budget b needs 1 healthy pods and has 1 currently");
    assertThat(refusal(0, 1, ""))
        .isEqualTo("The disruption budget b does not allow evicting pods currently");
    assertThat(refusal(0, 1, condition("InsufficientPods", "")))
        .isEqualTo("The disruption budget b does not allow evicting pods currently");
    assertThat(refusal(0, 1, condition("Other", "why")))
        .isEqualTo("The disruption budget b does not allow evicting pods currently (Other): why");
    assertThat(refusal(1, 1, condition("Other", "why")))
        .isEqualTo("The disruption budget b needs 1 healthy pods and has 1 currently");
    assertThat(refusal(1, 1, condition("SyncFailed", "why")))
        .isEqualTo(
            "The disruption budget b does not allow evicting pods currently because it failed sync: why");
  }

  private static String condition(String reason, String message) {
    return "{\"type\":\"DisruptionAllowed\",\"status\":\"False\",\"lastTransitionTime\":\"%s\",\"reason\":\"%s\",\"message\":\"%s\"}"
        .formatted(TestApi.START, reason, message);
  }

  /// Why the budget `b` refuses to let the pod go.
  private String refusal(int desired, int healthy, String condition) {
    String status =
        "{\"status\":{\"observedGeneration\":1,\"disruptionsAllowed\":0,\"expectedPods\":1,\"desiredHealthy\":%d,\"currentHealthy\":%d,\"conditions\":[%s]}}";
    TestApi.Answer said =
        api.patch(
            "merge-patch+json",
            BUDGETS + "/b/status",
            status.formatted(desired, healthy, condition));
    assertThat(said.status()).isEqualTo(200);
    api.patch(
        "strategic-merge-patch+json",
        PODS + "/p/status",
        "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
    TestApi.Answer refused = api.post(PODS + "/p/eviction", "{\"metadata\":{\"name\":\"p\"}}");
    assertThat(refused.status()).isEqualTo(429);
    return refused.json().at("/details/causes/0/message").asText();
  }
}
