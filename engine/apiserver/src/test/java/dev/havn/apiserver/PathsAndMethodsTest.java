// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Paths that are not there and methods that do not fit.
class PathsAndMethodsTest {
  private final TestApi api = new TestApi();

  @ParameterizedTest
  @CsvSource({
    "/api/v1/namespaces/default/foos",
    "/apis/apps/v2/deployments",
    "/api/v1/namespaces/default/nodes",
    "/api/v1/pods/web",
    "/api/v1/namespaces/default/configmaps/a/status",
    "/api/v2",
    "/apis/apps/v9",
    "/apis/events.k8s.io/v1beta1"
  })
  void aResourceThatIsNotThereIsNotFound(String path) {
    TestApi.Answer answer = api.get(path);
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.reason()).isEqualTo("NotFound");
    assertThat(answer.message()).isEqualTo("the server could not find the requested resource");
    assertThat(answer.json().path("details").isObject()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"/foo/bar", "/apis/foo", "/apis/foo/v1", "/apis/foo/v1/bars", "/healthz/foo"})
  void aPathThatIsNotThereIsPlainText(String path) {
    TestApi.Answer answer = api.get(path);
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("content-type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(answer.text()).isEqualTo("404 page not found\n");
  }

  @ParameterizedTest
  @CsvSource({
    "PUT, /api/v1/namespaces/default/configmaps",
    "PATCH, /api/v1/namespaces/default/configmaps",
    "POST, /api/v1/namespaces/default/configmaps/a",
    "POST, /api/v1/configmaps",
    "DELETE, /api/v1/pods",
    "DELETE, /api/v1/namespaces",
    "FOO, /api/v1/namespaces/default/configmaps/a",
    "OPTIONS, /api/v1/namespaces/default/configmaps",
    "HEAD, /api/v1/namespaces/default/configmaps",
    "POST, /version",
    "POST, /api"
  })
  void aMethodThatDoesNotFitIsNotAllowed(String method, String path) {
    TestApi.Answer answer = api.ask(method, path).body("{}").send();
    assertThat(answer.status()).isEqualTo(405);
    assertThat(answer.reason()).isEqualTo("MethodNotAllowed");
    assertThat(answer.message())
        .isEqualTo("the server does not allow this method on the requested resource");
  }

  @Test
  void healthSaysItsChecksWhenAsked() {
    assertThat(api.get("/livez").text()).isEqualTo("ok");
    assertThat(api.get("/readyz?verbose").text())
        .startsWith("[+]ping ok\n[+]log ok\n[+]etcd ok\n")
        .endsWith("readyz check passed\n");
    assertThat(api.get("/livez/ping").status()).isEqualTo(200);
  }

  @Test
  void theRootShowsWhereToGo() {
    assertThat(api.get("/").json().path("paths"))
        .extracting(com.fasterxml.jackson.databind.JsonNode::asText)
        .contains("/api/v1", "/apis/apps/v1", "/openapi/v3", "/version");
  }

  @Test
  void documentsThatAreKnownAreNotSentAgain() {
    for (String path : List.of("/openapi/v2", "/openapi/v3/api/v1")) {
      String tag = api.get(path).header("etag");
      assertThat(api.ask("GET", path).header("if-none-match", tag).send().status())
          .as(path)
          .isEqualTo(304);
      assertThat(api.ask("GET", path).header("if-none-match", "\"0\"").send().status())
          .isEqualTo(200);
    }
  }
}
