// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Paths that are not there and methods that do not fit.
class PathsAndMethodsTest {
  private static final List<String> METHODS =
      List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "FOO", "OPTIONS");

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

  @ParameterizedTest
  @CsvSource({
    "/api/v1/bindings",
    "/api/v1/services/a/status",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews/a",
    "/apis/authorization.k8s.io/v1/watch/subjectaccessreviews",
    "/api/v1/watch/pods/a",
    "/api/v1/watch/componentstatuses",
    "/api/v1/namespaces/default/pods/a/nothing",
    "/apis/apps/v9",
    "/api/v9"
  })
  void aPathThatIsNotThereIsToldBeforeTheMethod(String path) {
    for (String method : METHODS) {
      TestApi.Answer answer = api.ask(method, path).header("accept", "text/html").send();
      assertThat(answer.status()).as(method).isEqualTo(404);
      assertThat(answer.reason()).isEqualTo("NotFound");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v1/componentstatuses",
    "/api/v1/componentstatuses/a",
    "/api/v1/watch/nodes/a",
    "/api/v1/watch/pods",
    "/apis/apps/v1",
    "/apis/apps",
    "/api/",
    "/version/",
    "/openid/v1/jwks"
  })
  void whatIsOnlyReadTakesNoOtherMethod(String path) {
    for (String method : METHODS.subList(1, METHODS.size())) {
      TestApi.Answer answer = api.ask(method, path).header("accept", "text/html").send();
      assertThat(answer.status()).as(method).isEqualTo(405);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/, 200",
    "/index.html, 200",
    "/apis, 200",
    "/healthz, 200",
    "/readyz/ping, 200",
    "/metrics, 200",
    "/metrics/slis, 200",
    "/statusz, 200",
    "/openapi/v3, 200",
    "/openapi/v3/apis/apps/v1, 200",
    "/configz, 404",
    "/logs, 404",
    "/nothing, 404",
    "/healthz/, 404",
    "/metrics/, 404",
    "/apis/nothing.example.com/v1, 404"
  })
  void manyPagesDoNotLookAtTheMethod(String path, int status) {
    for (String method : METHODS) {
      TestApi.Answer answer = api.ask(method, path).send();
      assertThat(answer.status()).as(method).isEqualTo(status);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/version | application/json;as=Table | 200 |",
        "/version | text/html | 406 | 406: Not Acceptable, Available representations: application/json",
        "/version | application/* | 406 | 406: Not Acceptable, Available representations: application/json",
        "/openid/v1/jwks | application/json | 406 | 406: Not Acceptable, Available representations: application/jwk-set+json",
        "/apis/apps | application/* | 406 | 406: Not Acceptable, Available representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "/apis/apps | application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io | 406 | only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "/apis | application/* | 200 |",
        "/apis | text/html | 406 | only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "/openapi/v2 | text/html | 406 |",
        "/openapi/v3/apis/apps/v1 | application/yaml | 406 |",
        "/openapi/v3 | text/html | 200 |",
        "/healthz | text/html | 200 |"
      })
  void pagesHaveFewForms(String path, String accepted, int status, String message) {
    TestApi.Answer answer = api.ask("GET", path).header("accept", accepted).send();
    assertThat(answer.status()).isEqualTo(status);
    if (message != null) {
      assertThat(answer.message()).isEqualTo(message.replace("Acceptable, ", "Acceptable\n\n"));
    }
  }

  @Test
  void discoveryIsToldInTheFormThatIsAskedFor() {
    TestApi.Answer answer =
        api.ask("GET", "/apis/apps").header("accept", "application/yaml").send();
    assertThat(answer.header("content-type")).isEqualTo("application/yaml");
    assertThat(answer.text()).contains("kind: APIGroup\n", "name: apps\n");
    assertThat(
            api.ask("GET", "/api")
                .header("accept", "application/vnd.kubernetes.protobuf")
                .send()
                .text())
        .startsWith("k8s\0\n\u000f\n\0\u0012\u000bAPIVersions");
  }

  @ParameterizedTest
  @CsvSource({"pods, pod", "nodes, node", "services, service"})
  void whatIsProxiedHasAScheme(String plural, String singular) {
    String place = plural.equals("nodes") ? "/api/v1/" : "/api/v1/namespaces/default/";
    for (String name : List.of("a:b:80", ":80", "http::80", "a:b:c:d")) {
      TestApi.Answer answer = api.get(place + plural + "/" + name + "/proxy/");
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.message()).isEqualTo("invalid %s request \"%s\"".formatted(singular, name));
    }
    assertThat(api.ask("FOO", place + plural + "/a/proxy/").send().status()).isEqualTo(405);
  }

  @Test
  void aComponentHasNoStatusHere() {
    TestApi.Answer answer = api.get("/api/v1/componentstatuses/a");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.message()).isEqualTo("componentstatus \"a\" not found");
  }

  @Test
  void healthIsMeasured() {
    assertThat(api.get("/metrics/slis").text())
        .contains(
            "# TYPE kubernetes_healthcheck gauge\n",
            "kubernetes_healthcheck{name=\"etcd-readiness\",type=\"readyz\"} 1\n");
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
