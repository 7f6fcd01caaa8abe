// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.Rule;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What filters and times of rules do to real requests.
@Timeout(60)
class FilterTest {
  private static final Match SHOP = Match.of(new Match.Path.Prefix("/shop"));

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private Proxy proxy;
  private RawBackend backend;
  private int port;

  @BeforeEach
  void open() throws IOException {
    backend = new RawBackend(RawBackend::echoHeads);
    proxy = new Proxy(Limits.USUAL);
    proxy.show(Tables.of());
    port = proxy.open(Tables.PLAIN, "127.0.0.1", 0);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    proxy.close();
    backend.close();
  }

  private static Rule.Backend to(RawBackend backend) {
    return new Rule.Backend(
        "Service test/web",
        Rule.Protocol.HTTP,
        List.of(new Rule.Endpoint("127.0.0.1", backend.port())));
  }

  private Rule rule(List<Filter> filters, List<Filter> ofBackend) {
    return new Rule(
        "test",
        SHOP,
        filters,
        new Rule.Forward(List.of(new Rule.Weighted(1, to(backend), ofBackend))),
        null,
        null);
  }

  private HttpResponse<String> send(String method, String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  @Test
  void whatIsReplacedOfAPathIsWhatWasCompared() throws Exception {
    proxy.show(
        Tables.of(
            rule(
                List.of(
                    new Filter.Rewrite("new.example", new Filter.PathChange("/shop", "/store"))),
                List.of())));
    assertThat(send("GET", "/%73hop/a%2Fb?c=d").body())
        .startsWith("GET /store/a%2Fb?c=d HTTP/1.1")
        .containsIgnoringCase("host: new.example\r\n");
  }

  @Test
  void aBackendMayHaveFiltersOfItsOwn() throws Exception {
    proxy.show(
        Tables.of(
            rule(
                List.of(new Filter.Rewrite("rule.example", new Filter.PathChange(null, "/rule"))),
                List.of(
                    new Filter.Rewrite("backend.example", null),
                    new Filter.Headers(false, Map.of("X-Of", "backend"), Map.of(), List.of()),
                    new Filter.Headers(true, Map.of("X-Answer", "yes"), Map.of(), List.of())))));
    HttpResponse<String> answer = send("GET", "/shop");
    assertThat(answer.body())
        .startsWith("GET /rule HTTP/1.1")
        .containsIgnoringCase("host: backend.example\r\n")
        .containsIgnoringCase("x-of: backend\r\n");
    assertThat(answer.headers().firstValue("X-Answer")).contains("yes");
  }

  private String location(@Nullable String scheme, @Nullable Integer to, String path)
      throws Exception {
    proxy.show(
        Tables.of(
            new Rule(
                "test",
                SHOP,
                new Rule.Redirect(
                    301, scheme, "new.example", to, new Filter.PathChange("/shop", "/store")))));
    HttpResponse<String> answer = send("GET", path);
    assertThat(answer.statusCode()).isEqualTo(301);
    return answer.headers().firstValue("location").orElse("");
  }

  @Test
  void aRedirectNamesAPortOnlyWhereItIsNotTheUsualOne() throws Exception {
    assertThat(location("https", null, "/shop")).isEqualTo("https://new.example/store");
    assertThat(location("https", 8443, "/shop/a?b"))
        .isEqualTo("https://new.example:8443/store/a?b");
    assertThat(location(null, null, "/%73hop/a")).isEqualTo("http://new.example/store/a");
    assertThat(location("http", 80, "/shop/")).isEqualTo("http://new.example/store/");
  }

  @Test
  void copiesGoToAllWhoAreToHaveOne() throws Exception {
    try (RawBackend first = new RawBackend(RawBackend::echoHeads);
        RawBackend second = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(
          Tables.of(
              rule(
                  List.of(
                      new Filter.Mirror(to(first), 1_000_000),
                      new Filter.Mirror(new Rule.Answer(500, "none"), 1_000_000),
                      new Filter.Mirror(to(second), 1_000_000)),
                  List.of())));
      assertThat(send("GET", "/shop/a").statusCode()).isEqualTo(200);
      assertThat(first.heads.poll(10, TimeUnit.SECONDS)).startsWith("GET /shop/a ");
      assertThat(second.heads.poll(10, TimeUnit.SECONDS)).startsWith("GET /shop/a ");
    }
  }

  @Test
  void otherSitesMayAskWhatTheyAreAllowed() throws Exception {
    Filter.Cors cors =
        new Filter.Cors(
            List.of("https://*.example"),
            true,
            List.of("GET", "PUT"),
            List.of("X-A"),
            List.of("X-B"),
            7);
    proxy.show(Tables.of(rule(List.of(cors), List.of())));
    HttpResponse<String> before =
        send(
            "OPTIONS",
            "/shop",
            "Origin",
            "https://a.example",
            "Access-Control-Request-Method",
            "PUT");
    assertThat(before.headers().map())
        .containsEntry("access-control-allow-origin", List.of("https://a.example"))
        .containsEntry("access-control-allow-credentials", List.of("true"))
        .containsEntry("access-control-allow-methods", List.of("GET, PUT"))
        .containsEntry("access-control-allow-headers", List.of("X-A"))
        .containsEntry("access-control-max-age", List.of("7"));
    assertThat(backend.heads).isEmpty();
    HttpResponse<String> asked = send("GET", "/shop", "Origin", "https://a.example");
    assertThat(asked.headers().map())
        .containsEntry("access-control-allow-origin", List.of("https://a.example"))
        .containsEntry("access-control-expose-headers", List.of("X-B"));
    assertThat(send("GET", "/shop", "Origin", "https://a.test").headers().map())
        .doesNotContainKey("access-control-allow-origin");
  }

  @Test
  void anAnswerThatTakesLongerThanItMayIsGivenUp() throws Exception {
    try (RawBackend silent =
        new RawBackend((_, in, _) -> in.transferTo(java.io.OutputStream.nullOutputStream()))) {
      for (boolean ofBackend : new boolean[] {true, false}) {
        Duration time = Duration.ofMillis(50);
        proxy.show(
            Tables.of(
                new Rule(
                    "test",
                    SHOP,
                    List.of(),
                    Rule.Forward.to(to(silent)),
                    ofBackend ? null : time,
                    ofBackend ? time : null)));
        assertThat(send("GET", "/shop").statusCode()).isEqualTo(504);
      }
    }
  }
}
