// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.webhook.WebhookServer;
import dev.havn.apiserver.webhook.WebhookServer.Asked;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Custom resources in more than one version.
class ConversionTest {
  private static final String DEFINITIONS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  private static final String OF_GROUP = "/apis/two.example.com/";
  private static final String DEFINITION =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: hosts.two.example.com}
      spec:
        group: two.example.com
        scope: Cluster
        names: {plural: hosts, singular: host, kind: Host, listKind: HostList}
        conversion: %s
        versions:
        - name: v1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object, properties: {address: {type: string}}}}
        - name: v2
          served: true
          storage: false
          schema:
            openAPIV3Schema:
              type: object
              properties: {name: {type: string}, port: {type: string}, extra: {type: string, default: x}}
      """;

  @TempDir private Path folder;
  private final TestApi api = new TestApi();
  private WebhookServer server;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    server = new WebhookServer(folder, List.of("hook.default.svc"), List.of("127.0.0.1"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void define(String conversion) {
    String text = DEFINITION.formatted(conversion);
    TestApi.Answer made =
        api.post(DEFINITIONS, Yaml.read(text.getBytes(StandardCharsets.UTF_8)).toString());
    assertThat(made.status()).as(made.text()).isEqualTo(201);
  }

  private void defineByWebhook() {
    define(
        "{strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {url: \"%s\", caBundle: \"%s\"}}}"
            .formatted(server.url("/convert"), server.caBundle()));
  }

  /// `a:1` is an address in version 1, `a` and `1` in version 2.
  private static Reply converted(Asked asked) {
    JsonNode request = asked.body().path("request");
    String wanted = request.path("desiredAPIVersion").asText();
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("kind", "ConversionReview").put("apiVersion", "apiextensions.k8s.io/v1");
    ObjectNode response = review.putObject("response");
    response.set("uid", request.get("uid"));
    response.putObject("result").put("status", "Success");
    ArrayNode objects = response.putArray("convertedObjects");
    for (JsonNode each : request.path("objects")) {
      ObjectNode object = each.deepCopy();
      object.put("apiVersion", wanted);
      if (wanted.endsWith("v2")) {
        String[] parts = object.remove("address").asText().split(":");
        object.put("name", parts[0]).put("port", parts[1]);
      } else {
        object.put("address", object.path("name").asText() + ":" + object.path("port").asText());
        object.remove(List.of("name", "port"));
      }
      objects.add(object);
    }
    return Reply.json(review.toString());
  }

  private static String host(String version, String name, String fields) {
    return "{\"apiVersion\":\"two.example.com/%s\",\"kind\":\"Host\",\"metadata\":{\"name\":\"%s\"},%s}"
        .formatted(version, name, fields);
  }

  @Test
  void withoutAWebhookOnlyTheVersionDiffers() {
    define("{strategy: None}");
    api.post(OF_GROUP + "v1/hosts", host("v1", "a", "\"address\":\"a:1\""));
    JsonNode seen = api.get(OF_GROUP + "v2/hosts/a").json();
    assertThat(seen.path("apiVersion").asText()).isEqualTo("two.example.com/v2");
    assertThat(seen.path("extra").asText()).isEqualTo("x");
    assertThat(seen.has("address")).isFalse();
    assertThat(api.get(OF_GROUP + "v1/hosts").json().at("/items/0/address").asText())
        .isEqualTo("a:1");
  }

  @Test
  void aWebhookConvertsWhatIsReadAndWritten() {
    server.on("/convert", ConversionTest::converted);
    defineByWebhook();
    api.post(OF_GROUP + "v1/hosts", host("v1", "a", "\"address\":\"a:1\""));
    TestApi.Answer made =
        api.post(OF_GROUP + "v2/hosts", host("v2", "b", "\"name\":\"b\",\"port\":\"2\""));
    assertThat(made.json().path("name").asText()).as(made.text()).isEqualTo("b");
    assertThat(api.get(OF_GROUP + "v1/hosts/b").json().path("address").asText()).isEqualTo("b:2");
    JsonNode items = api.get(OF_GROUP + "v2/hosts").json().path("items");
    assertThat(items).extracting(each -> each.path("port").asText()).containsExactly("1", "2");
    TestApi.Answer watch = api.get(OF_GROUP + "v2/hosts?watch=1");
    assertThat(watch.events())
        .extracting(event -> event.path("object").path("name").asText())
        .containsExactly("a", "b");
  }

  @Test
  void aWebhookThatFailsIsNamed() {
    server.on(
        "/convert",
        asked ->
            Reply.json(
                "{\"kind\":\"ConversionReview\",\"apiVersion\":\"apiextensions.k8s.io/v1\",\"response\":{\"uid\":%s,\"result\":{\"status\":\"Failed\",\"message\":\"no way\"}}}"
                    .formatted(asked.body().path("request").path("uid"))));
    defineByWebhook();
    api.post(OF_GROUP + "v1/hosts", host("v1", "a", "\"address\":\"a:1\""));
    TestApi.Answer seen = api.get(OF_GROUP + "v2/hosts/a");
    assertThat(seen.status()).isEqualTo(500);
    assertThat(seen.message())
        .isEqualTo("conversion webhook for two.example.com/v1, Kind=Host failed: no way");
  }
}
