// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.Rule;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What one client or one backend can take from all others.
@Timeout(60)
class BoundsTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofSeconds(15);
  private static final int OF_ONE = 3;
  private static final int EMPTY_SETTINGS_BYTES = 9;

  private Proxy proxy;
  private int port;

  @BeforeEach
  void open() throws IOException {
    begin(LONG);
  }

  private void begin(Duration request) throws IOException {
    if (proxy != null) {
      proxy.close();
    }
    proxy = new Proxy(new Limits(request, LONG, LONG, LONG, LONG, SHORT, LONG, 100, OF_ONE));
    proxy.show(Tables.of());
    port = proxy.open(Tables.PLAIN, "127.0.0.1", 0);
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(10_000);
    return socket;
  }

  /// The preface and empty settings, and no stream ever.
  @Test
  void aSilentConnectionOfHttp2IsEnded() throws Exception {
    begin(SHORT);
    try (Socket socket = connect()) {
      socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      byte[] settings = new byte[EMPTY_SETTINGS_BYTES];
      settings[3] = 4;
      socket.getOutputStream().write(settings);
      assertThat(socket.getInputStream().readAllBytes())
          .as("settings, their acknowledgement and GOAWAY")
          .isNotEmpty();
    }
  }

  @Test
  void oneClientHasABoundOfItsOwn() throws Exception {
    List<Socket> all = new ArrayList<>();
    try {
      for (int i = 0; i <= OF_ONE; i++) {
        all.add(connect());
      }
      int served = 0;
      for (Socket each : all) {
        served += isServed(each) ? 1 : 0;
      }
      assertThat(served).isEqualTo(OF_ONE);
    } finally {
      for (Socket each : all) {
        each.close();
      }
    }
  }

  private static boolean isServed(Socket socket) throws IOException {
    try {
      RawBackend.say(socket.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return socket.getInputStream().read() == 'H';
    } catch (SocketException reset) {
      return false;
    }
  }

  @Test
  void aRequestThatCostsTooManyExpressionsIsRefusedAndCounted() throws Exception {
    Match costly = Match.of(new Match.Path.Expression(Match.Text.expression("(a{1,600})*/x")));
    Rule.Action answer = new Rule.Answer(200, "it");
    proxy.show(
        Tables.of(Collections.nCopies(100, new Rule("test", costly, answer)).toArray(Rule[]::new)));
    assertThat(status("/" + "a".repeat(1_000))).isEqualTo("HTTP/1.1 503");
    assertThat(proxy.figures().overspent()).isEqualTo(1);
    assertThat(status("/a")).isEqualTo("HTTP/1.1 404");
    assertThat(proxy.figures().overspent()).isEqualTo(1);
  }

  private String status(String path) throws IOException {
    try (Socket socket = connect()) {
      RawBackend.say(socket.getOutputStream(), "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
      return new String(socket.getInputStream().readNBytes("HTTP/1.1 503".length()), US_ASCII);
    }
  }

  @Test
  void allRequestsTogetherHaveABoundAndGiveBackWhatTheyTook() throws Exception {
    Room room = new Room(20_000);
    String head = "GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + "x".repeat(6_000) + "\r\n\r\n";
    try (Proxy small = new Proxy(Limits.USUAL, room);
        RawBackend silent =
            new RawBackend(
                (backend, in, out) -> backend.heads.add(RawBackend.head(in) + in.read()))) {
      small.show(Tables.of(Tables.to("/", silent.port())));
      int at = small.open(Tables.PLAIN, "127.0.0.1", 0);
      try (Socket first = new Socket("127.0.0.1", at);
          Socket second = new Socket("127.0.0.1", at)) {
        RawBackend.say(first.getOutputStream(), head);
        assertThat(silent.connections.poll(10, TimeUnit.SECONDS)).isNotNull();
        second.setSoTimeout(10_000);
        RawBackend.say(second.getOutputStream(), head);
        assertThat(RawBackend.head(second.getInputStream())).startsWith("HTTP/1.1 503 ");
      }
      assertThat(silent.heads.poll(10, TimeUnit.SECONDS)).as("the client went away").endsWith("-1");
      while (room.free() < 20_000) {
        Thread.onSpinWait();
      }
      assertThat(room.free()).isEqualTo(20_000);
    }
  }

  /// Says GOAWAY and keeps the socket: the proxy is to close it.
  @Test
  void aBackendThatSaysGoodbyeKeepsNoConnection() throws Exception {
    CompletableFuture<Integer> end = new CompletableFuture<>();
    RawBackend.Script goodbye =
        (backend, in, out) -> {
          out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
          out.write(new byte[] {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
          out.flush();
          in.readAllBytes();
          end.complete(-1);
        };
    try (RawBackend backend = new RawBackend(goodbye);
        Socket client = connect()) {
      proxy.show(Tables.of(Tables.to("/", Rule.Protocol.H2C, backend.port())));
      RawBackend.say(client.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(end.get(10, TimeUnit.SECONDS)).isEqualTo(-1);
    }
  }

  /// The request itself was answered long ago.
  @Test
  void aCopyThatNobodyAnswersEnds() throws Exception {
    Limits limits = new Limits(LONG, LONG, LONG, LONG, SHORT, LONG, LONG, 100, OF_ONE);
    CompletableFuture<Integer> end = new CompletableFuture<>();
    try (Proxy hasty = new Proxy(limits);
        RawBackend backend = new RawBackend(RawBackend::echoHeads);
        RawBackend copies =
            new RawBackend(
                (it, in, out) -> {
                  RawBackend.head(in);
                  end.complete(in.read());
                })) {
      Rule rule = Tables.to("/", backend.port());
      hasty.show(
          Tables.of(
              new Rule(
                  "test",
                  rule.match(),
                  List.of(new Filter.Mirror(to(copies, Rule.Protocol.HTTP), 1_000_000)),
                  rule.action(),
                  null,
                  null)));
      int at = hasty.open(Tables.PLAIN, "127.0.0.1", 0);
      try (Socket client = new Socket("127.0.0.1", at)) {
        client.setSoTimeout(10_000);
        RawBackend.say(client.getOutputStream(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(RawBackend.head(client.getInputStream())).startsWith("HTTP/1.1 200 ");
        assertThat(end.get(10, TimeUnit.SECONDS)).isEqualTo(-1);
      }
    }
  }

  @Test
  void manyRequestsForABackendOfHttp2MakeOneConnection() throws Exception {
    RawBackend.Script silent = (backend, in, out) -> in.readAllBytes();
    EventLoop loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()).next();
    try (RawBackend backend = new RawBackend(silent)) {
      Upstreams upstreams = new Upstreams(loop, Limits.USUAL, new Headcount());
      CountDownLatch granted = new CountDownLatch(20);
      loop.execute(
          () -> {
            for (int i = 0; i < 20; i++) {
              upstreams.acquire(
                  to(backend, Rule.Protocol.H2C),
                  endpoint(backend),
                  false,
                  counting(granted, granted));
            }
          });
      assertThat(granted.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(backend.connections.poll(10, TimeUnit.SECONDS)).isNotNull();
      assertThat(backend.connections).isEmpty();
    } finally {
      loop.parent().shutdownGracefully(0, 100, TimeUnit.MILLISECONDS);
    }
  }

  @Test
  void anEndpointTakesNoMoreConnectionsThanItsShare() throws Exception {
    RawBackend.Script silent = (backend, in, out) -> in.readAllBytes();
    EventLoop loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()).next();
    try (RawBackend backend = new RawBackend(silent)) {
      Headcount counts = new Headcount();
      Upstreams upstreams = new Upstreams(loop, Limits.USUAL, counts);
      for (int i = 0; i < Limits.TO_ENDPOINT_MAX - 2; i++) {
        counts.enter(endpoint(backend), Limits.TO_ENDPOINT_MAX);
      }
      CountDownLatch granted = new CountDownLatch(2);
      CountDownLatch refused = new CountDownLatch(3);
      loop.execute(
          () -> {
            for (int i = 0; i < 5; i++) {
              upstreams.acquire(
                  to(backend, Rule.Protocol.HTTP),
                  endpoint(backend),
                  true,
                  counting(granted, refused));
            }
          });
      assertThat(granted.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(refused.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(backend.connections).hasSizeLessThanOrEqualTo(2);
    } finally {
      loop.parent().shutdownGracefully(0, 100, TimeUnit.MILLISECONDS);
    }
  }

  private static Rule.Endpoint endpoint(RawBackend backend) {
    return new Rule.Endpoint("127.0.0.1", backend.port());
  }

  private static Rule.Backend to(RawBackend backend, Rule.Protocol protocol) {
    return new Rule.Backend("it", protocol, List.of(endpoint(backend)));
  }

  private static Upstreams.Wish counting(CountDownLatch granted, CountDownLatch refused) {
    return new Upstreams.Wish() {
      @Override
      public void granted(Channel channel, Answers answers) {
        granted.countDown();
      }

      @Override
      public void refused(Throwable why) {
        if (why instanceof Upstreams.FullException) {
          refused.countDown();
        }
      }
    };
  }
}
