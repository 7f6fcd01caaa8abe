// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Pods that ask for something else while they run (KEP-1287, KEP-5419), and what is told of it.
class PodResizesTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String EVENTS = "/api/v1/namespaces/default/events";
  private static final Duration SOON = Duration.ofSeconds(5);

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final Api api = new Api(cluster.client());

  @AfterEach
  void close() {
    cluster.close();
  }

  private void pod(String name, String resources) {
    api.create(
        PODS,
        """
        {"metadata": {"name": "%s"}, "spec": {"resources": %s,
          "containers": [{"name": "c", "image": "example/c:1"}]}}
        """
            .formatted(name, resources));
    cluster.advance(SOON);
  }

  private static String cpu(long milli) {
    return "{\"requests\": {\"cpu\": \"" + milli + "m\"}}";
  }

  private void resize(String name, String resources) {
    ObjectNode patch = Api.object();
    patch.putObject("spec").set("resources", tree(resources));
    api.strategicMerge(PODS + "/" + name + "/resize", patch);
    cluster.advance(SOON);
  }

  private ObjectNode tree(String json) {
    return (ObjectNode)
        api.toTree(cluster.client().getKubernetesSerialization().unmarshal(json, Object.class));
  }

  private String status(String name, String at) {
    return api.get(PODS + "/" + name).at("/status" + at).asText();
  }

  private List<String> conditions(String name) {
    return api.get(PODS + "/" + name)
        .at("/status/conditions")
        .valueStream()
        .map(each -> each.path("type").asText())
        .filter(each -> each.startsWith("PodResize"))
        .toList();
  }

  private List<String> events(String name) {
    return api.get(EVENTS)
        .path("items")
        .valueStream()
        .filter(each -> each.at("/involvedObject/name").asText().equals(name))
        .filter(each -> each.path("reason").asText().startsWith("Resize"))
        .map(PodResizesTest::text)
        .toList();
  }

  private static String text(JsonNode event) {
    return event.path("reason").asText() + ": " + event.path("message").asText();
  }

  @Test
  void aPodIsResizedAsAWhole() {
    pod("p", "{\"requests\": {\"cpu\": \"100m\"}, \"limits\": {\"cpu\": \"200m\"}}");
    assertThat(status("p", "/allocatedResources/cpu")).isEqualTo("100m");
    assertThat(status("p", "/resources/limits/cpu")).isEqualTo("200m");
    resize("p", "{\"requests\": {\"cpu\": \"150m\"}, \"limits\": {\"cpu\": \"300m\"}}");
    assertThat(status("p", "/allocatedResources/cpu")).isEqualTo("150m");
    assertThat(status("p", "/resources/requests/cpu")).isEqualTo("150m");
    assertThat(status("p", "/resources/limits/cpu")).isEqualTo("300m");
    assertThat(status("p", "/containerStatuses/0/restartCount")).isEqualTo("0");
    assertThat(conditions("p")).isEmpty();
    String what = "{\"containers\":[{\"name\":\"c\",\"resources\":{}}],\"generation\":2}";
    assertThat(events("p"))
        .containsExactlyInAnyOrder(
            "ResizeStarted: Pod resize started: " + what,
            "ResizeCompleted: Pod resize completed: " + what);
  }

  @Test
  void whoeverWaitsIsResizedAsSoonAsAnotherGoes() {
    long milli = api.get("/api/v1/nodes").at("/items/0/status/allocatable/cpu").asLong() * 1_000;
    pod("large", cpu(milli - 200));
    pod("p", cpu(100));
    resize("p", cpu(300));
    assertThat(conditions("p")).containsExactly("PodResizePending");
    assertThat(status("p", "/allocatedResources/cpu")).isEqualTo("100m");
    assertThat(events("p"))
        .containsExactly(
            "ResizeDeferred: Pod resize OutOfcpu: {\"containers\":[{\"name\":\"c\",\"resources\":{}}],\"generation\":2,\"error\":\"Node didn't have enough resource: cpu, requested: 300, used: %d, capacity: %d\"}"
                .formatted(milli - 200, milli));
    api.delete(PODS + "/large", Api.object());
    cluster.advance(SOON);
    assertThat(conditions("p")).isEmpty();
    assertThat(status("p", "/allocatedResources/cpu")).isEqualTo("300m");
    assertThat(events("p")).hasSize(3);
  }

  @Test
  void aPodThatHasEndedMakesRoomToo() {
    long milli = api.get("/api/v1/nodes").at("/items/0/status/allocatable/cpu").asLong() * 1_000;
    pod("large", cpu(milli - 200));
    pod("p", cpu(100));
    resize("p", cpu(300));
    assertThat(conditions("p")).containsExactly("PodResizePending");
    ObjectNode over = Api.object();
    over.putObject("status").put("phase", "Succeeded");
    api.merge(PODS + "/large/status", over);
    cluster.advance(SOON);
    assertThat(conditions("p")).isEmpty();
    assertThat(status("p", "/resources/requests/cpu")).isEqualTo("300m");
  }
}
