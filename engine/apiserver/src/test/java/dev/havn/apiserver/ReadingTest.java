// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Get and list: forms, selections, pages.
class ReadingTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private final TestApi api = new TestApi();

  @BeforeEach
  void fiveMaps() {
    for (String name : List.of("a", "b", "c", "d", "e")) {
      api.post(
          MAPS,
          "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"odd\":\"%s\"}},\"data\":{\"k\":\"v\"}}"
              .formatted(name, "ace".contains(name)));
    }
  }

  private static List<String> names(JsonNode list) {
    List<String> names = new ArrayList<>();
    list.path("items").forEach(item -> names.add(item.path("metadata").path("name").asText()));
    return names;
  }

  @Test
  void whatIsNotThereIsNotFound() {
    TestApi.Answer answer = api.get("/apis/apps/v1/namespaces/default/deployments/web");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.reason()).isEqualTo("NotFound");
    assertThat(answer.message()).isEqualTo("deployments.apps \"web\" not found");
    assertThat(answer.json().path("details").toString())
        .isEqualTo("{\"name\":\"web\",\"group\":\"apps\",\"kind\":\"deployments\"}");
  }

  @Test
  void aListComesInPagesThatShowOneRevision() {
    JsonNode first = api.get(MAPS + "?limit=2").json();
    assertThat(names(first)).containsExactly("a", "b");
    assertThat(first.path("metadata").path("remainingItemCount").asInt()).isEqualTo(3);
    api.delete(MAPS + "/c");
    String token = first.path("metadata").path("continue").asText();
    JsonNode second = api.get(MAPS + "?limit=2&continue=" + token).json();
    assertThat(names(second)).containsExactly("c", "d");
    assertThat(second.path("metadata").path("resourceVersion"))
        .isEqualTo(first.path("metadata").path("resourceVersion"));
    JsonNode last =
        api.get(MAPS + "?limit=2&continue=" + second.path("metadata").path("continue").asText())
            .json();
    assertThat(names(last)).containsExactly("e");
    assertThat(last.path("metadata").has("continue")).isFalse();
  }

  @Test
  void aPageWhoseRevisionIsGoneGivesATokenToGoOnWith() {
    JsonNode first = api.get(MAPS + "?limit=2").json();
    api.delete(MAPS + "/c");
    api.store.compact(api.store.revision());
    TestApi.Answer gone =
        api.get(MAPS + "?limit=2&continue=" + first.path("metadata").path("continue").asText());
    assertThat(gone.status()).isEqualTo(410);
    assertThat(gone.reason()).isEqualTo("Expired");
    assertThat(gone.message()).startsWith("The provided continue parameter is too old");
    String fresh = gone.json().path("metadata").path("continue").asText();
    JsonNode rest = api.get(MAPS + "?continue=" + fresh).json();
    assertThat(names(rest)).containsExactly("d", "e");
  }

  @Test
  void continuingAndNamingARevisionExcludeEachOther() {
    JsonNode first = api.get(MAPS + "?limit=2").json();
    TestApi.Answer answer =
        api.get(
            MAPS
                + "?resourceVersion=5&continue="
                + first.path("metadata").path("continue").asText());
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo("specifying resource version is not allowed when using continue");
  }

  @Test
  void aRevisionToComeIsATimeout() {
    TestApi.Answer answer = api.get(MAPS + "?resourceVersion=99999999");
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.reason()).isEqualTo("Timeout");
    assertThat(answer.header("retry-after")).isEqualTo("1");
    assertThat(answer.json().path("details").path("causes").path(0).path("reason").asText())
        .isEqualTo("ResourceVersionTooLarge");
  }

  @Test
  void anExactRevisionShowsWhatStoodThen() {
    String revision = api.get(MAPS).json().path("metadata").path("resourceVersion").asText();
    api.delete(MAPS + "/a");
    JsonNode then =
        api.get(MAPS + "?resourceVersionMatch=Exact&resourceVersion=" + revision).json();
    assertThat(names(then)).containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void labelsAndFieldsSelect() {
    assertThat(names(api.get(MAPS + "?labelSelector=odd%3Dtrue").json()))
        .containsExactly("a", "c", "e");
    assertThat(names(api.get(MAPS + "?labelSelector=odd!%3Dtrue").json()))
        .containsExactly("b", "d");
    assertThat(names(api.get(MAPS + "?fieldSelector=metadata.name%3Db").json()))
        .containsExactly("b");
  }

  @ParameterizedTest
  @CsvSource({
    "/apis/events.k8s.io/v1/events, involvedObject.kind, field label not supported: involvedObject.kind",
    "/apis/events.k8s.io/v1/events, source, field label not supported: source",
    "/api/v1/events, regarding.kind, field label not supported: regarding.kind",
    "/api/v1/events, reportingController, field label not supported: reportingController",
    "/apis/apps/v1/replicasets, status.replicas, '\"status.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"'"
  })
  void otherFieldsThanThoseOfTheKindAreRefused(String list, String field, String message) {
    TestApi.Answer answer = api.get(list + "?fieldSelector=" + field + "%3Dx");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message()).isEqualTo(message);
  }

  @ParameterizedTest
  @CsvSource({
    "/apis/events.k8s.io/v1/events, regarding.fieldPath",
    "/apis/events.k8s.io/v1/events, regarding.apiVersion",
    "/api/v1/events, involvedObject.fieldPath",
    "/api/v1/pods, status.podIPs"
  })
  void fieldsOfTheKindSelect(String list, String field) {
    TestApi.Answer answer = api.get(list + "?fieldSelector=" + field + "%3Dx");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().path("items")).isEmpty();
  }

  @Test
  void eventsAreFoundByTheirReporterInBothGroups() {
    String event =
        "{\"metadata\":{\"name\":\"e\"},\"eventTime\":\"2026-01-01T00:00:00.000000Z\",\"action\":\"Do\","
            + "\"reason\":\"Test\",\"type\":\"Normal\",\"reportingController\":\"test-controller\","
            + "\"reportingInstance\":\"node\",\"regarding\":{\"namespace\":\"default\"}}";
    assertThat(api.post("/apis/events.k8s.io/v1/namespaces/default/events", event).status())
        .isEqualTo(201);
    assertThat(
            names(
                api.get("/api/v1/namespaces/default/events?fieldSelector=source%3Dtest-controller")
                    .json()))
        .containsExactly("e");
    assertThat(
            names(
                api.get(
                        "/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=reportingController%3Dtest-controller")
                    .json()))
        .containsExactly("e");
  }

  @Test
  void tablesAndBareMetadataAreForms() {
    JsonNode table =
        api.ask("GET", MAPS)
            .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
            .send()
            .json();
    assertThat(table.path("kind").asText()).isEqualTo("Table");
    assertThat(table.path("rows")).hasSize(5);
    assertThat(table.path("rows").path(0).path("cells").path(0).asText()).isEqualTo("a");
    JsonNode metadata =
        api.ask("GET", MAPS)
            .header("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
            .send()
            .json();
    assertThat(metadata.path("kind").asText()).isEqualTo("PartialObjectMetadataList");
    assertThat(metadata.path("items").path(0).has("data")).isFalse();
  }

  @Test
  void whatIsOnlyAnsweredHasNoTable() {
    TestApi.Answer answer =
        api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
            .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
            .body("{\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/\"}}}")
            .send();
    assertThat(answer.status()).isEqualTo(406);
  }

  @Test
  void protobufAndYamlAreForms() {
    TestApi.Answer protobuf =
        api.ask("GET", MAPS + "/a").header("accept", "application/vnd.kubernetes.protobuf").send();
    assertThat(protobuf.header("content-type")).isEqualTo("application/vnd.kubernetes.protobuf");
    assertThat(protobuf.bytes()).startsWith('k', '8', 's', 0);
    TestApi.Answer yaml = api.ask("GET", MAPS + "/a").header("accept", "application/yaml").send();
    assertThat(yaml.text()).contains("kind: ConfigMap");
  }

  @Test
  void whoeverTakesAnyStateGetsItWhole() {
    JsonNode whole = api.get("/api/v1/namespaces?limit=1&resourceVersion=0").json();
    assertThat(whole.path("items")).hasSizeGreaterThan(1);
    assertThat(whole.path("metadata").has("continue")).isFalse();
    JsonNode page = api.get("/api/v1/namespaces?limit=1").json();
    assertThat(page.path("items")).hasSize(1);
    String token = page.at("/metadata/continue").asText();
    JsonNode rest =
        api.get("/api/v1/namespaces?limit=1&resourceVersion=0&continue=" + token).json();
    assertThat(rest.path("items")).hasSize(whole.path("items").size() - 1);
  }

  @ParameterizedTest
  @CsvSource({
    "curl/8.5.0,               '',           true",
    "Mozilla/5.0 (X11),        '',           true",
    "kubectl/v1.36.0,          '',           false",
    "kubectl/v1.36.0,          pretty=true,  true",
    "curl/8.5.0,               pretty=false, false",
    "curl/8.5.0,               pretty=x,     false",
    "curl/8.5.0,               pretty=,      true"
  })
  void whoeverAsksByHandGetsItIndented(String agent, String query, boolean indented) {
    String text =
        api.ask("GET", "/api/v1/namespaces/default?" + query)
            .header("user-agent", agent)
            .send()
            .text();
    if (indented) {
      assertThat(text).startsWith("{\n  \"kind\": \"Namespace\",\n  \"apiVersion\": \"v1\",\n");
    } else {
      assertThat(text).startsWith("{\"kind\":\"Namespace\",");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"v1", "v1beta1"})
  void bareMetadataComeInTheVersionThatIsAsked(String version) {
    String form = "application/json;as=%s;g=meta.k8s.io;v=" + version;
    String own = "meta.k8s.io/" + version;
    JsonNode one = as(form.formatted("PartialObjectMetadata"), "/api/v1/namespaces/default").json();
    assertThat(one.path("apiVersion").asText()).isEqualTo(own);
    JsonNode all = as(form.formatted("PartialObjectMetadataList"), "/api/v1/namespaces").json();
    assertThat(all.path("apiVersion").asText()).isEqualTo(own);
    assertThat(all.at("/items/0/apiVersion").asText()).isEqualTo(own);
    String watch =
        "/api/v1/namespaces?watch=1&resourceVersion=0&fieldSelector=metadata.name=default";
    JsonNode event = as(form.formatted("PartialObjectMetadata"), watch).events().getFirst();
    assertThat(event.at("/object/apiVersion").asText()).isEqualTo(own);
  }

  private TestApi.Answer as(String form, String target) {
    return api.ask("GET", target).header("accept", form).send();
  }
}
