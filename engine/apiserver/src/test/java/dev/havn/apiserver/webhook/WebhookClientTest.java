// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import dev.havn.apiserver.webhook.WebhookTarget.Location;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The client against a real HTTPS server on this machine.
class WebhookClientTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir private Path folder;
  private WebhookServer server;
  private final Connections connections = new Connections();
  private WebhookClient client;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    server =
        new WebhookServer(
            folder.resolve("a"), List.of("hook.shop.svc", "localhost"), List.of("127.0.0.1"));
    client =
        new WebhookClient(
            (namespace, name, port) -> {
              if (!name.equals("hook")) {
                throw new UnreachableException("service \"" + name + "\" not found");
              }
              return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
            },
            connections,
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z")));
  }

  @AfterEach
  void stop() {
    connections.close();
    server.close();
  }

  private static ObjectNode question() {
    return JsonNodeFactory.instance.objectNode().put("what", "äöü");
  }

  private WebhookTarget url(String url) {
    return new WebhookTarget(new Location.Url(URI.create(url)), server.authority());
  }

  private WebhookTarget service(String name, String path) {
    return new WebhookTarget(new Location.Service("shop", name, 443, path), server.authority());
  }

  private String failure(WebhookTarget target, Duration timeout) {
    return String.valueOf(
        catchThrowableOfType(WebhookException.class, () -> client.call(target, question(), timeout))
            .getMessage());
  }

  @Test
  void anObjectGoesThereAndAnotherComesBack() {
    server.on("/ask", Reply.json("{\"kind\":\"Answer\"}"));
    ObjectNode answer = client.call(url(server.url("/ask")), question(), Duration.ofMillis(2_100));
    assertThat(answer).isEqualTo(question().objectNode().put("kind", "Answer"));
    assertThat(server.asked().getFirst().body()).isEqualTo(question());
    assertThat(server.asked().getFirst().query()).isEqualTo("timeout=3s");
  }

  @Test
  void aServiceIsAskedUnderItsName() {
    server.on("/ask", Reply.json("{}"));
    client.call(service("hook", "/ask"), question(), PATIENCE);
    assertThat(server.asked().getFirst().host()).isEqualTo("hook.shop.svc:443");
  }

  @Test
  void aServiceThatIsNotThereIsNamed() {
    assertThat(failure(service("none", ""), PATIENCE))
        .isEqualTo("Post \"https://none.shop.svc:443/?timeout=10s\": service \"none\" not found");
  }

  @Test
  void aConnectionIsUsedAgain() {
    server.on("/ask", Reply.json("{}"));
    for (int i = 0; i < 3; i++) {
      client.call(url(server.url("/ask")), question(), PATIENCE);
    }
    assertThat(server.asked())
        .extracting(WebhookServer.Asked::from)
        .containsOnly(server.asked().getFirst().from());
  }

  @Test
  void aKeptConnectionThatTheServerHasClosedIsNoFailure()
      throws IOException, GeneralSecurityException {
    server.on("/ask", Reply.json("{}"));
    client.call(service("hook", "/ask"), question(), PATIENCE);
    server.close();
    server = new WebhookServer(folder.resolve("a"), List.of("hook.shop.svc"), List.of());
    server.on("/ask", Reply.json("{}"));
    client.call(service("hook", "/ask"), question(), PATIENCE);
    assertThat(server.asked()).hasSize(1);
  }

  @Test
  void anotherAuthorityIsNotTrusted() throws IOException, GeneralSecurityException {
    try (WebhookServer other =
        new WebhookServer(folder.resolve("b"), List.of("localhost"), List.of("127.0.0.1"))) {
      assertThat(failure(url(other.url("/")), PATIENCE))
          .endsWith(
              "tls: failed to verify certificate: x509: certificate signed by unknown authority");
    }
  }

  @Test
  void anotherNameIsNotTrusted() {
    WebhookTarget other =
        new WebhookTarget(new Location.Service("other", "hook", 443, ""), server.authority());
    assertThat(failure(other, PATIENCE))
        .endsWith(
            "tls: failed to verify certificate: x509: certificate is valid for hook.shop.svc, localhost, not hook.other.svc");
  }

  @Test
  void brokenAuthoritiesAreSaid() {
    WebhookTarget broken = new WebhookTarget(url(server.url("/")).location(), "no certificate");
    assertThat(failure(broken, PATIENCE)).contains("unable to load root certificates");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          500 | boom  | an error on the server ("boom") has prevented the request from succeeding
          404 | none  | the server could not find the requested resource
          302 | there | the server responded with the status code 302 but did not return more information
          503 | later | the server is currently unable to handle the request
          403 | go    | go
          """)
  void aStatusThatIsNoSuccessIsWorded(int code, String text, String words) {
    server.on("/ask", new Reply(code, "text/plain", text));
    assertThat(failure(url(server.url("/ask")), PATIENCE)).isEqualTo(words);
  }

  @Test
  void aStatusObjectSpeaksForItself() {
    server.on(
        "/ask",
        new Reply(
            500,
            "application/json",
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"full\"}"));
    assertThat(failure(url(server.url("/ask")), PATIENCE)).isEqualTo("full");
  }

  @Test
  void whatIsNoObjectIsRefused() {
    server.on("/text", new Reply(200, "text/plain", "hello"));
    server.on("/list", Reply.json("[]"));
    server.on("/nothing", Reply.json(""));
    assertThat(failure(url(server.url("/text")), PATIENCE))
        .startsWith(
            "couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value");
    assertThat(failure(url(server.url("/list")), PATIENCE)).contains("cannot unmarshal array");
    assertThat(failure(url(server.url("/nothing")), PATIENCE))
        .isEqualTo("0-length response with status code: 200 and content type: application/json");
  }

  @Test
  void anAnswerThatIsTooLargeIsRefused() {
    server.on("/ask", Reply.json("\"" + "x".repeat(17 << 20) + "\""));
    assertThat(failure(url(server.url("/ask")), PATIENCE)).endsWith("the answer is too large");
  }

  @Test
  void whoDoesNotAnswerInTimeIsGivenUp() {
    CountDownLatch over = new CountDownLatch(1);
    server.on(
        "/ask",
        _ -> {
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return Reply.json("{}");
        });
    assertThat(failure(url(server.url("/ask")), Duration.ofMillis(200)))
        .endsWith("?timeout=1s\": context deadline exceeded");
    over.countDown();
  }

  @Test
  void aPortWhereNobodyListensIsSaid() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    assertThat(failure(url("https://127.0.0.1:" + port + "/ask"), PATIENCE))
        .isEqualTo(
            "Post \"https://127.0.0.1:%1$d/ask?timeout=10s\": dial tcp 127.0.0.1:%1$d: connect: connection refused"
                .formatted(port));
  }

  @Test
  void aServerWithoutTlsIsSaid() throws IOException {
    try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread answering = Thread.ofVirtual().start(() -> answerInTheClear(plain));
      assertThat(failure(url("https://127.0.0.1:" + plain.getLocalPort() + "/"), PATIENCE))
          .endsWith("http: server gave HTTP response to HTTPS client");
      answering.interrupt();
    }
  }

  private static void answerInTheClear(ServerSocket plain) {
    try (Socket socket = plain.accept()) {
      socket
          .getOutputStream()
          .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
