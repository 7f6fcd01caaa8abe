// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Quotas, limit ranges and disruption budgets: what they take, give and refuse.
class LimitsTest {
  private static final String CORE = "/api/v1/namespaces/default";
  private static final String BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

  private final TestApi api = new TestApi();

  @BeforeEach
  void anAccount() {
    api.post(CORE + "/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
  }

  private TestApi.Answer pod(String name, String resources) {
    return api.post(
        CORE + "/pods",
        "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":%s}]}}"
            .formatted(name, resources));
  }

  /// A quota whose use has been counted, as its controller does it.
  private void quota(String hard, String used) {
    api.post(
        CORE + "/resourcequotas",
        "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":" + hard + "}}");
    api.patch(
        "merge-patch+json",
        CORE + "/resourcequotas/q/status",
        "{\"status\":{\"hard\":" + hard + ",\"used\":" + used + "}}");
  }

  private JsonNode used() {
    return api.get(CORE + "/resourcequotas/q").json().path("status").path("used");
  }

  @Test
  void aQuotaIsUsedUpAndThenRefuses() {
    quota("{\"pods\":\"1\"}", "{\"pods\":\"0\"}");
    assertThat(pod("a", "{}").status()).isEqualTo(201);
    assertThat(used().path("pods").asText()).isEqualTo("1");
    TestApi.Answer answer = pod("b", "{}");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "pods \"b\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1");
  }

  @Test
  void aQuotaOfComputingAsksEachContainerToSayWhatItNeeds() {
    quota("{\"limits.memory\":\"1Gi\",\"cpu\":\"1\"}", "{\"limits.memory\":\"0\",\"cpu\":\"0\"}");
    assertThat(pod("a", "{}").message())
        .isEqualTo(
            "pods \"a\" is forbidden: failed quota: q: must specify cpu for: c; limits.memory for: c");
    assertThat(
            pod(
                    "a",
                    "{\"requests\":{\"cpu\":\"250m\"},\"limits\":{\"memory\":\"512Mi\",\"cpu\":\"1\"}}")
                .status())
        .isEqualTo(201);
    assertThat(used().path("cpu").asText()).isEqualTo("250m");
    assertThat(used().path("limits.memory").asText()).isEqualTo("512Mi");
  }

  @Test
  void aDryRunTakesNothingOfAQuota() {
    quota("{\"configmaps\":\"1\"}", "{\"configmaps\":\"0\"}");
    api.post(CORE + "/configmaps?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}");
    assertThat(used().path("configmaps").asText()).isEqualTo("0");
  }

  @Test
  void aNameThatIsTakenTakesNothingOfAQuota() {
    api.post(CORE + "/configmaps", "{\"metadata\":{\"name\":\"a\"}}");
    quota("{\"configmaps\":\"2\"}", "{\"configmaps\":\"1\"}");
    assertThat(api.post(CORE + "/configmaps", "{\"metadata\":{\"name\":\"a\"}}").reason())
        .isEqualTo("AlreadyExists");
    assertThat(used().path("configmaps").asText()).isEqualTo("1");
  }

  @Test
  void whatOneQuotaRefusesTakesNothingOfAnother() {
    quota("{\"pods\":\"5\"}", "{\"pods\":\"0\"}");
    api.post(
        CORE + "/resourcequotas",
        "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"hard\":{\"pods\":\"0\"}}}");
    api.patch(
        "merge-patch+json",
        CORE + "/resourcequotas/r/status",
        "{\"status\":{\"hard\":{\"pods\":\"0\"},\"used\":{\"pods\":\"0\"}}}");
    assertThat(pod("a", "{}").status()).isEqualTo(403);
    assertThat(used().path("pods").asText()).isEqualTo("0");
  }

  @Test
  void anObjectThatIsNotStoredGivesBackWhatItTook() {
    quota("{\"pods\":\"5\",\"count/pods\":\"5\"}", "{\"pods\":\"0\",\"count/pods\":\"0\"}");
    assertThat(pod("a", "{}").status()).isEqualTo(201);
    for (int i = 0; i < 7; i++) {
      assertThat(pod("a", "{}").reason()).isEqualTo("AlreadyExists");
    }
    assertThat(used().path("pods").asText()).isEqualTo("1");
    assertThat(used().path("count/pods").asText()).isEqualTo("1");
  }

  @Test
  void aLimitRangeGivesDefaultsAndRefusesTooMuch() {
    api.post(
        CORE + "/limitranges",
        "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[{\"type\":\"Container\",\"default\":{\"cpu\":\"500m\"},\"defaultRequest\":{\"cpu\":\"100m\"},\"max\":{\"cpu\":\"1\"}}]}}");
    JsonNode resources =
        pod("a", "{}").json().path("spec").path("containers").path(0).path("resources");
    assertThat(resources.path("limits").path("cpu").asText()).isEqualTo("500m");
    assertThat(resources.path("requests").path("cpu").asText()).isEqualTo("100m");
    assertThat(pod("b", "{\"limits\":{\"cpu\":\"2\"}}").message())
        .isEqualTo("pods \"b\" is forbidden: maximum cpu usage per Container is 1, but limit is 2");
  }

  @Test
  void anEvictionTakesADisruptionAndThenIsRefused() {
    pod("a", "{}");
    pod("b", "{}");
    for (String name : new String[] {"a", "b"}) {
      api.patch(
          "merge-patch+json",
          CORE + "/pods/" + name + "/status",
          "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
    }
    api.post(
        BUDGETS,
        "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}");
    String eviction = "{\"metadata\":{\"name\":\"%s\"}}";
    TestApi.Answer early = api.post(CORE + "/pods/a/eviction", eviction.formatted("a"));
    assertThat(early.status()).isEqualTo(429);
    assertThat(early.json().path("details").path("causes").path(0).path("message").asText())
        .isEqualTo("The disruption budget b is still being processed by the server.");
    api.patch(
        "merge-patch+json",
        BUDGETS + "/b/status",
        "{\"status\":{\"observedGeneration\":1,\"disruptionsAllowed\":1,\"currentHealthy\":2,\"desiredHealthy\":1,\"expectedPods\":2}}");
    assertThat(api.post(CORE + "/pods/a/eviction", eviction.formatted("a")).status())
        .isEqualTo(201);
    JsonNode status = api.get(BUDGETS + "/b").json().path("status");
    assertThat(status.path("disruptionsAllowed").asInt()).isZero();
    assertThat(status.path("disruptedPods").has("a")).isTrue();
    TestApi.Answer refused = api.post(CORE + "/pods/b/eviction", eviction.formatted("b"));
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.message())
        .isEqualTo("Cannot evict pod as it would violate the pod's disruption budget.");
  }

  @Test
  void aBudgetWithTooManyUnconfirmedEvictionsAllowsNone() {
    pod("a", "{}");
    api.patch(
        "merge-patch+json",
        CORE + "/pods/a/status",
        "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
    api.post(
        BUDGETS,
        "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}");
    assertThat(evictBeside(2_001).message())
        .isEqualTo(
            "poddisruptionbudget.policy \"b\" is forbidden: DisruptedPods map too big - too many"
                + " evictions not confirmed by PDB controller");
    assertThat(evictBeside(2_001).status()).isEqualTo(403);
    assertThat(evictBeside(2_000).status()).isEqualTo(201);
  }

  private TestApi.Answer evictBeside(int disrupted) {
    String pods =
        IntStream.range(0, disrupted)
            .mapToObj(each -> "\"p%d\":\"2026-01-01T00:00:00Z\"".formatted(each))
            .collect(Collectors.joining(","));
    api.patch(
        "json-patch+json",
        BUDGETS + "/b/status",
        "[{\"op\":\"add\",\"path\":\"/status\",\"value\":{\"observedGeneration\":1,\"disruptionsAllowed\":1,\"currentHealthy\":2,\"desiredHealthy\":1,\"expectedPods\":2,\"disruptedPods\":{%s}}}]"
            .formatted(pods));
    return api.post(CORE + "/pods/a/eviction", "{\"metadata\":{\"name\":\"a\"}}");
  }
}
