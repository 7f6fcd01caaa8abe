// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/// Create, update and delete.
class WritingTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private final TestApi api = new TestApi();

  private static String map(String name, String more) {
    return "{\"metadata\":{\"name\":\"%s\"%s},\"data\":{\"a\":\"b\"}}".formatted(name, more);
  }

  @Test
  void theServerGivesUidTimeAndRevision() {
    TestApi.Answer answer =
        api.post(
            MAPS, map("a", ",\"uid\":\"mine\",\"creationTimestamp\":\"2000-01-01T00:00:00Z\""));
    assertThat(answer.status()).isEqualTo(201);
    JsonNode metadata = answer.json().path("metadata");
    assertThat(metadata.path("uid").asText()).matches("[0-9a-f-]{36}");
    assertThat(metadata.path("creationTimestamp").asText()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(metadata.path("resourceVersion").asText())
        .isEqualTo(String.valueOf(api.store.revision()));
  }

  @Test
  void noOwnersAndNoFinalizersAreNotShown() {
    String empty = ",\"finalizers\":[],\"ownerReferences\":[]";
    String review =
        "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"metadata\":{\"name\":\"a\"%s},\"spec\":{\"token\":\"none\"}}"
            .formatted(empty);
    for (TestApi.Answer answer :
        List.of(
            api.post(MAPS, map("a", empty)),
            api.put(MAPS + "/a", map("a", empty)),
            api.post("/apis/authentication.k8s.io/v1/tokenreviews", review))) {
      assertThat(answer.status()).isLessThan(300);
      assertThat(answer.text()).doesNotContain("finalizers", "ownerReferences");
    }
  }

  @Test
  void anOwnerIsToldOnceAndTheWriterWarned() {
    String owner = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"%s\"}";
    String owners =
        ",\"ownerReferences\":[%1$s,%1$s,%2$s]"
            .formatted(owner.formatted("u"), owner.formatted("v"));
    TestApi.Answer answer = api.post(MAPS, map("a", owners));
    assertThat(answer.json().at("/metadata/ownerReferences")).hasSize(2);
    assertThat(answer.header("warning"))
        .startsWith("299 - \".metadata.ownerReferences contains duplicate entries;")
        .endsWith("duplicate UID(s) observed: u\"");
  }

  @Test
  void anObjectThatIsAppliedAsDeletedGoesWithItsNextWrite() {
    String body =
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\",\"deletionTimestamp\":\"2026-01-02T03:04:05Z\"}}";
    String path = MAPS + "/a?fieldManager=m";
    TestApi.Answer made = api.patch("apply-patch+yaml", path, body);
    assertThat(made.json().at("/metadata/deletionTimestamp").asText())
        .isEqualTo("2026-01-02T03:04:05Z");
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(200);
    assertThat(api.patch("apply-patch+yaml", path, body).status()).isEqualTo(200);
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(404);
  }

  @Test
  void aNameThatIsTakenAlreadyExists() {
    api.post(MAPS, map("a", ""));
    TestApi.Answer answer = api.post(MAPS, map("a", ""));
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.reason()).isEqualTo("AlreadyExists");
    assertThat(answer.message()).isEqualTo("configmaps \"a\" already exists");
  }

  @Test
  void aGeneratedNameAddsFiveCharacters() {
    JsonNode made = api.post(MAPS, "{\"metadata\":{\"generateName\":\"a-\"}}").json();
    assertThat(made.path("metadata").path("name").asText()).matches("a-[a-z0-9]{5}");
  }

  @Test
  void aNamespaceThatIsNotThereIsNotFound() {
    TestApi.Answer answer = api.post("/api/v1/namespaces/nope/configmaps", map("a", ""));
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.message()).isEqualTo("namespaces \"nope\" not found");
  }

  @Test
  void anotherNamespaceThanThePathNamesIsRefused() {
    TestApi.Answer answer = api.post(MAPS, map("a", ",\"namespace\":\"other\""));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.message())
        .isEqualTo(
            "the namespace of the provided object does not match the namespace sent on the request");
  }

  @Test
  void aNameThatIsNoneIsInvalid() {
    TestApi.Answer answer = api.post(MAPS, map("X_Y", ""));
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.reason()).isEqualTo("Invalid");
    assertThat(answer.message())
        .startsWith("ConfigMap \"X_Y\" is invalid: metadata.name: Invalid value: \"X_Y\":");
    assertThat(answer.json().path("details").path("causes").path(0).path("field").asText())
        .isEqualTo("metadata.name");
  }

  @Test
  void anUpdateOfAnOldRevisionIsAConflict() {
    api.post(MAPS, map("a", ""));
    TestApi.Answer answer = api.put(MAPS + "/a", map("a", ",\"resourceVersion\":\"1\""));
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.reason()).isEqualTo("Conflict");
    assertThat(answer.message())
        .isEqualTo(
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again");
  }

  @Test
  void anUpdateNamesTheObjectOfItsPath() {
    api.post(MAPS, map("a", ""));
    assertThat(api.put(MAPS + "/a", map("b", "")).message())
        .isEqualTo("the name of the object (b) does not match the name on the URL (a)");
    assertThat(api.put(MAPS + "/a", "{}").message())
        .isEqualTo(
            "the name of the object (a based on URL) was undeterminable: name must be provided");
  }

  @Test
  void whatDoesNotChangeAnythingMakesNoRevision() {
    api.post(MAPS, map("a", ""));
    long before = api.store.revision();
    assertThat(api.put(MAPS + "/a", map("a", "")).status()).isEqualTo(200);
    assertThat(api.store.revision()).isEqualTo(before);
  }

  @Test
  void aDryRunAnswersAndStoresNothing() {
    assertThat(api.post(MAPS + "?dryRun=All", map("a", "")).status()).isEqualTo(201);
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(404);
    api.post(MAPS, map("a", ""));
    assertThat(api.delete(MAPS + "/a?dryRun=All").status()).isEqualTo(200);
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(200);
  }

  @Test
  void nobodyOwnsTheLabelOfANameThatWasGenerated() {
    TestApi.Answer answer =
        api.post("/api/v1/namespaces", "{\"metadata\":{\"generateName\":\"g-\"}}");
    String name = answer.json().at("/metadata/name").asText();
    assertThat(name).startsWith("g-").hasSizeGreaterThan(2);
    assertThat(answer.json().at("/metadata/labels").path("kubernetes.io/metadata.name").asText())
        .isEqualTo(name);
    assertThat(answer.json().at("/metadata/managedFields/0/fieldsV1").toString())
        .isEqualTo("{\"f:metadata\":{\"f:generateName\":{}}}");
  }

  @Test
  void booksThatAreClearedStayCleared() {
    api.post(MAPS, map("a", ""));
    assertThat(api.get(MAPS + "/a").json().path("metadata").has("managedFields")).isTrue();
    api.patch("merge-patch+json", MAPS + "/a", "{\"metadata\":{\"managedFields\":[{}]}}");
    assertThat(api.get(MAPS + "/a").json().path("metadata").has("managedFields")).isFalse();
  }

  @Test
  void anAppliedNullIsAnotherValueThanAnEmptyText() {
    api.post(MAPS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"\"}}");
    TestApi.Answer answer =
        api.patch(
            "apply-patch+yaml",
            MAPS + "/a?fieldManager=m",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: null}}");
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.message()).contains("conflict with ").endsWith(": .data.k");
  }

  @Test
  void aSelfLinkIsShownOnlyWhereAChangeIsTried() {
    api.post(MAPS, map("a", ""));
    String linked = "{\"metadata\":{\"selfLink\":\"/x\"}}";
    assertThat(selfLink(api.patch("merge-patch+json", MAPS + "/a?dryRun=All", linked)))
        .isEqualTo("/x");
    assertThat(selfLink(api.patch("merge-patch+json", MAPS + "/a", linked))).isEmpty();
    String fresh = "{\"metadata\":{\"name\":\"b\",\"selfLink\":\"/x\"}}";
    assertThat(selfLink(api.post(MAPS + "?dryRun=All", fresh))).isEmpty();
  }

  private static String selfLink(TestApi.Answer answer) {
    assertThat(answer.status()).isIn(200, 201);
    return answer.json().at("/metadata/selfLink").asText();
  }

  @Test
  void aDeleteMeantForAnotherObjectIsAConflict() {
    api.post(MAPS, map("a", ""));
    TestApi.Answer answer =
        api.ask("DELETE", MAPS + "/a").body("{\"preconditions\":{\"uid\":\"nope\"}}").send();
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.message())
        .startsWith(
            "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (nope) does not match the UID in record (");
  }

  @Test
  void contradictingDeleteOptionsAreInvalid() {
    api.post(MAPS, map("a", ""));
    TestApi.Answer answer =
        api.ask("DELETE", MAPS + "/a")
            .body("{\"propagationPolicy\":\"Orphan\",\"orphanDependents\":true}")
            .send();
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .isEqualTo(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set");
  }

  @Test
  void aFinalizerHoldsADeletedObjectUntilItIsTakenAway() {
    api.post(MAPS, map("a", ",\"finalizers\":[\"example.com/hold\"]"));
    JsonNode held = api.delete(MAPS + "/a").json();
    assertThat(held.path("metadata").path("deletionTimestamp").asText())
        .isEqualTo("2026-01-01T00:00:00Z");
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(200);
    api.patch("merge-patch+json", MAPS + "/a", "{\"metadata\":{\"finalizers\":null}}");
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(404);
  }

  @Test
  void aCollectionIsDeletedByItsSelection() {
    api.post(MAPS, map("a", ",\"labels\":{\"go\":\"yes\"}"));
    api.post(MAPS, map("b", ""));
    assertThat(api.delete(MAPS + "?labelSelector=go%3Dyes").status()).isEqualTo(200);
    assertThat(api.get(MAPS + "/a").status()).isEqualTo(404);
    assertThat(api.get(MAPS + "/b").status()).isEqualTo(200);
  }

  @Test
  void aScaleIsPatchedWhileOthersWrite() throws InterruptedException {
    String sets = "/apis/apps/v1/namespaces/default/replicasets";
    api.create(
        sets,
        "{metadata: {name: a}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}");
    // Fewer writes of others for each patch than a patch makes attempts.
    Semaphore writes = new Semaphore(0);
    Thread other = Thread.ofPlatform().start(() -> label(sets + "/a", writes));
    try {
      for (int i = 1; i <= 300; i++) {
        writes.release(2);
        String replicas = "{\"spec\":{\"replicas\":%d}}".formatted(i);
        TestApi.Answer answer = api.patch("merge-patch+json", sets + "/a/scale", replicas);
        assertThat(answer.status()).as(answer.message()).isEqualTo(200);
        writes.drainPermits();
      }
    } finally {
      other.interrupt();
      other.join();
    }
    String stale = "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":1}}";
    assertThat(api.patch("merge-patch+json", sets + "/a/scale", stale).status()).isEqualTo(409);
    assertThat(api.get(sets + "/a").json().at("/spec/replicas").asInt()).isEqualTo(300);
  }

  private void label(String path, Semaphore writes) {
    for (int i = 0; ; i++) {
      try {
        writes.acquire();
      } catch (InterruptedException enough) {
        return;
      }
      String label = "{\"metadata\":{\"labels\":{\"n\":\"%d\"}}}".formatted(i);
      api.patch("merge-patch+json", path, label);
    }
  }
}
