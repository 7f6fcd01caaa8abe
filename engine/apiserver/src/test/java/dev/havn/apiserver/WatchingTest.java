// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Watches: what they show, and how they end.
class WatchingTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private final TestApi api = new TestApi();

  private void create(String name, String label) {
    api.post(
        MAPS, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}".formatted(name, label));
  }

  private String revision() {
    return api.get(MAPS).json().path("metadata").path("resourceVersion").asText();
  }

  private static List<String> words(List<JsonNode> events) {
    return events.stream()
        .map(
            event ->
                event.path("type").asText()
                    + " "
                    + event.path("object").path("metadata").path("name").asText())
        .toList();
  }

  @Test
  void aWatchFromARevisionShowsWhatCameAfterIt() {
    create("before", "x");
    TestApi.Answer watch = api.get(MAPS + "?watch=1&resourceVersion=" + revision());
    create("after", "x");
    api.patch("merge-patch+json", MAPS + "/after", "{\"data\":{\"a\":\"b\"}}");
    api.delete(MAPS + "/after");
    assertThat(words(watch.events()))
        .containsExactly("ADDED after", "MODIFIED after", "DELETED after");
  }

  @Test
  void aWatchWithoutRevisionBeginsWithWhatIsThere() {
    create("a", "x");
    TestApi.Answer watch = api.get(MAPS + "?watch=true");
    assertThat(words(watch.events())).containsExactly("ADDED a");
    create("b", "x");
    assertThat(words(watch.events())).containsExactly("ADDED b");
  }

  @Test
  void anObjectThatLeavesTheSelectionIsDeletedAndComesBackAsAdded() {
    create("a", "x");
    TestApi.Answer watch =
        api.get(MAPS + "?watch=1&labelSelector=l%3Dx&resourceVersion=" + revision());
    api.patch("merge-patch+json", MAPS + "/a", "{\"metadata\":{\"labels\":{\"l\":\"y\"}}}");
    api.patch("merge-patch+json", MAPS + "/a", "{\"data\":{\"a\":\"b\"}}");
    api.patch("merge-patch+json", MAPS + "/a", "{\"metadata\":{\"labels\":{\"l\":\"x\"}}}");
    List<JsonNode> events = watch.events();
    assertThat(words(events)).containsExactly("DELETED a", "ADDED a");
    assertThat(events.getFirst().path("object").path("metadata").path("labels").path("l").asText())
        .isEqualTo("x");
  }

  @Test
  void initialEventsEndWithABookmarkThatSaysSo() {
    create("a", "x");
    TestApi.Answer watch =
        api.get(
            MAPS
                + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    List<JsonNode> events = watch.events();
    assertThat(words(events)).containsExactly("ADDED a", "BOOKMARK ");
    assertThat(events.getLast().path("object").path("metadata").path("annotations").toString())
        .isEqualTo("{\"k8s.io/initial-events-end\":\"true\"}");
  }

  @ParameterizedTest
  @CsvSource({
    "deployments, '{\"replicas\":0,\"selector\":null,\"strategy\":{}, \"template\":{\"metadata\":{},\"spec\":{\"containers\":null}}}'",
    "replicasets, '{\"replicas\":0,\"selector\":null,\"template\":{\"metadata\":{},\"spec\":{\"containers\":null}}}'",
  })
  void bookmarksOfWorkloadsCountNoReplicas(String resource, String spec) throws IOException {
    JsonNode bookmark = endOfNothing(resource);
    assertThat(bookmark.path("spec")).isEqualTo(new ObjectMapper().readTree(spec));
  }

  @Test
  void bookmarksOfDaemonSetsShowTheGenerationOfNoTemplate() {
    assertThat(endOfNothing("daemonsets").path("metadata").path("annotations").toString())
        .isEqualTo(
            "{\"deprecated.daemonset.template.generation\":\"0\",\"k8s.io/initial-events-end\":\"true\"}");
  }

  private JsonNode endOfNothing(String resource) {
    List<JsonNode> events =
        api.get(
                "/apis/apps/v1/namespaces/default/"
                    + resource
                    + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
            .events();
    assertThat(words(events)).containsExactly("BOOKMARK ");
    return events.getFirst().path("object");
  }

  @Test
  void bookmarksComeOnceAMinuteAndNameTheLatestRevision() {
    TestApi.Answer watch =
        api.get(MAPS + "?watch=1&allowWatchBookmarks=true&resourceVersion=" + revision());
    api.post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"s\"}}");
    api.time.advance(Duration.ofMinutes(1));
    List<JsonNode> events = watch.events();
    assertThat(words(events)).containsExactly("BOOKMARK ");
    assertThat(events.getFirst().path("object").path("metadata").path("resourceVersion").asText())
        .isEqualTo(String.valueOf(api.store.revision()));
  }

  @Test
  void aWatchEndsWhenItsTimeIsOver() {
    TestApi.Answer watch = api.get(MAPS + "?watch=1&timeoutSeconds=5");
    api.time.advance(Duration.ofSeconds(4));
    assertThat(watch.isClosed()).isFalse();
    api.time.advance(Duration.ofSeconds(1));
    assertThat(watch.isClosed()).isTrue();
  }

  @Test
  void aRevisionThatWasCompactedAwayIsGone() {
    create("a", "x");
    String old = revision();
    create("b", "x");
    api.store.compact(api.store.revision());
    TestApi.Answer watch = api.get(MAPS + "?watch=1&resourceVersion=" + old);
    JsonNode event = watch.events().getFirst();
    assertThat(event.path("type").asText()).isEqualTo("ERROR");
    assertThat(event.path("object").path("code").asInt()).isEqualTo(410);
    assertThat(event.path("object").path("reason").asText()).isEqualTo("Expired");
    assertThat(event.path("object").path("message").asText())
        .startsWith("too old resource version: " + old);
    assertThat(watch.isClosed()).isTrue();
  }

  @Test
  void whoHasHungUpIsToldNoMore() {
    TestApi.Answer watch = api.get(MAPS + "?watch=1&resourceVersion=" + revision());
    watch.hangUp();
    create("a", "x");
    assertThat(watch.text()).isEmpty();
  }

  @Test
  void optionsThatContradictEachOtherAreInvalid() {
    TestApi.Answer answer = api.get(MAPS + "?watch=1&sendInitialEvents=true");
    assertThat(answer.status()).isEqualTo(422);
    assertThat(answer.message())
        .isEqualTo(
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    assertThat(api.get(MAPS + "?watch=1&resourceVersionMatch=NotOlderThan").message())
        .isEqualTo(
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
}
