// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.Call;
import dev.havn.apiserver.resource.NodeSessions;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Registry;
import dev.havn.schema.BuiltinTypes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Groups that others serve. The other server answers `/apis/wardle.example.com/v1alpha1` with what
/// it serves, `.../echo` with the headers it got, `.../watch` bit by bit.
@Timeout(60)
class AggregationTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String GROUP = "/apis/wardle.example.com";
  private static final String VERSION = GROUP + "/v1alpha1";
  private static final String SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices";
  private static final String NAME = SERVICES + "/v1alpha1.wardle.example.com";
  private static final String RESOURCES =
      """
      {"kind":"APIResourceList","apiVersion":"v1","groupVersion":"wardle.example.com/v1alpha1","resources":[
        {"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]},
        {"name":"flunders/status","singularName":"","namespaced":true,"kind":"Flunder","verbs":["get"]}]}
      """;

  /// A node that knows every pod by every address: the other server is on this machine.
  private static final NodeSessions NODES =
      new NodeSessions() {
        @Override
        public void serve(Call call, ObjectNode pod, Response response) {
          throw new IllegalStateException("nobody asks");
        }

        @Override
        public boolean isAt(ObjectNode pod, String address) {
          return true;
        }
      };

  @TempDir private Path folder;
  private final TestApi api = new TestApi(NODES);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<Request> asked = new LinkedBlockingQueue<>();
  private final CountDownLatch more = new CountDownLatch(1);
  private final CountDownLatch gone = new CountDownLatch(1);
  private Authority authority;
  private HttpsDoor other;
  private boolean stopped;

  @BeforeEach
  void anotherServer() throws Exception {
    SecureRandom random = new SecureRandom();
    authority = Authority.open(folder, InstantSource.system(), random);
    Authority.Identity server = authority.server(List.of("api.default.svc"), List.of());
    other =
        HttpsDoor.open(
            "127.0.0.1",
            0,
            new HttpsDoor.Identity(
                server.keys().getPrivate(), List.of(server.certificate()), List.of()),
            this::answer,
            new HttpsDoor.Surroundings(threads, new Random(1), DoorLimits.standard()));
    assertThat(
            api.post(
                    "/api/v1/namespaces/default/serviceaccounts",
                    "{\"metadata\":{\"name\":\"default\"}}")
                .status())
        .isEqualTo(201);
    assertThat(
            api.post(
                    "/api/v1/namespaces/default/pods",
                    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}")
                .status())
        .isEqualTo(201);
  }

  @AfterEach
  void close() {
    stop();
    threads.shutdownNow();
  }

  private void stop() {
    if (!stopped) {
      stopped = true;
      other.close();
    }
  }

  private void answer(Request request, Response response) {
    asked.add(request);
    switch (request.path()) {
      case VERSION -> response.send(200, json(), List.of(bytes(RESOURCES)));
      case VERSION + "/echo" -> {
        byte[] body = request.body(1 << 20);
        ObjectNode echo = JSON.createObjectNode().put("method", request.method());
        echo.put("target", request.target()).put("body", new String(body, StandardCharsets.UTF_8));
        request.headers().asMap().forEach((name, all) -> echo.put(name, String.join("|", all)));
        response.send(201, json().set("x-foo", "bar"), List.of(bytes(echo.toString())));
      }
      case VERSION + "/watch" -> {
        BodyStream stream = response.stream(200, json());
        stream.onClose(gone::countDown);
        stream.write(List.of(bytes("{\"n\":1}\n")));
        threads.execute(
            () -> {
              await(more);
              stream.write(List.of(bytes("{\"n\":2}\n")));
            });
      }
      case VERSION + "/elsewhere" ->
          response.send(302, new Headers().set("location", "https://example.org/"), List.of());
      case "/openapi/v3" ->
          response.send(
              200,
              json(),
              List.of(
                  bytes(
                      "{\"paths\":{\"apis/wardle.example.com/v1alpha1\":{\"serverRelativeURL\":\"/openapi/v3/apis/wardle.example.com/v1alpha1?hash=A\"}}}")));
      default -> response.send(404, new Headers(), List.of(bytes("404 page not found\n")));
    }
  }

  private static Headers json() {
    return new Headers().set("content-type", "application/json");
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void service() {
    assertThat(
            api.post(
                    "/api/v1/namespaces/default/services",
                    "{\"metadata\":{\"name\":\"api\"},\"spec\":{\"ports\":[{\"name\":\"https\",\"port\":443}]}}")
                .status())
        .isEqualTo(201);
  }

  /// Written below the API, which takes no addresses of this machine.
  private void endpoints(boolean ready) throws Exception {
    Registry registry = new Registry(BuiltinTypes.load());
    String slice =
        """
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1",
         "metadata":{"name":"api-%s","namespace":"default","labels":{"kubernetes.io/service-name":"api"}},
         "addressType":"IPv4","ports":[{"name":"https","port":%d}],"endpoints":[
          {"addresses":["127.0.0.1"],"conditions":{"ready":%s},"targetRef":{"kind":"Pod","name":"a"}}]}
        """
            .formatted(ready ? "ready" : "not", other.port(), ready);
    new Objects(api.store, registry)
        .add(
            registry.get("discovery.k8s.io/v1", "endpointslices"),
            (ObjectNode) JSON.readTree(slice));
    api.time.settle();
  }

  private void apiService(int port, String trust) {
    assertThat(
            api.post(
                    SERVICES,
                    """
                    {"metadata":{"name":"v1alpha1.wardle.example.com"},"spec":{"group":"wardle.example.com",
                     "version":"v1alpha1","groupPriorityMinimum":2000,"versionPriority":200,%s,
                     "service":{"namespace":"default","name":"api","port":%d}}}
                    """
                        .formatted(trust, port))
                .status())
        .isEqualTo(201);
    api.time.settle();
  }

  private String trusted() throws Exception {
    String pem = Pem.of(authority.certificate());
    String bundle = Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
    return "\"caBundle\":\"" + bundle + "\"";
  }

  private void available() throws Exception {
    service();
    endpoints(true);
    apiService(443, trusted());
    assertCondition("True", "Passed", "all checks passed");
    asked.clear();
  }

  private void assertCondition(String status, String reason, String message) {
    JsonNode condition = api.get(NAME).json().at("/status/conditions/0");
    assertThat(condition.path("message").asText()).isEqualTo(message);
    assertThat(condition.path("reason").asText()).isEqualTo(reason);
    assertThat(condition.path("status").asText()).isEqualTo(status);
    assertThat(condition.path("type").asText()).isEqualTo("Available");
  }

  @Test
  void whatThisServerServesHasItsApiServices() {
    JsonNode list = api.get(SERVICES).json();
    assertThat(list.path("items")).hasSize(21);
    JsonNode apps = api.get(SERVICES + "/v1.apps").json();
    assertThat(apps.at("/metadata/labels/kube-aggregator.kubernetes.io~1automanaged").asText())
        .isEqualTo("onstart");
    assertThat(apps.path("spec").toString())
        .isEqualTo(
            "{\"group\":\"apps\",\"version\":\"v1\",\"groupPriorityMinimum\":17800,\"versionPriority\":15}");
    assertThat(apps.at("/status/conditions/0/reason").asText()).isEqualTo("Local");
    assertThat(api.get(SERVICES + "/v1.").json().at("/spec/groupPriorityMinimum").asInt())
        .isEqualTo(18_000);
  }

  @Test
  void otherServersReadWhomToTrust() {
    JsonNode data =
        api.get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
            .json()
            .path("data");
    assertThat(data.path("requestheader-allowed-names").asText())
        .isEqualTo("[\"front-proxy-client\"]");
    assertThat(data.path("requestheader-username-headers").asText())
        .isEqualTo("[\"X-Remote-User\"]");
    assertThat(data.path("requestheader-client-ca-file").asText()).startsWith("-----BEGIN CERT");
  }

  @Test
  void aRequestGoesThereWithItsUserAndWithoutWhatTheClientClaims() throws Exception {
    available();
    TestApi.Answer answer =
        api.ask("POST", VERSION + "/echo?a=b")
            .body("{}")
            .header("content-length", "2")
            .header("authorization", "Basic c2VjcmV0")
            .header("x-remote-user", "root")
            .header("X-Remote-Extra-Evil", "1")
            .header("connection", "x-secret")
            .header("x-secret", "hop")
            .header("impersonate-user", "jane")
            .header("impersonate-uid", "u-1")
            .header("impersonate-group", "system:masters")
            .header("impersonate-extra-sc%2Fopes", "a")
            .send();
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.header("x-foo")).isEqualTo("bar");
    JsonNode seen = answer.json();
    assertThat(seen.path("method").asText()).isEqualTo("POST");
    assertThat(seen.path("target").asText()).isEqualTo(VERSION + "/echo?a=b");
    assertThat(seen.path("body").asText()).isEqualTo("{}");
    assertThat(seen.path("x-remote-user").asText()).isEqualTo("jane");
    assertThat(seen.path("x-remote-uid").asText()).isEqualTo("u-1");
    assertThat(seen.path("x-remote-group").asText())
        .isEqualTo("system:masters|system:authenticated");
    assertThat(seen.path("x-remote-extra-sc%2fopes").asText()).isEqualTo("a");
    assertThat(seen.path("x-forwarded-for").asText()).isEqualTo("127.0.0.1");
    assertThat(seen.path("x-forwarded-uri").asText()).isEqualTo(VERSION + "/echo");
    for (String name :
        List.of("authorization", "x-remote-extra-evil", "impersonate-user", "x-secret")) {
      assertThat(seen.has(name)).as(name).isFalse();
    }
    Credential shown = asked.element().credential();
    assertThat(shown)
        .isInstanceOfSatisfying(
            Credential.Certificate.class,
            certificate ->
                assertThat(certificate.chain().getFirst().getSubjectX500Principal().getName())
                    .isEqualTo("CN=front-proxy-client"));
  }

  @Test
  void whoMayNotAskHereIsNotPassedOn() throws Exception {
    available();
    TestApi.Answer answer = api.ask("GET", VERSION + "/flunders").asUser("jane").send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "flunders.wardle.example.com is forbidden: User \"jane\" cannot list resource"
                + " \"flunders\" in API group \"wardle.example.com\" at the cluster scope");
    assertThat(asked).isEmpty();
  }

  @Test
  void anAnswerWithoutEndComesAsItComesAndEndsWithItsReader() throws Exception {
    available();
    TestApi.Answer answer = api.get(VERSION + "/watch?watch=true");
    assertThat(answer.status()).isEqualTo(200);
    awaitText(answer, "{\"n\":1}\n");
    more.countDown();
    awaitText(answer, "{\"n\":1}\n{\"n\":2}\n");
    answer.hangUp();
    await(gone);
  }

  private static void awaitText(TestApi.Answer answer, String text) {
    while (!answer.text().equals(text)) {
      Thread.onSpinWait();
    }
  }

  @Test
  void nobodyIsSentElsewhere() throws Exception {
    available();
    TestApi.Answer answer = api.get(VERSION + "/elsewhere");
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.text())
        .isEqualTo("the backend attempted to redirect this request, which is not permitted");
  }

  @Test
  void discoveryShowsWhatOthersServe() throws Exception {
    available();
    JsonNode groups = api.get("/apis").json().path("groups");
    JsonNode last = groups.get(groups.size() - 1);
    assertThat(last.path("name").asText()).isEqualTo("wardle.example.com");
    assertThat(last.at("/preferredVersion/groupVersion").asText())
        .isEqualTo("wardle.example.com/v1alpha1");
    assertThat(api.get(GROUP).json().at("/versions/0/version").asText()).isEqualTo("v1alpha1");
    assertThat(api.get(VERSION).json().at("/resources/0/name").asText()).isEqualTo("flunders");
    JsonNode items =
        api.ask("GET", "/apis")
            .header(
                "accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
            .send()
            .json()
            .path("items");
    JsonNode item = items.get(items.size() - 1);
    assertThat(item.at("/metadata/name").asText()).isEqualTo("wardle.example.com");
    assertThat(item.at("/versions/0/freshness").asText()).isEqualTo("Current");
    assertThat(item.at("/versions/0/resources/0/responseKind/kind").asText()).isEqualTo("Flunder");
    assertThat(item.at("/versions/0/resources/0/subresources/0/subresource").asText())
        .isEqualTo("status");
    assertThat(
            api.get("/openapi/v3")
                .json()
                .path("paths")
                .path("apis/wardle.example.com/v1alpha1")
                .path("serverRelativeURL")
                .asText())
        .isEqualTo("/openapi/v3/apis/wardle.example.com/v1alpha1?hash=A");
  }

  @Test
  void whyAnApiIsNotAvailableIsSaid() throws Exception {
    apiService(444, trusted());
    assertCondition("False", "ServiceNotFound", "service/api in \"default\" is not present");
    TestApi.Answer answer = api.get(VERSION + "/flunders");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text()).isEqualTo("service unavailable\n");
    assertThat(api.get("/metrics").text())
        .contains(
            "aggregator_unavailable_apiservice{name=\"v1.apps\"} 0\n",
            "aggregator_unavailable_apiservice{name=\"v1alpha1.wardle.example.com\"} 1\n");
    assertThat(api.get(GROUP + "/v2/flunders").status()).isEqualTo(404);
    service();
    api.time.settle();
    assertCondition(
        "False", "ServicePortError", "service/api in \"default\" is not listening on port 444");
    api.patch("merge-patch+json", NAME, "{\"spec\":{\"service\":{\"port\":443}}}");
    assertCondition(
        "False", "EndpointsNotFound", "cannot find endpointslices for service/api in \"default\"");
    endpoints(false);
    assertCondition(
        "False",
        "MissingEndpoints",
        "endpointslices for service/api in \"default\" have no addresses with port name \"https\"");
    endpoints(true);
    assertCondition("True", "Passed", "all checks passed");
  }

  @Test
  void aServerWithAnUnknownCertificateIsNotAvailable() throws Exception {
    service();
    endpoints(true);
    String pem = Pem.of(TestApi.FRONT_PROXY.authority());
    String bundle = Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII));
    apiService(443, "\"caBundle\":\"" + bundle + "\"");
    String url = "https://127.0.0.1:" + other.port() + VERSION;
    assertCondition(
        "False",
        "FailedDiscoveryCheck",
        "failing or missing response from %s: Get \"%s\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
            .formatted(url, url));
    api.patch(
        "merge-patch+json", NAME, "{\"spec\":{\"caBundle\":null,\"insecureSkipTLSVerify\":true}}");
    assertCondition("True", "Passed", "all checks passed");
  }

  @Test
  void aServerThatHasGoneIsFoundOutAndFoundAgain() throws Exception {
    available();
    int port = other.port();
    stop();
    TestApi.Answer answer = api.get(VERSION + "/flunders");
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.text())
        .isEqualTo(
            "error trying to reach service: dial tcp 127.0.0.1:%d: connect: connection refused\n"
                .formatted(port));
    api.time.advance(Duration.ofSeconds(31));
    assertThat(api.get(NAME).json().at("/status/conditions/0/reason").asText())
        .isEqualTo("FailedDiscoveryCheck");
    assertThat(api.get(VERSION + "/flunders").text()).isEqualTo("service unavailable\n");
    assertThat(
            api.ask("GET", "/apis")
                .header(
                    "accept",
                    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
                .send()
                .text())
        .contains("\"freshness\":\"Stale\"");
  }

  @Test
  void whatIsNoLongerRegisteredIsNoLongerThere() throws Exception {
    available();
    assertThat(api.delete(NAME).status()).isEqualTo(200);
    TestApi.Answer answer = api.get(VERSION + "/flunders");
    assertThat(answer.status()).isEqualTo(404);
    assertThat(api.get("/apis").text()).doesNotContain("wardle");
  }

  @Test
  void aVersionOfACustomGroupHasItsApiServiceAsLongAsItIsServed() {
    String definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    TestApi.Answer made =
        api.post(
            definitions,
            """
            {"metadata":{"name":"boats.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
             "names":{"plural":"boats","singular":"boat","kind":"Boat","listKind":"BoatList"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
            """);
    assertThat(made.status()).isEqualTo(201);
    api.time.settle();
    JsonNode service = api.get(SERVICES + "/v1.example.com").json();
    assertThat(service.at("/metadata/labels/kube-aggregator.kubernetes.io~1automanaged").asText())
        .isEqualTo("true");
    assertThat(service.at("/spec/groupPriorityMinimum").asInt()).isEqualTo(1_000);
    assertThat(service.at("/spec/versionPriority").asInt()).isEqualTo(100);
    assertThat(service.at("/status/conditions/0/reason").asText()).isEqualTo("Local");
    api.delete(definitions + "/boats.example.com");
    api.time.settle();
    assertThat(api.get(SERVICES + "/v1.example.com").status()).isEqualTo(404);
  }
}
