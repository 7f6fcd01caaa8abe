// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.Rule;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Real clients through a proxy on the loopback to real backends.
@Timeout(60)
class ProxyTest {
  private static final Limits SHORT =
      new Limits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(1),
          Duration.ofMillis(300),
          Duration.ofMillis(300),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          100,
          50);

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private Proxy proxy;
  private int port;

  @BeforeEach
  void open() throws IOException {
    begin(Limits.USUAL);
  }

  private void begin(Limits limits) throws IOException {
    if (proxy != null) {
      proxy.close();
    }
    proxy = new Proxy(limits);
    proxy.show(Tables.of());
    port = proxy.open(Tables.PLAIN, "127.0.0.1", 0);
  }

  @AfterEach
  void close() {
    client.close();
    proxy.close();
  }

  private URI at(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  private HttpResponse<String> get(String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(at(path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /// Sends bytes as they are and reads until the proxy closes.
  private String raw(String text) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(10_000);
      RawBackend.say(socket.getOutputStream(), text);
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  @Test
  void tellsTheBackendWhoAsksAndKeepsWhatIsForItselfOnly() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      String seen =
          get("/a?b=c", "X-Forwarded-For", "6.6.6.6", "Forwarded", "for=6.6.6.6", "X-Kept", "yes")
              .body()
              .toLowerCase();
      assertThat(seen)
          .startsWith("get /a?b=c http/1.1")
          .contains("x-forwarded-for: 127.0.0.1\r\n")
          .contains("x-forwarded-proto: http\r\n")
          .contains("x-forwarded-host: 127.0.0.1:" + port + "\r\n")
          .contains("x-forwarded-port: " + port + "\r\n")
          .contains("x-kept: yes")
          .doesNotContain("6.6.6.6");
      String hops =
          raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\n"
                  + "Keep-Alive: 5\r\nTE: gzip\r\nProxy-Authorization: x\r\n\r\n")
              .toLowerCase();
      assertThat(hops)
          .contains("host: a\r\n")
          .doesNotContain("x-secret")
          .doesNotContain("keep-alive: 5")
          .doesNotContain("\nte:")
          .doesNotContain("proxy-authorization");
    }
  }

  @Test
  void aClosedDoorRefusesAtOnceAndItsPortIsFree() throws IOException {
    for (int round = 0; round < 200; round++) {
      proxy.close(Tables.PLAIN);
      try (Socket socket = new Socket()) {
        assertThatThrownBy(() -> socket.connect(new InetSocketAddress("127.0.0.1", port)))
            .isInstanceOf(ConnectException.class);
      }
      assertThat(proxy.open(Tables.PLAIN, "127.0.0.1", port)).isEqualTo(port);
    }
  }

  @Test
  void oneConnectionToABackendCarriesRequestAfterRequest() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      for (int i = 0; i < 5; i++) {
        assertThat(get("/" + i).statusCode()).isEqualTo(200);
      }
      assertThat(backend.connections).hasSize(1);
    }
  }

  @Test
  void aConnectionThatTheBackendClosedIsNoFault() throws Exception {
    RawBackend.Script once =
        (backend, in, out) -> {
          RawBackend.head(in);
          RawBackend.say(out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        };
    try (RawBackend backend = new RawBackend(once)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      for (int i = 0; i < 20; i++) {
        assertThat(get("/").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void requestsThatComeAtOnceAreAnsweredInTheirOrder() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      String all =
          raw(
              "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                  + "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assertThat(all.indexOf("GET /1")).isPositive().isLessThan(all.indexOf("GET /2"));
      assertThat(all.indexOf("GET /2")).isLessThan(all.indexOf("GET /3"));
    }
  }

  @Test
  void bodiesOfAnyLengthGoBothWays() throws Exception {
    byte[] body = new byte[5 << 20];
    Arrays.fill(body, (byte) 'x');
    var server =
        com.sun.net.httpserver.HttpServer.create(new java.net.InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          try (var out = exchange.getResponseBody()) {
            exchange.getRequestBody().transferTo(out);
          }
        });
    server.start();
    try {
      proxy.show(Tables.of(Tables.to("/", server.getAddress().getPort())));
      HttpResponse<byte[]> known =
          client.send(
              HttpRequest.newBuilder(at("/")).POST(BodyPublishers.ofByteArray(body)).build(),
              BodyHandlers.ofByteArray());
      assertThat(known.body()).isEqualTo(body);
      HttpResponse<byte[]> pieces =
          client.send(
              HttpRequest.newBuilder(at("/"))
                  .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body)))
                  .build(),
              BodyHandlers.ofByteArray());
      assertThat(pieces.body()).isEqualTo(body);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aClientThatReadsNothingHoldsTheBackendUp() throws Exception {
    CompletableFuture<Long> written = new CompletableFuture<>();
    long whole = 64L << 20;
    RawBackend.Script flood =
        (backend, in, out) -> {
          RawBackend.head(in);
          RawBackend.say(out, "HTTP/1.1 200 OK\r\nContent-Length: " + whole + "\r\n\r\n");
          byte[] piece = new byte[64 << 10];
          long sent = 0;
          try {
            for (; sent < whole; sent += piece.length) {
              out.write(piece);
            }
          } finally {
            written.complete(sent);
          }
        };
    try (RawBackend backend = new RawBackend(flood);
        Socket lazy = new Socket("127.0.0.1", port)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      RawBackend.say(lazy.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(lazy.getInputStream().read()).isEqualTo('H');
      assertThat(written)
          .as("all of it was taken from the backend though nobody reads")
          .failsWithin(Duration.ofSeconds(1));
      lazy.shutdownInput();
      lazy.shutdownOutput();
      assertThat(written.get(10, TimeUnit.SECONDS))
          .as("the backend was not told that the client is gone")
          .isLessThan(whole);
    }
  }

  @Test
  void whenTheClientGoesAwayTheBackendIsTold() throws Exception {
    CompletableFuture<Integer> end = new CompletableFuture<>();
    RawBackend.Script silent =
        (backend, in, out) -> {
          backend.heads.add(RawBackend.head(in));
          end.complete(in.read());
        };
    try (RawBackend backend = new RawBackend(silent)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      try (Socket hasty = new Socket("127.0.0.1", port)) {
        RawBackend.say(hasty.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(backend.heads.poll(10, TimeUnit.SECONDS)).isNotNull();
      }
      assertThat(end.get(10, TimeUnit.SECONDS)).isEqualTo(-1);
    }
  }

  @Test
  void saysWhyThereIsNoAnswer() throws Exception {
    try (RawBackend silent = new RawBackend((backend, in, out) -> in.readAllBytes());
        RawBackend babbling =
            new RawBackend((backend, in, out) -> RawBackend.say(out, "220 smtp ready\r\n\r\n"));
        RawBackend leaving = new RawBackend((backend, in, out) -> RawBackend.head(in))) {
      int nobody;
      try (var taken = new java.net.ServerSocket(0)) {
        nobody = taken.getLocalPort();
      }
      proxy.show(
          Tables.of(
              Tables.to("/empty"),
              Tables.to("/closed", nobody),
              Tables.to("/babbling", babbling.port()),
              Tables.to("/leaving", leaving.port())));
      said(get("/empty"), 503, "has no endpoint that is ready");
      said(get("/closed"), 502, "takes no connection at 127.0.0.1:" + nobody);
      said(get("/babbling"), 502, "answers what is not HTTP");
      said(get("/leaving"), 502, "closed the connection before the end of its answer");
      said(get("/other"), 404, "no rule is for this path");
      begin(SHORT);
      proxy.show(Tables.of(Tables.to("/silent", silent.port())));
      said(get("/silent"), 504, "has been silent for too long");
    }
  }

  private static void said(HttpResponse<String> response, int status, String words) {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body()).contains(words);
  }

  @Test
  void anotherEndpointIsTriedWhenOneTakesNoConnection() throws Exception {
    int nobody;
    try (var taken = new java.net.ServerSocket(0)) {
      nobody = taken.getLocalPort();
    }
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", nobody, backend.port())));
      for (int i = 0; i < 6; i++) {
        assertThat(get("/").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void whatTwoServersMayReadDifferentlyIsRefused() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      for (String bad :
          List.of(
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd",
              "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
              "GET / HTTP/1.1\r\n\r\n",
              "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
              "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a%2f..%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a/..;/b HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
              "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n",
              "NONSENSE\r\n\r\n")) {
        assertThat(raw(bad)).as(bad).startsWith("HTTP/1.1 400 ");
      }
      assertThat(raw("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"))
          .startsWith("HTTP/1.1 501 ");
      assertThat(raw("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n")).startsWith("HTTP/1.1 405 ");
      assertThat(backend.heads).isEmpty();
    }
  }

  @Test
  void badPiecesEndTheRequestAndTheConnection() throws Exception {
    try (RawBackend backend =
        new RawBackend(
            (self, in, out) -> self.heads.add(new String(in.readAllBytes(), ISO_8859_1)))) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      String answer =
          raw("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n");
      assertThat(answer).startsWith("HTTP/1.1 400 ");
      assertThat(backend.heads.poll(10, TimeUnit.SECONDS)).doesNotContain("abc");
    }
  }

  @Test
  void headersHaveABound() throws Exception {
    proxy.show(Tables.of(Tables.to("/", 1)));
    String long64 = "x".repeat(70_000);
    assertThat(raw("GET / HTTP/1.1\r\nHost: a\r\nX: " + long64 + "\r\n\r\n"))
        .startsWith("HTTP/1.1 431 ");
    assertThat(raw("GET /" + long64 + " HTTP/1.1\r\nHost: a\r\n\r\n")).startsWith("HTTP/1.1 414 ");
  }

  @Test
  void answersThatEndWithTheConnectionAndOldClientsAreUnderstood() throws Exception {
    RawBackend.Script closing =
        (backend, in, out) -> {
          RawBackend.head(in);
          RawBackend.say(out, "HTTP/1.0 200 OK\r\n\r\nall of it");
        };
    RawBackend.Script pieces =
        (backend, in, out) -> {
          RawBackend.head(in);
          RawBackend.say(
              out,
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n6\r\n of it\r\n0\r\n\r\n");
        };
    try (RawBackend first = new RawBackend(closing);
        RawBackend second = new RawBackend(pieces)) {
      proxy.show(Tables.of(Tables.to("/old", first.port()), Tables.to("/", second.port())));
      assertThat(get("/old").body()).isEqualTo("all of it");
      assertThat(get("/new").body()).isEqualTo("all of it");
      assertThat(raw("GET /new HTTP/1.0\r\n\r\n")).endsWith("\r\n\r\nall of it");
    }
  }

  @Test
  void aWebSocketPassesAndEndsOnBothSides() throws Exception {
    try (RawBackend backend = new RawBackend(WebSocketEcho::serve)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      CompletableFuture<String> heard = new CompletableFuture<>();
      WebSocket socket =
          client
              .newWebSocketBuilder()
              .buildAsync(
                  URI.create("ws://127.0.0.1:" + port + "/chat"),
                  new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(
                        WebSocket from, CharSequence data, boolean last) {
                      heard.complete(data.toString());
                      return null;
                    }
                  })
              .get(10, TimeUnit.SECONDS);
      socket.sendText("hello there", true).get(10, TimeUnit.SECONDS);
      assertThat(heard.get(10, TimeUnit.SECONDS)).isEqualTo("welcome");
      assertThat(backend.heads.poll(10, TimeUnit.SECONDS)).contains("GET /chat");
      assertThat(backend.heads.poll(10, TimeUnit.SECONDS)).isEqualTo("hello there");
      socket.abort();
      assertThat(backend.heads.poll(10, TimeUnit.SECONDS)).isEqualTo("end");
    }
  }

  @Test
  void sharesAreKeptAsTheyAreSet() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      Rule.Forward forward =
          new Rule.Forward(
              List.of(
                  new Rule.Weighted(
                      9,
                      new Rule.Backend(
                          "a",
                          Rule.Protocol.HTTP,
                          List.of(new Rule.Endpoint("127.0.0.1", backend.port()))),
                      List.of()),
                  new Rule.Weighted(1, new Rule.Answer(500, "none"), List.of()),
                  new Rule.Weighted(0, new Rule.Answer(418, "never"), List.of())));
      proxy.show(Tables.of(new Rule("test", Match.of(new Match.Path.Prefix("/")), forward)));
      Map<Integer, Integer> counts = new java.util.TreeMap<>();
      for (int i = 0; i < 100; i++) {
        counts.merge(get("/").statusCode(), 1, Integer::sum);
      }
      assertThat(counts.keySet()).containsExactlyInAnyOrder(200, 500);
      assertThat(counts.get(500)).isBetween(5, 15);
    }
  }

  @Test
  void theNextRequestSeesTheTableThatWasShownLast() throws Exception {
    proxy.show(
        Tables.of(
            new Rule("test", Match.of(new Match.Path.Prefix("/")), new Rule.Answer(410, "gone"))));
    try (Socket socket = new Socket("127.0.0.1", port)) {
      InputStream in = socket.getInputStream();
      RawBackend.say(socket.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(RawBackend.head(in)).startsWith("HTTP/1.1 410 ");
      in.readNBytes("410 Gone: gone\n".length());
      proxy.show(
          Tables.of(
              new Rule("test", Match.of(new Match.Path.Prefix("/")), new Rule.Answer(403, "no"))));
      RawBackend.say(socket.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(RawBackend.head(in)).startsWith("HTTP/1.1 403 ");
    }
  }

  /// Backends make links of it.
  @Test
  void aHostIsANameAndAPortAndNothingElse() throws Exception {
    try (RawBackend backend = new RawBackend(RawBackend::echoHeads)) {
      proxy.show(Tables.of(Tables.to("/", backend.port())));
      for (String bad :
          List.of("a:@evil", "a:", "a:x", "a:99999", "[::1]x", "[::1", "[", "a]", ":80", "u@a")) {
        assertThat(raw("GET / HTTP/1.1\r\nConnection: close\r\nHost: " + bad + "\r\n\r\n"))
            .as(bad)
            .startsWith("HTTP/1.1 400 ");
      }
      for (String good : List.of("a", "a:8080", "[::1]", "[::1]:80", "A.example.")) {
        assertThat(raw("GET / HTTP/1.1\r\nConnection: close\r\nHost: " + good + "\r\n\r\n"))
            .as(good)
            .startsWith("HTTP/1.1 200 ");
      }
      assertThat(raw("GET http://u@a/ HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n"))
          .startsWith("HTTP/1.1 400 ");
    }
  }

  /// A backend may be this door.
  @Test
  void noRequestGoesRoundInACircle() throws Exception {
    proxy.show(Tables.of(Tables.to("/", port)));
    assertThat(get("/").statusCode()).isEqualTo(508);
  }
}
