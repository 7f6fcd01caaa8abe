// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.http.Credential;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `/statusz`, `/flagz`, and what is said while the server stops.
class StatusPagesTest {
  private final TestApi api = new TestApi();

  private TestApi.Answer get(String path, String accept) {
    return api.ask("GET", path).header("accept", accept).send();
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/plain", "*/*", "application/cbor, text/*"})
  void peopleReadText(String accept) {
    api.time.advance(Duration.ofSeconds(3_723));
    TestApi.Answer answer = get("/statusz", accept);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("content-type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(answer.text())
        .startsWith("\napiserver statusz\nWarning: ")
        .contains("\n\nStarted:  Thu Jan 01 00:00:00 UTC 2026\nUp:  1 hr 02 min 03 sec\n")
        .endsWith("Paths:  /flagz /healthz /livez /metrics /readyz /statusz /version\n");
  }

  @Test
  void programsAskForAVersion() {
    TestApi.Answer answer =
        get("/statusz", "application/json;v=v1beta1;g=config.k8s.io;as=Statusz");
    assertThat(answer.header("content-type"))
        .isEqualTo("application/json;g=config.k8s.io;v=v1beta1;as=Statusz");
    assertThat(answer.warnings()).isEmpty();
    JsonNode page = answer.json();
    assertThat(page.path("apiVersion").asText()).isEqualTo("config.k8s.io/v1beta1");
    assertThat(page.path("binaryVersion").asText()).isEqualTo("1.36.3");
    TestApi.Answer old = get("/flagz", "application/json;v=v1alpha1;g=config.k8s.io;as=Flagz");
    assertThat(old.warnings())
        .containsExactly(
            "299 - \"This version of the flagz endpoint is deprecated. Please use a newer version.\"");
    assertThat(old.json().at("/flags/max-requests-inflight").asText()).isEqualTo("400");
    TestApi.Answer yaml = get("/flagz", "application/yaml;v=v1beta1;g=config.k8s.io;as=Flagz");
    assertThat(yaml.text()).contains("kind: Flagz");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "application/json;v=v1;g=config.k8s.io;as=Statusz",
        "application/json;v=v1beta1;g=config.k8s.io;as=Flagz"
      })
  void otherFormsAreRefused(String accept) {
    TestApi.Answer answer = get("/statusz", accept);
    assertThat(answer.status()).isEqualTo(406);
    assertThat(answer.reason()).isEqualTo("NotAcceptable");
    assertThat(answer.message())
        .isEqualTo(
            "only the following media types are accepted: application/json, application/yaml, text/plain");
  }

  @Test
  void aServerThatStopsIsNotReadyAndEndsItsWatches() {
    TestApi.Answer watch = api.get("/api/v1/namespaces?watch=true");
    assertThat(watch.isClosed()).isFalse();
    assertThat(api.get("/readyz").status()).isEqualTo(200);
    assertThat(api.drain(Duration.ofSeconds(1))).isZero();
    assertThat(watch.isClosed()).isTrue();
    TestApi.Answer answer = api.get("/readyz");
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.text()).contains("[-]shutdown failed: reason withheld\n");
    assertThat(api.get("/livez").status()).isEqualTo(200);
  }

  @Test
  void requestsFromOutsideAreWaitedForNoLongerThanTheBound() {
    api.post(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        """
        {"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
         "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"system:anonymous"}]}
        """);
    int[] left = new int[1];
    TestApi.Answer answer =
        api.ask("POST", "/api/v1/namespaces")
            .as(new Credential.None())
            .body(
                () -> {
                  left[0] = api.drain(Duration.ofMillis(20));
                  return "{\"metadata\":{\"name\":\"late\"}}";
                })
            .send();
    assertThat(answer.status()).isEqualTo(201);
    assertThat(left[0]).isEqualTo(1);
  }
}
