// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The five patches and how they fail.
class PatchingTest {
  private static final String MAP = "/api/v1/namespaces/default/configmaps/a";

  private final TestApi api = new TestApi();

  @BeforeEach
  void aMap() {
    api.post(
        "/api/v1/namespaces/default/configmaps",
        "{\"metadata\":{\"name\":\"a\"},\"data\":{\"a\":\"b\"}}");
  }

  private JsonNode data() {
    return api.get(MAP).json().path("data");
  }

  @Test
  void eachFormChangesWhatItNames() {
    api.patch("merge-patch+json", MAP, "{\"data\":{\"m\":\"1\"}}");
    api.patch("strategic-merge-patch+json", MAP, "{\"data\":{\"s\":\"2\",\"a\":null}}");
    api.patch("json-patch+json", MAP, "[{\"op\":\"add\",\"path\":\"/data/j\",\"value\":\"3\"}]");
    api.patch(
        "apply-patch+yaml",
        MAP + "?fieldManager=me",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {'y': '4'}\n");
    assertThat(data().toString()).isEqualTo("{\"j\":\"3\",\"m\":\"1\",\"s\":\"2\",\"y\":\"4\"}");
  }

  @Test
  void anUnknownFormIsUnsupported() {
    TestApi.Answer answer = api.patch("json", MAP, "{}");
    assertThat(answer.status()).isEqualTo(415);
    assertThat(answer.message()).isEqualTo("415: Unsupported Media Type");
  }

  @Test
  void aPatchThatIsNoJsonIsABadRequest() {
    assertThat(api.patch("merge-patch+json", MAP, "{").message())
        .isEqualTo("error decoding patch: unexpected end of JSON input");
    assertThat(api.patch("strategic-merge-patch+json", MAP, "{").message())
        .isEqualTo("unexpected end of JSON input");
  }

  @Test
  void anOperationThatDoesNotApplyIsRejected() {
    TestApi.Answer answer =
        api.patch("json-patch+json", MAP, "[{\"op\":\"remove\",\"path\":\"/data/zzz\"}]");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.reason()).isEqualTo("Invalid");
    assertThat(answer.message())
        .isEqualTo("the server rejected our request due to an error in our request");
  }

  @Test
  void strictValidationLooksAtPatchesToo() {
    TestApi.Answer strategic =
        api.patch(
            "strategic-merge-patch+json",
            MAP + "?fieldValidation=Strict",
            "{\"foo\":1,\"data\":{\"a\":\"1\",\"a\":\"2\"}}");
    assertThat(strategic.status()).isEqualTo(422);
    assertThat(strategic.message())
        .startsWith(
            " \"\" is invalid: patch: Invalid value: \"map[data:map[a:2] foo:1]\": strict decoding error: ")
        .contains("unknown field \"foo\"", "duplicate field \"data.a\"");
    TestApi.Answer operations =
        api.patch(
            "json-patch+json",
            MAP + "?fieldValidation=Strict",
            "[{\"op\":\"add\",\"path\":\"/data/q\",\"path\":\"/data/r\",\"value\":\"z\"}]");
    assertThat(operations.message())
        .endsWith("strict decoding error: json patch duplicate field \"[0].path\"");
    TestApi.Answer unknown =
        api.patch(
            "json-patch+json",
            MAP + "?fieldValidation=Strict",
            "[{\"op\":\"add\",\"path\":\"/data/q\",\"value\":\"z\",\"bar\":1}]");
    assertThat(unknown.message())
        .endsWith("strict decoding error: json patch unknown field \"[0].bar\"");
    assertThat(data().toString()).isEqualTo("{\"a\":\"b\"}");
  }

  @Test
  void patchesOfTheWrongShapeAreRefused() {
    TestApi.Answer operations = api.patch("json-patch+json", MAP, "{\"op\":\"add\"}");
    assertThat(operations.status()).isEqualTo(400);
    assertThat(operations.message())
        .isEqualTo(
            "error decoding patch: json: cannot unmarshal object into Go value of type"
                + " []handlers.jsonPatchOp");
    assertThat(
            api.patch("json-patch+json", MAP + "?fieldValidation=Ignore", "{\"op\":\"add\"}")
                .message())
        .isEqualTo("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    TestApi.Answer merge = api.patch("merge-patch+json", MAP, "[1]");
    assertThat(merge.status()).isEqualTo(400);
    assertThat(merge.message())
        .isEqualTo(
            "error decoding patch: json: cannot unmarshal array into Go value of type"
                + " map[string]interface {}");
  }

  @Test
  void aMergeThatGivesAWrongTypeIsInvalid() {
    TestApi.Answer answer = api.patch("merge-patch+json", MAP, "{\"data\":{\"a\":1}}");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .startsWith(" \"\" is invalid: patch: Invalid value: ")
        .endsWith(
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string");
  }

  @Test
  void anApplyNamesItsManagerAndItsKind() {
    String body = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}";
    assertThat(api.patch("apply-patch+yaml", MAP, body).message())
        .isEqualTo(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
    assertThat(api.patch("apply-patch+yaml", MAP + "?fieldManager=m", "{}").message())
        .isEqualTo("invalid object type: /, Kind=");
  }

  @Test
  void anApplyToAnothersFieldIsAConflictUnlessForced() {
    String body =
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"a\":\"mine\"}}";
    TestApi.Answer conflict = api.patch("apply-patch+yaml", MAP + "?fieldManager=m", body);
    assertThat(conflict.status()).isEqualTo(409);
    assertThat(conflict.json().path("details").path("causes").path(0).path("reason").asText())
        .isEqualTo("FieldManagerConflict");
    assertThat(api.patch("apply-patch+yaml", MAP + "?fieldManager=m&force=true", body).status())
        .isEqualTo(200);
    assertThat(data().path("a").asText()).isEqualTo("mine");
  }

  @Test
  void anApplyWithAnUnknownFieldIsRefusedWhateverTheValidation() {
    TestApi.Answer answer =
        api.patch(
            "apply-patch+yaml",
            MAP + "?fieldManager=m&fieldValidation=Ignore",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"foo\":1}");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.message()).contains(".foo: field not declared in schema");
  }

  @Test
  void whatAnApplyMakesIsOwnedSinceThen() {
    String body = "{apiVersion: v1, kind: ConfigMap, metadata: {name: new}, data: {k: v}}";
    for (String query : List.of("?dryRun=All&fieldManager=m", "?fieldManager=m")) {
      TestApi.Answer made =
          api.patch("apply-patch+yaml", "/api/v1/namespaces/default/configmaps/new" + query, body);
      assertThat(made.status()).isEqualTo(201);
      assertThat(made.json().at("/metadata/managedFields/0/time").asText())
          .isEqualTo(TestApi.START.toString());
    }
  }

  @Test
  void nobodyOwnsWhatAStatusResets() {
    String sets = "/apis/apps/v1/namespaces/default/deployments";
    api.create(
        sets,
        "{metadata: {name: d}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}");
    JsonNode after =
        api.patch(
                "apply-patch+yaml",
                sets + "/d/status?fieldManager=m3",
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, labels: {x: z}, annotations: {q: r}}, spec: {replicas: 4}, status: {conditions: [{type: T, status: 'True'}]}}")
            .json();
    assertThat(after.at("/metadata/managedFields/0/manager").asText()).isEqualTo("m3");
    assertThat(after.at("/metadata/managedFields/0/fieldsV1").toString())
        .isEqualTo(
            "{\"f:metadata\":{\"f:annotations\":{\"f:q\":{}}},\"f:status\":{\"f:conditions\":{\"k:{\\\"type\\\":\\\"T\\\"}\":{\".\":{},\"f:status\":{},\"f:type\":{}}}}}");
    assertThat(after.path("metadata").has("labels")).isFalse();
  }

  @Test
  void anAmountInAnotherFormIsAnotherValueToWhoeverAppliesIt() {
    String claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    String claim =
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce],"
            + " resources: {requests: {storage: 1024Mi}}}}";
    api.create(claims, claim);
    TestApi.Answer answer = api.patch("apply-patch+yaml", claims + "/c?fieldManager=m", claim);
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.message()).endsWith(": .spec.resources.requests.storage");
    String canonical = claim.replace("1024Mi", "1Gi");
    assertThat(api.patch("apply-patch+yaml", claims + "/c?fieldManager=m", canonical).status())
        .isEqualTo(200);
  }
}
