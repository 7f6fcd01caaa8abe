// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A custom kind whose conversion webhook is down: what is stored in one version cannot be listed
/// in the other.
class UnlistableKindTest {
  private static final String DEFINITIONS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

  private EmbeddedCluster cluster;
  private Api api;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    api = new Api(cluster.client());
    ObjectNode definition = Api.object();
    definition.put("apiVersion", "apiextensions.k8s.io/v1").put("kind", "CustomResourceDefinition");
    definition.putObject("metadata").put("name", "widgets.example.test");
    ObjectNode spec = definition.putObject("spec").put("group", "example.test");
    spec.put("scope", "Namespaced");
    spec.putObject("names")
        .put("plural", "widgets")
        .put("singular", "widget")
        .put("kind", "Widget");
    ArrayNode versions = spec.putArray("versions");
    for (String name : new String[] {"v1", "v2"}) {
      ObjectNode version = versions.addObject().put("name", name).put("served", true);
      version.put("storage", name.equals("v1"));
      version.putObject("schema").putObject("openAPIV3Schema").put("type", "object");
    }
    api.create(DEFINITIONS, definition.toString());
    cluster.settle();
    create("/api/v1/namespaces", "v1", "Namespace", "doomed");
    create("/apis/example.test/v1/namespaces/doomed/widgets", "example.test/v1", "Widget", "w");
    create("/api/v1/namespaces/doomed/configmaps", "v1", "ConfigMap", "c");
    cluster.settle();
    ObjectNode broken = Api.object();
    ObjectNode webhook =
        broken
            .putObject("spec")
            .putObject("conversion")
            .put("strategy", "Webhook")
            .putObject("webhook");
    webhook.putArray("conversionReviewVersions").add("v1");
    webhook.putObject("clientConfig").put("url", "https://127.0.0.1:1/");
    api.merge(DEFINITIONS + "/widgets.example.test", broken);
    cluster.settle();
  }

  private void create(String path, String apiVersion, String kind, String name) {
    ObjectNode object = Api.object().put("apiVersion", apiVersion).put("kind", kind);
    object.putObject("metadata").put("name", name);
    api.create(path, object.toString());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aNamespaceSaysWhatCannotBeDeletedAndLosesTheRest() {
    api.delete("/api/v1/namespaces/doomed", Api.object());
    cluster.advance(Duration.ofSeconds(60));
    JsonNode namespace = api.get("/api/v1/namespaces/doomed");
    assertThat(namespace.path("status").path("conditions"))
        .filteredOn(each -> each.path("type").asText().equals("NamespaceDeletionContentFailure"))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.path("status").asText()).isEqualTo("True");
              assertThat(each.path("reason").asText()).isEqualTo("ContentDeletionFailed");
              assertThat(each.path("message").asText())
                  .startsWith("Failed to delete all resource types, 1 remaining: ")
                  .contains("conversion webhook");
            });
    assertThat(api.find("/api/v1/namespaces/doomed/configmaps/c")).isEmpty();
  }
}
