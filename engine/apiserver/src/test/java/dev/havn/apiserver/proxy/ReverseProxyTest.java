// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket.Listener;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two doors: all that the first is asked it passes on to the second.
@Timeout(60)
class ReverseProxyTest {
  private static final int LARGE_BYTES = 48 << 20;

  @TempDir private Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ReverseProxy proxy = new ReverseProxy(threads);
  private final AtomicLong received = new AtomicLong();
  private final CompletableFuture<Void> readOn = new CompletableFuture<>();
  private HttpsDoor front;
  private HttpsDoor back;
  private SslContext trusting;
  private SSLContext tls;

  @BeforeEach
  void open() throws Exception {
    SecureRandom random = new SecureRandom();
    Authority authority = Authority.open(folder, InstantSource.system(), random);
    Authority.Identity server = authority.server(List.of("localhost"), List.of("127.0.0.1"));
    HttpsDoor.Identity identity =
        new HttpsDoor.Identity(
            server.keys().getPrivate(), List.of(server.certificate()), List.of());
    HttpsDoor.Surroundings surroundings =
        new HttpsDoor.Surroundings(threads, new Random(1), DoorLimits.standard());
    TrustManager[] anybody = InsecureTrustManagerFactory.INSTANCE.getTrustManagers();
    trusting =
        SslContextBuilder.forClient()
            .trustManager(anybody[0])
            .endpointIdentificationAlgorithm(null)
            .build();
    back = HttpsDoor.open("127.0.0.1", 0, identity, this::answer, surroundings);
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", back.port());
    front =
        HttpsDoor.open(
            "127.0.0.1",
            0,
            identity,
            (request, response) ->
                proxy.pass(
                    request,
                    new Destination(
                        address,
                        "back",
                        "back",
                        trusting,
                        request.target(),
                        request.headers(),
                        true),
                    response),
            surroundings);
    tls = SSLContext.getInstance("TLS");
    tls.init(null, anybody, random);
  }

  @AfterEach
  void close() {
    front.close();
    back.close();
    proxy.close();
    threads.shutdownNow();
  }

  private void answer(Request request, Response response) {
    switch (request.path()) {
      case "/count" -> response.send(200, new Headers(), List.of(bytes("" + count(request))));
      case "/stall" -> {
        readOn.join();
        response.send(200, new Headers(), List.of(bytes("" + count(request))));
      }
      case "/large" -> response.send(200, new Headers(), List.of(ByteBuffer.allocate(LARGE_BYTES)));
      case "/broken" -> {
        BodyStream stream = response.stream(200, new Headers());
        stream.write(List.of(bytes("half")));
        stream.abort();
      }
      case "/endless" -> {
        BodyStream stream = response.stream(200, new Headers());
        stream.write(List.of(bytes("half")));
        readOn.join();
        stream.close();
      }
      case "/upgrade" -> {
        try (ByteDuplex duplex = response.acceptUpgrade("ECHO/1", new Headers())) {
          duplex.in().transferTo(duplex.out());
        } catch (IOException ended) {
          // The client has gone.
        }
      }
      case "/socket" -> {
        dev.havn.apiserver.http.WebSocket socket = response.acceptWebSocket("");
        socket.listen(
            new Listener() {
              @Override
              public void onMessage(ByteBuffer message, boolean text) {
                socket.send(message, text);
              }

              @Override
              public void onClose() {}
            });
      }
      default ->
          response.send(
              404, new Headers().set("x-path", request.target()), List.of(bytes("nothing here")));
    }
  }

  private long count(Request request) {
    try (InputStream body = request.bodyStream()) {
      byte[] chunk = new byte[8_192];
      for (int read = body.read(chunk); read >= 0; read = body.read(chunk)) {
        received.addAndGet(read);
      }
      return received.get();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder().sslContext(tls).version(version).build();
  }

  private URI uri(String scheme, String path) {
    return URI.create(scheme + "://localhost:" + front.port() + path);
  }

  private HttpResponse<byte[]> send(HttpClient.Version version, HttpRequest.Builder request)
      throws Exception {
    try (HttpClient client = client(version)) {
      return client.send(request.build(), BodyHandlers.ofByteArray());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLongBodyArrivesWhole(HttpClient.Version version) throws Exception {
    HttpResponse<byte[]> answer =
        send(
            version,
            HttpRequest.newBuilder(uri("https", "/count"))
                .POST(BodyPublishers.ofByteArray(new byte[LARGE_BYTES])));
    assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("" + LARGE_BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void aBodyThatNobodyReadsIsNotTakenFromItsSender(HttpClient.Version version) throws Exception {
    AtomicLong given = new AtomicLong();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri("https", "/stall"))
            .POST(BodyPublishers.ofInputStream(() -> new Zeros(given)));
    try (HttpClient client = client(version)) {
      CompletableFuture<HttpResponse<byte[]>> answer =
          client.sendAsync(request.build(), BodyHandlers.ofByteArray());
      long before = -1;
      while (given.get() == 0 || given.get() != before) {
        before = given.get();
        java.util.concurrent.locks.LockSupport.parkNanos(200_000_000);
      }
      assertThat(given.get()).isLessThan(LARGE_BYTES / 2);
      readOn.complete(null);
      assertThat(new String(answer.get().body(), StandardCharsets.UTF_8))
          .isEqualTo("" + LARGE_BYTES);
    }
  }

  /// Counts what was taken of it.
  private static final class Zeros extends InputStream {
    private final AtomicLong given;

    Zeros(AtomicLong given) {
      this.given = given;
    }

    @Override
    public int read() {
      return given.getAndIncrement() < LARGE_BYTES ? 0 : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      int part = (int) Math.min(length, LARGE_BYTES - given.get());
      given.addAndGet(part);
      return part == 0 ? -1 : part;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLongAnswerArrivesWhole(HttpClient.Version version) throws Exception {
    HttpResponse<byte[]> answer = send(version, HttpRequest.newBuilder(uri("https", "/large")));
    assertThat(answer.body()).hasSize(LARGE_BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void anAnswerThatBreaksOffIsNotTakenForAWholeOne(HttpClient.Version version) {
    assertThatThrownBy(() -> send(version, HttpRequest.newBuilder(uri("https", "/broken"))))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aRefusalIsPassedOnWithItsHeaders() throws Exception {
    HttpResponse<byte[]> answer =
        send(HttpClient.Version.HTTP_2, HttpRequest.newBuilder(uri("https", "/a%20b%2Fc?x=%26")));
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.headers().firstValue("x-path")).contains("/a%20b%2Fc?x=%26");
    assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("nothing here");
  }

  @Test
  void aWebSocketIsPassedThrough() throws Exception {
    CompletableFuture<String> heard = new CompletableFuture<>();
    try (HttpClient client = client(HttpClient.Version.HTTP_1_1)) {
      WebSocket socket =
          client
              .newWebSocketBuilder()
              .buildAsync(
                  uri("wss", "/socket"),
                  new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(
                        WebSocket from, CharSequence data, boolean last) {
                      heard.complete(data.toString());
                      return null;
                    }
                  })
              .get();
      socket.sendText("hello", true).get();
      assertThat(heard.get()).isEqualTo("hello");
      socket.abort();
    }
  }

  @Test
  void aServerThatIsNotThereIsNamed() {
    InetSocketAddress nobody = new InetSocketAddress("127.0.0.1", 1);
    Destination to = new Destination(nobody, "nobody", "nobody", null, "/", new Headers(), true);
    assertThatThrownBy(() -> proxy.get(to, 100, Duration.ofSeconds(5)))
        .isInstanceOf(ProxyException.class)
        .hasMessage("dial tcp 127.0.0.1:1: connect: connection refused");
  }

  private ReverseProxy.Answer get(String path, int bytesMax, Duration within) {
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", back.port());
    return proxy.get(
        new Destination(address, "back", "back", trusting, path, new Headers(), false),
        bytesMax,
        within);
  }

  @Test
  void ofWhatIsAskedForItselfOnlySoMuchIsTakenAndOnlyForSoLong() {
    assertThat(get("/count", 1, Duration.ofSeconds(30)).body()).asString().isEqualTo("0");
    assertThatThrownBy(() -> get("/large", 1_000, Duration.ofSeconds(30)))
        .isInstanceOf(ProxyException.class)
        .hasMessage("the answer is longer than 1000 bytes");
    assertThatThrownBy(() -> get("/endless", 1_000, Duration.ofSeconds(1)))
        .isInstanceOf(ProxyException.class)
        .hasMessage("context deadline exceeded");
    readOn.complete(null);
  }
}
