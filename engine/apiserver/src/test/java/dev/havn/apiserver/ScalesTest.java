// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The scale of a built-in kind has books of who owns the replicas, and means one object.
class ScalesTest {
  private static final String SETS = "/apis/apps/v1/namespaces/default/deployments";
  private static final String SCALE = SETS + "/d/scale";
  private static final String APPLY = "apply-patch+yaml";
  private static final String MERGE = "merge-patch+json";

  private final TestApi api = new TestApi();

  @BeforeEach
  void aDeployment() {
    api.create(
        SETS + "?fieldManager=c1",
        "{metadata: {name: d}, spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}");
  }

  private TestApi.Answer apply(String query, String spec) {
    return api.patch(
        APPLY,
        SCALE + "?fieldManager=" + query,
        "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: d}, spec: {" + spec + "}}");
  }

  /// Who owns the replicas: manager, operation, version, subresource, whether there is a time.
  private List<String> owners() {
    List<String> owners = new ArrayList<>();
    for (JsonNode each : api.get(SETS + "/d").json().at("/metadata/managedFields")) {
      if (each.at("/fieldsV1/f:spec").has("f:replicas")) {
        owners.add(
            "%s %s %s %s %s"
                .formatted(
                    each.path("manager").asText(),
                    each.path("operation").asText(),
                    each.path("apiVersion").asText(),
                    each.path("subresource").asText("-"),
                    each.has("time")));
      }
    }
    return owners;
  }

  @Test
  void anApplyToAnothersReplicasIsAConflictUnlessForced() {
    for (String replicas : List.of("replicas: 1", "replicas: 0")) {
      TestApi.Answer answer = apply("m4", replicas);
      assertThat(answer.status()).isEqualTo(409);
      assertThat(answer.message())
          .isEqualTo(
              "Apply failed with 1 conflict: conflict with \"c1\" using autoscaling/v1: .spec.replicas");
    }
    assertThat(owners()).containsExactly("c1 Update apps/v1 - true");
    TestApi.Answer forced = apply("m4&force=true", "replicas: 1");
    assertThat(forced.status()).isEqualTo(200);
    assertThat(forced.json().path("metadata").has("managedFields")).isFalse();
    assertThat(api.get(SCALE).json().at("/spec/replicas").asInt()).isEqualTo(1);
    assertThat(owners()).containsExactly("m4 Apply apps/v1 scale false");
  }

  @Test
  void appliersOfTheSameNumberShareIt() {
    apply("m4&force=true", "replicas: 1");
    assertThat(apply("m5", "replicas: 1").status()).isEqualTo(200);
    assertThat(owners())
        .containsExactly("m4 Apply apps/v1 scale false", "m5 Apply apps/v1 scale false");
    assertThat(apply("m5", "replicas: 2").message())
        .isEqualTo(
            "Apply failed with 1 conflict: conflict with \"m4\" with subresource \"scale\": .spec.replicas");
    apply("m5&force=true", "replicas: 2");
    assertThat(owners()).containsExactly("m5 Apply apps/v1 scale false");
  }

  @Test
  void aNumberThatIsNoLongerAppliedIsNone() {
    apply("m4&force=true", "replicas: 1");
    assertThat(apply("m4", "").status()).isEqualTo(200);
    assertThat(api.get(SETS + "/d").json().at("/spec/replicas").asInt(-1)).isZero();
    assertThat(owners()).containsExactly("m4 Apply apps/v1 scale false");
  }

  @Test
  void anUpdateOfTheScaleTakesTheReplicasOver() {
    apply("m4&force=true", "replicas: 1");
    api.put(
        SCALE + "?fieldManager=u1", "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":3}}");
    assertThat(owners()).containsExactly("u1 Update apps/v1 scale false");
    assertThat(apply("m4", "replicas: 4").message())
        .isEqualTo(
            "Apply failed with 1 conflict: conflict with \"u1\" with subresource \"scale\" using autoscaling/v1: .spec.replicas");
    assertThat(apply("m4", "replicas: 3").status()).isEqualTo(200);
    assertThat(owners())
        .containsExactly("m4 Apply apps/v1 scale false", "u1 Update apps/v1 scale false");
  }

  @Test
  void whatIsAppliedIsAScale() {
    assertThat(apply("m", "zork: 1").message())
        .isEqualTo(
            "failed to create typed patch object (/d; autoscaling/v1, Kind=Scale): .spec.zork: field not declared in schema");
    assertThat(apply("m&force=true", "replicas: -4").message())
        .isEqualTo(
            "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -4: must be greater than or equal to 0");
    String deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}";
    assertThat(api.patch(APPLY, SCALE + "?fieldManager=m", deployment).message())
        .isEqualTo("invalid object type: apps/v1, Kind=Deployment");
    assertThat(api.patch(APPLY, SCALE, deployment).message())
        .isEqualTo(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
    String other = "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: e}, spec: {}}";
    assertThat(api.patch(APPLY, SCALE + "?fieldManager=m", other).message())
        .isEqualTo("the name of the object (e) does not match the name on the URL (d)");
    String stale =
        "{apiVersion: autoscaling/v1, kind: Scale, metadata: {name: d, resourceVersion: \"1\"}, spec: {replicas: 1}}";
    assertThat(api.patch(APPLY, SCALE + "?fieldManager=m&force=true", stale).message())
        .endsWith(
            "the object has been modified; please apply your changes to the latest version and try again");
  }

  @Test
  void aScaleOfAnotherObjectIsAConflict() {
    String uid = api.get(SETS + "/d").json().at("/metadata/uid").asText();
    String problem =
        "Precondition failed: UID in precondition: xx, UID in object meta: %s".formatted(uid);
    TestApi.Answer put =
        api.put(SCALE, "{\"metadata\":{\"name\":\"d\",\"uid\":\"xx\"},\"spec\":{\"replicas\":1}}");
    assertThat(put.status()).isEqualTo(409);
    assertThat(put.message())
        .isEqualTo(
            "Operation cannot be fulfilled on deployments.apps \"d\": StorageError: invalid object, Code: 4, Key: /registry/deployments/default/d, ResourceVersion: 0, AdditionalErrorMsg: "
                + problem);
    TestApi.Answer patch = api.patch(MERGE, SCALE, "{\"metadata\":{\"uid\":\"xx\"}}");
    assertThat(patch.status()).isEqualTo(409);
    assertThat(patch.message())
        .isEqualTo("Operation cannot be fulfilled on deployments/scale.apps \"d\": " + problem);
    assertThat(patch.json().path("details").toString())
        .isEqualTo("{\"name\":\"d\",\"group\":\"apps\",\"kind\":\"deployments/scale\"}");
  }
}
