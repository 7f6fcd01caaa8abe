// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Custom resources, served as soon as their definition is there.
class CustomResourcesTest {
  private static final String DEFINITIONS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  private static final String WIDGETS = "/apis/ex.example.com/v1/namespaces/default/widgets";
  private static final String MERGE = "merge-patch+json";
  private static final String APPLY = "apply-patch+yaml";

  private final TestApi api = new TestApi();

  static JsonNode yaml(String name) {
    try (InputStream in = CustomResourcesTest.class.getResourceAsStream("custom/" + name)) {
      if (in == null) {
        throw new AssertionError(name);
      }
      return Yaml.document(in.readAllBytes()).tree();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeEach
  void define() {
    assertThat(api.post(DEFINITIONS, yaml("widgets.yaml").toString()).status()).isEqualTo(201);
  }

  private static String widget(String name, String spec) {
    return "{\"apiVersion\":\"ex.example.com/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"%s\"},\"spec\":%s}"
        .formatted(name, spec);
  }

  private JsonNode definition() {
    return api.get(DEFINITIONS + "/widgets.ex.example.com").json();
  }

  @Test
  void aDefinitionIsEstablishedAndItsNamesAccepted() {
    JsonNode status = definition().path("status");
    assertThat(status.path("acceptedNames").path("plural").asText()).isEqualTo("widgets");
    assertThat(status.path("storedVersions").path(0).asText()).isEqualTo("v1");
    assertThat(status.at("/conditions/0/type").asText()).isEqualTo("NamesAccepted");
    assertThat(status.at("/conditions/0/reason").asText()).isEqualTo("NoConflicts");
    assertThat(status.at("/conditions/1/type").asText()).isEqualTo("Established");
    assertThat(status.at("/conditions/1/status").asText()).isEqualTo("True");
  }

  @Test
  void specsAreRefusedInTheWordsOfKubernetes() {
    for (JsonNode each : yaml("specs.yaml")) {
      TestApi.Answer answer =
          api.post(WIDGETS + "?dryRun=All", widget("a", each.path("spec").toString()));
      List<String> causes = new ArrayList<>();
      answer
          .json()
          .path("details")
          .path("causes")
          .forEach(
              cause ->
                  causes.add(cause.path("field").asText() + ": " + cause.path("message").asText()));
      List<String> wanted = new ArrayList<>();
      each.path("causes").forEach(cause -> wanted.add(cause.asText()));
      assertThat(answer.status()).as(each.toString()).isEqualTo(each.path("code").asInt());
      if (answer.status() == 400) {
        assertThat(answer.message()).isEqualTo(wanted.getFirst());
      } else {
        assertThat(causes).as(each.toString()).containsExactlyInAnyOrderElementsOf(wanted);
      }
    }
  }

  @Test
  void whatIsAbsentIsFilledInAndWhatIsUnknownGoes() {
    TestApi.Answer answer =
        api.post(WIDGETS, widget("a", "{\"size\":1,\"foo\":2,\"ports\":[{\"port\":1}]}"));
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.json().path("spec").toString())
        .isEqualTo("{\"size\":1,\"ports\":[{\"port\":1,\"protocol\":\"TCP\"}],\"color\":\"red\"}");
    assertThat(answer.warnings()).containsExactly("299 - \"unknown field \\\"spec.foo\\\"\"");
    assertThat(answer.json().at("/metadata/generation").asInt()).isEqualTo(1);
  }

  @Test
  void aStrictWriteRefusesWhatIsUnknown() {
    TestApi.Answer answer =
        api.post(WIDGETS + "?fieldValidation=Strict", widget("a", "{\"size\":1,\"foo\":2}"));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.foo\"");
  }

  @Test
  void theStatusIsWrittenByItself() {
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    TestApi.Answer answer =
        api.patch(
            MERGE, WIDGETS + "/a/status", "{\"status\":{\"phase\":\"A\"},\"spec\":{\"size\":9}}");
    assertThat(answer.json().at("/status/phase").asText()).isEqualTo("A");
    assertThat(answer.json().at("/spec/size").asInt()).isEqualTo(1);
    assertThat(answer.json().at("/metadata/generation").asInt()).isEqualTo(1);
    TestApi.Answer changed = api.patch(MERGE, WIDGETS + "/a", "{\"spec\":{\"size\":2}}");
    assertThat(changed.json().at("/metadata/generation").asInt()).isEqualTo(2);
    assertThat(changed.json().at("/status/phase").asText()).isEqualTo("A");
  }

  @Test
  void aScaleShowsAndSetsReplicas() {
    api.post(WIDGETS, widget("a", "{\"size\":1,\"replicas\":2}"));
    api.patch(MERGE, WIDGETS + "/a/scale", "{\"spec\":{\"replicas\":5}}");
    assertThat(api.get(WIDGETS + "/a/scale").json().at("/spec/replicas").asInt()).isEqualTo(5);
    assertThat(api.get(WIDGETS + "/a").json().at("/spec/replicas").asInt()).isEqualTo(5);
  }

  @Test
  void appliersOwnFieldsByTheSchema() {
    TestApi.Answer made =
        api.patch(
            APPLY,
            WIDGETS + "/a?fieldManager=one",
            widget("a", "{\"size\":1,\"ports\":[{\"port\":1,\"name\":\"x\"}]}"));
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.json().at("/metadata/managedFields/0/fieldsV1/f:spec/f:ports").toString())
        .contains("k:{\\\"port\\\":1,\\\"protocol\\\":\\\"TCP\\\"}");
    TestApi.Answer contested =
        api.patch(APPLY, WIDGETS + "/a?fieldManager=two", widget("a", "{\"size\":2}"));
    assertThat(contested.status()).isEqualTo(409);
    assertThat(contested.message())
        .isEqualTo("Apply failed with 1 conflict: conflict with \"one\": .spec.size");
  }

  @Test
  void aStrategicMergeIsNoPatchOfACustomResource() {
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    TestApi.Answer answer = api.patch("strategic-merge-patch+json", WIDGETS + "/a", "{}");
    assertThat(answer.status()).isEqualTo(415);
  }

  @Test
  void tablesHaveTheColumnsOfTheDefinition() {
    api.post(WIDGETS, widget("a", "{\"size\":7}"));
    JsonNode table =
        api.ask("GET", WIDGETS)
            .header("accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
            .send()
            .json();
    assertThat(table.at("/rows/0/cells").toString()).isEqualTo("[\"a\",7,\"red\",null,\"0s\"]");
    assertThat(table.at("/columnDefinitions/1/description").asText()).isEqualTo("how big");
  }

  @Test
  void selectableFieldsSelect() {
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    api.post(WIDGETS, widget("b", "{\"size\":1,\"color\":\"green\"}"));
    JsonNode items = api.get(WIDGETS + "?fieldSelector=spec.color%3Dgreen").json().path("items");
    assertThat(items).hasSize(1);
    assertThat(items.at("/0/metadata/name").asText()).isEqualTo("b");
    assertThat(api.get(WIDGETS + "?fieldSelector=spec.size%3D1").message())
        .isEqualTo("field label not supported: spec.size");
  }

  @Test
  void watchersSeeCustomObjects() {
    TestApi.Answer watch = api.get(WIDGETS + "?watch=1");
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    api.delete(WIDGETS + "/a");
    List<JsonNode> events = watch.events();
    assertThat(events)
        .extracting(event -> event.path("type").asText())
        .containsExactly("ADDED", "DELETED");
    assertThat(events.getFirst().at("/object/spec/color").asText()).isEqualTo("red");
  }

  @Test
  void aDefaultThatCameLaterIsSeenInOldObjects() {
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    ObjectNode changed = definition().deepCopy();
    ObjectNode spec =
        (ObjectNode)
            changed.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");
    spec.putObject("later").put("type", "string").put("default", "x");
    spec.remove("color");
    ((ObjectNode) changed.at("/spec/versions/0")).remove("selectableFields");
    TestApi.Answer put = api.put(DEFINITIONS + "/widgets.ex.example.com", changed.toString());
    assertThat(put.status()).as(put.text()).isEqualTo(200);
    JsonNode seen = api.get(WIDGETS + "/a").json().path("spec");
    assertThat(seen.toString()).isEqualTo("{\"size\":1,\"later\":\"x\"}");
    JsonNode listed = api.get(WIDGETS).json().at("/items/0/spec");
    assertThat(listed).isEqualTo(seen);
  }

  @Test
  void whatAnObjectWasMayStayInvalid() {
    api.post(WIDGETS, widget("a", "{\"size\":10}"));
    ObjectNode changed = definition().deepCopy();
    ((ObjectNode)
            changed.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size"))
        .put("maximum", 5);
    api.put(DEFINITIONS + "/widgets.ex.example.com", changed.toString());
    assertThat(api.patch(MERGE, WIDGETS + "/a", "{\"spec\":{\"color\":\"green\"}}").status())
        .isEqualTo(200);
    assertThat(api.patch(MERGE, WIDGETS + "/a", "{\"spec\":{\"size\":9}}").status()).isEqualTo(422);
  }

  @Test
  void aDefinitionGoesAfterItsObjects() {
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    api.patch(MERGE, WIDGETS + "/a", "{\"metadata\":{\"finalizers\":[\"x.y/z\"]}}");
    JsonNode ending = api.delete(DEFINITIONS + "/widgets.ex.example.com").json();
    assertThat(ending.at("/metadata/finalizers/0").asText())
        .isEqualTo("customresourcecleanup.apiextensions.k8s.io");
    TestApi.Answer late = api.post(WIDGETS, widget("b", "{\"size\":1}"));
    assertThat(late.status()).isEqualTo(405);
    assertThat(late.message())
        .isEqualTo("create not allowed while custom resource definition is terminating");
    assertThat(api.get(WIDGETS + "/a").json().at("/metadata/deletionTimestamp").isMissingNode())
        .isFalse();
    api.patch(MERGE, WIDGETS + "/a", "{\"metadata\":{\"finalizers\":null}}");
    assertThat(api.get(DEFINITIONS + "/widgets.ex.example.com").status()).isEqualTo(404);
    assertThat(api.get(WIDGETS).status()).isEqualTo(404);
    assertThat(api.get("/apis/ex.example.com/v1").status()).isEqualTo(404);
  }

  @Test
  void takenNamesAreNotAccepted() {
    ObjectNode other = (ObjectNode) yaml("widgets.yaml");
    ((ObjectNode) other.get("metadata")).put("name", "gadgets.ex.example.com");
    ((ObjectNode) other.at("/spec/names")).put("plural", "gadgets").put("singular", "gadget");
    api.post(DEFINITIONS, other.toString());
    JsonNode status = api.get(DEFINITIONS + "/gadgets.ex.example.com").json().path("status");
    assertThat(status.at("/conditions/0/reason").asText()).isEqualTo("ListKindConflict");
    assertThat(status.at("/conditions/0/message").asText())
        .isEqualTo("\"WidgetList\" is already in use");
    assertThat(status.at("/conditions/1/reason").asText()).isEqualTo("NotAccepted");
    api.delete(DEFINITIONS + "/widgets.ex.example.com");
    JsonNode later = api.get(DEFINITIONS + "/gadgets.ex.example.com").json().path("status");
    assertThat(later.at("/conditions/1/status").asText()).isEqualTo("True");
  }

  @Test
  void discoveryAndOpenApiFollow() {
    JsonNode resources = api.get("/apis/ex.example.com/v1").json().path("resources");
    assertThat(resources)
        .extracting(each -> each.path("name").asText())
        .containsExactly("widgets", "widgets/status", "widgets/scale");
    assertThat(resources.at("/0/storageVersionHash").asText()).isEqualTo("ekXXaUVpFd8=");
    JsonNode schemas =
        api.get("/openapi/v3/apis/ex.example.com/v1").json().path("components").path("schemas");
    assertThat(schemas.at("/com.example.ex.v1.Widget/properties/spec/description").asText())
        .isEqualTo("What it shall be.");
    assertThat(schemas.at("/com.example.ex.v1.Widget/properties/metadata/description").asText())
        .startsWith("Standard object's metadata");
    JsonNode definitions = api.get("/openapi/v2").json().path("definitions");
    assertThat(definitions.path("com.example.ex.v1.Widget").at("/properties/spec/properties/one"))
        .isEqualTo(yamlOf("{type: object, properties: {a: {type: string}, b: {type: string}}}"));
    assertThat(definitions.has("com.example.ex.v1.WidgetList")).isTrue();
    assertThat(definitions.has("io.k8s.api.core.v1.Pod")).isTrue();
    api.delete(DEFINITIONS + "/widgets.ex.example.com");
    JsonNode after = api.get("/openapi/v2").json();
    assertThat(after.path("definitions").has("com.example.ex.v1.Widget")).isFalse();
    assertThat(after.path("definitions").has("io.k8s.api.core.v1.Pod")).isTrue();
    assertThat(after.path("paths").has("/api/v1/namespaces/{namespace}/pods")).isTrue();
    assertThat(after.path("swagger").asText()).isEqualTo("2.0");
  }

  @Test
  void anotherStoredVersionIsRemembered() {
    ObjectNode widgets = (ObjectNode) api.get(DEFINITIONS + "/widgets.ex.example.com").json();
    ArrayNode versions = (ArrayNode) widgets.at("/spec/versions");
    ObjectNode second = versions.get(0).deepCopy();
    second.put("name", "v9");
    ((ObjectNode) versions.get(0)).put("storage", false);
    versions.add(second);
    TestApi.Answer done = api.put(DEFINITIONS + "/widgets.ex.example.com", widgets.toString());
    assertThat(done.status()).as(done.text()).isEqualTo(200);
    assertThat(done.json().at("/status/storedVersions"))
        .extracting(JsonNode::asText)
        .containsExactly("v1", "v9");
  }

  private static JsonNode yamlOf(String text) {
    return Yaml.document(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).tree();
  }

  @Test
  void aCustomKindOfAKnownNameHasNoStrategyOfKubernetes() {
    ObjectNode service = (ObjectNode) yaml("widgets.yaml");
    ((ObjectNode) service.get("metadata")).put("name", "services.serving.example.com");
    ((ObjectNode) service.get("spec")).put("group", "serving.example.com");
    ((ObjectNode) service.at("/spec/names"))
        .put("plural", "services")
        .put("singular", "service")
        .put("kind", "Service")
        .put("listKind", "ServiceList");
    api.post(DEFINITIONS, service.toString());
    TestApi.Answer made =
        api.post(
            "/apis/serving.example.com/v1/namespaces/default/services",
            "{\"apiVersion\":\"serving.example.com/v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"size\":1}}");
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    assertThat(made.json().path("spec").has("clusterIP")).isFalse();
  }

  @Test
  void aDefinitionNamedLikeAKindOfKubernetesTouchesNoneOfItsObjects() {
    int before =
        api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles").json().at("/items").size();
    ObjectNode roles = (ObjectNode) yaml("widgets.yaml");
    ((ObjectNode) roles.get("metadata")).put("name", "clusterroles.rbac.authorization.k8s.io");
    ((ObjectNode) roles.get("metadata"))
        .withObjectProperty("annotations")
        .put("api-approved.kubernetes.io", "https://example.com/approved");
    ((ObjectNode) roles.get("spec")).put("group", "rbac.authorization.k8s.io");
    ((ObjectNode) roles.at("/spec/versions/0")).put("name", "v9");
    ((ObjectNode) roles.at("/spec/names"))
        .put("plural", "clusterroles")
        .put("singular", "clusterrole")
        .put("kind", "ClusterRole")
        .put("listKind", "ClusterRoleList");
    TestApi.Answer made = api.post(DEFINITIONS, roles.toString());
    assertThat(made.status()).as(made.text()).isEqualTo(201);
    api.delete(DEFINITIONS + "/clusterroles.rbac.authorization.k8s.io");
    assertThat(api.get(DEFINITIONS + "/clusterroles.rbac.authorization.k8s.io").status())
        .isEqualTo(404);
    assertThat(before).isPositive();
    assertThat(api.get("/apis/rbac.authorization.k8s.io/v1/clusterroles").json().at("/items"))
        .hasSize(before);
  }

  @Test
  void aDefinitionWithAnUnreadableColumnLeavesTheOthersServed() {
    ObjectNode odd = (ObjectNode) yaml("widgets.yaml");
    ((ObjectNode) odd.get("metadata")).put("name", "odds.odd.example.com");
    ((ObjectNode) odd.get("spec")).put("group", "odd.example.com");
    ((ObjectNode) odd.at("/spec/names"))
        .put("plural", "odds")
        .put("singular", "odd")
        .put("kind", "Odd")
        .put("listKind", "OddList");
    ((ObjectNode) odd.at("/spec/versions/0"))
        .putArray("additionalPrinterColumns")
        .addObject()
        .put("name", "Far")
        .put("type", "string")
        .put("jsonPath", ".spec[99999999999]");
    api.post(DEFINITIONS, odd.toString());
    assertThat(api.post(WIDGETS, widget("a", "{\"size\":1}")).status()).isEqualTo(201);
    api.delete(DEFINITIONS + "/widgets.ex.example.com");
    assertThat(api.get(WIDGETS).status()).isEqualTo(404);
  }

  @Test
  void anotherServerOnTheStoreServesTheSame() {
    TestApi other = api.another();
    api.post(WIDGETS, widget("a", "{\"size\":1}"));
    assertThat(other.get(WIDGETS + "/a").status()).isEqualTo(200);
    other.delete(DEFINITIONS + "/widgets.ex.example.com");
    assertThat(api.get(WIDGETS).status()).isEqualTo(404);
    assertThat(other.get(WIDGETS).status()).isEqualTo(404);
  }
}
