// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage;
import dev.havn.schema.codec.Protobuf;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `metrics.k8s.io` as metrics-server answers it. Pods use 250 thousandths of a processor and 64 Mi
/// in one container, the node ten times as much.
class UsageApiTest {
  private static final String BASE = "/apis/metrics.k8s.io/v1beta1";
  private static final String SERVICE =
      "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io";

  private static final NodeUsage USAGE =
      new NodeUsage() {
        @Override
        public boolean measures() {
          return true;
        }

        @Override
        public Optional<PodFigures> ofPod(ObjectNode pod) {
          Amount amount = new Amount(250_000_000, 64 << 20);
          return Optional.of(
              new PodFigures(TestApi.START, Duration.ofMillis(15_020), Map.of("web", amount)));
        }

        @Override
        public Optional<NodeFigures> ofNode(ObjectNode node, List<ObjectNode> pods) {
          Amount amount = new Amount(2_500_000_000L + pods.size(), 640 << 20);
          return Optional.of(new NodeFigures(TestApi.START, Duration.ofSeconds(75), amount));
        }
      };

  private final TestApi api = new TestApi(USAGE);

  @BeforeEach
  void twoPodsOnANode() {
    api.post("/api/v1/nodes", "{\"metadata\":{\"name\":\"one\"}}");
    api.post("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    for (String name : List.of("a", "b")) {
      assertThat(
              api.post(
                      "/api/v1/namespaces/default/pods",
                      """
                      {"metadata":{"name":"%s","labels":{"app":"%s"}},
                       "spec":{"nodeName":"one","containers":[{"name":"web","image":"i"}]}}
                      """
                          .formatted(name, name))
                  .status())
          .isEqualTo(201);
      api.patch(
          "merge-patch+json",
          "/api/v1/namespaces/default/pods/" + name + "/status",
          "{\"status\":{\"phase\":\"Running\"}}");
    }
    api.time.settle();
  }

  @Test
  void figuresOfAPodAreShownAsMetricsServerShowsThem() {
    assertThat(api.get(BASE + "/namespaces/default/pods/a").json().toString())
        .isEqualTo(
            """
            {"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"a","namespace":"default",\
            "creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"a"}},"timestamp":"2026-01-01T00:00:00Z",\
            "window":"15.02s","containers":[{"name":"web","usage":{"cpu":"250m","memory":"64Mi"}}]}""");
    assertThat(api.get(BASE + "/nodes/one").json().toString())
        .isEqualTo(
            """
            {"kind":"NodeMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"one",\
            "creationTimestamp":"2026-01-01T00:00:00Z"},"timestamp":"2026-01-01T00:00:00Z",\
            "window":"1m15s","usage":{"cpu":"2500000002n","memory":"640Mi"}}""");
  }

  @Test
  void listsAreNarrowedBySelectors() {
    assertThat(names(BASE + "/pods")).containsExactly("a", "b");
    assertThat(names(BASE + "/namespaces/other/pods")).isEmpty();
    assertThat(names(BASE + "/pods?labelSelector=app%3Db")).containsExactly("b");
    assertThat(names(BASE + "/pods?fieldSelector=metadata.name%3Da")).containsExactly("a");
    assertThat(names(BASE + "/nodes")).containsExactly("one");
    assertThat(api.get(BASE + "/pods?labelSelector=a%3D%3D%3Db").status()).isEqualTo(400);
  }

  private List<String> names(String path) {
    return api.get(path).json().path("items").findValuesAsText("name").stream()
        .filter(each -> !each.equals("web"))
        .toList();
  }

  @Test
  void onlyWhatRunsHasFigures() {
    api.patch(
        "merge-patch+json",
        "/api/v1/namespaces/default/pods/a/status",
        "{\"status\":{\"phase\":\"Succeeded\"}}");
    assertThat(names(BASE + "/pods")).containsExactly("b");
    TestApi.Answer missing = api.get(BASE + "/namespaces/default/pods/a");
    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.message()).isEqualTo("podmetrics.metrics.k8s.io \"default/a\" not found");
    assertThat(api.get(BASE + "/nodes/two").message())
        .isEqualTo("nodemetrics.metrics.k8s.io \"two\" not found");
  }

  @Test
  void figuresAreOnlyRead() {
    assertThat(api.get(BASE + "/pods?watch=1").status()).isEqualTo(405);
    assertThat(api.post(BASE + "/nodes", "{}").status()).isEqualTo(405);
    assertThat(api.get(BASE + "/services").status()).isEqualTo(404);
    assertThat(api.get(BASE + "/nodes/one/status").status()).isEqualTo(404);
  }

  @Test
  void tablesHaveAColumnForEachResource() {
    JsonNode table =
        api.ask("GET", BASE + "/pods")
            .header("accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
            .send()
            .json();
    assertThat(table.path("columnDefinitions").findValuesAsText("name"))
        .containsExactly("Name", "cpu", "memory", "Window");
    assertThat(table.path("rows").path(1).path("cells").toString())
        .isEqualTo("[\"b\",\"250m\",\"64Mi\",\"15.02s\"]");
    assertThat(table.at("/rows/1/object/kind").asText()).isEqualTo("PartialObjectMetadata");
  }

  @Test
  void protobufHasDurationsAsNumbers() {
    byte[] bytes =
        api.ask("GET", BASE + "/nodes")
            .header("accept", "application/vnd.kubernetes.protobuf")
            .send()
            .bytes();
    Protobuf.Unknown list = Protobuf.open(bytes);
    assertThat(list.kind()).isEqualTo("NodeMetricsList");
    // The window: field 3, a message whose field 1 is 75,000,000,000 as a varint.
    assertThat(list.raw()).containsSequence(0x1a, 0x07, 0x08, 0x80, 0xdc, 0xe4, 0xb2, 0x97, 0x02);
  }

  @Test
  void theGroupIsDiscoveredAndDescribed() {
    assertThat(names(BASE)).isEmpty();
    assertThat(api.get(BASE).json().path("resources").findValuesAsText("kind"))
        .containsExactly("NodeMetrics", "PodMetrics");
    assertThat(api.get("/apis").json().path("groups").findValuesAsText("name"))
        .contains("metrics.k8s.io");
    assertThat(api.get("/apis/metrics.k8s.io").json().at("/preferredVersion/version").asText())
        .isEqualTo("v1beta1");
    assertThat(api.get("/openapi/v3").json().path("paths").has("apis/metrics.k8s.io/v1beta1"))
        .isTrue();
    assertThat(
            api.get("/openapi/v3/apis/metrics.k8s.io/v1beta1")
                .json()
                .at(
                    "/components/schemas/io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics/properties/window/type")
                .asText())
        .isEqualTo("string");
  }

  @Test
  void whoeverBringsAServerOfMetricsTakesItsPlace() {
    assertThat(api.get(SERVICE).json().at("/status/conditions/0/reason").asText())
        .isEqualTo("Local");
    api.patch(
        "merge-patch+json",
        SERVICE,
        "{\"spec\":{\"insecureSkipTLSVerify\":true,\"service\":{\"name\":\"metrics-server\",\"namespace\":\"kube-system\"}}}");
    api.time.settle();
    assertThat(api.get(BASE + "/nodes").status()).isEqualTo(503);
    assertThat(api.get(SERVICE).json().at("/status/conditions/0/reason").asText())
        .isEqualTo("ServiceNotFound");
    api.delete(SERVICE);
    api.time.settle();
    assertThat(names(BASE + "/nodes")).containsExactly("one");
    assertThat(api.get(SERVICE).json().at("/status/conditions/0/reason").asText())
        .isEqualTo("Local");
  }

  @Test
  void whoMayViewMaySeeFigures() {
    JsonNode role =
        api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/system:aggregated-metrics-reader")
            .json();
    assertThat(role.at("/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-view").asText())
        .isEqualTo("true");
    assertThat(role.at("/rules/0/resources").toString()).isEqualTo("[\"pods\",\"nodes\"]");
  }
}
