// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.certificates.Authority;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a door takes from strangers, and what it takes from everybody. The handler answers `POST
/// /read` with the length of the body, `/refuse` without reading it, `/watch` never.
///
/// Longer than the rule because one door, with its handlers and clients, serves all these tests.
@Timeout(60)
class HttpsDoorTest {
  private static final int BODY_BYTES_MAX = 1 << 20;
  private static final int LARGE_BYTES = 32 << 20;

  /// What a client takes of a stream without reading it, and what may be on its way.
  private static final int CLIENT_TAKES_BYTES = 20 << 20;

  /// Short for bodies and between requests, and long enough for a handshake on a busy machine.
  private static final DoorLimits LIMITS = limits(Duration.ofMillis(500), Duration.ofSeconds(10));

  private static DoorLimits limits(Duration body, Duration handshake) {
    return new DoorLimits(8, 8, 2 << 20, body, handshake, Duration.ofSeconds(1));
  }

  @TempDir Path folder;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<String> peers = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<String> ended = new ConcurrentLinkedQueue<>();

  /// How many pieces a flood had written each time it paused.
  private final BlockingQueue<Integer> pauses = new LinkedBlockingQueue<>();

  private final CountDownLatch held = new CountDownLatch(1);
  private final CountDownLatch answered = new CountDownLatch(32);
  private HttpsDoor door;
  private SSLContext tls;

  private void open(DoorLimits limits) throws Exception {
    SecureRandom random = new SecureRandom();
    Authority authority = Authority.open(folder, InstantSource.system(), random);
    Authority.Identity server = authority.server(List.of("localhost"), List.of("127.0.0.1"));
    door =
        HttpsDoor.open(
            "127.0.0.1",
            0,
            new HttpsDoor.Identity(
                server.keys().getPrivate(), List.of(server.certificate()), List.of()),
            this::handle,
            new HttpsDoor.Surroundings(threads, new Random(1), limits));
    tls = SSLContext.getInstance("TLS");
    tls.init(
        null,
        new TrustManager[] {new PresentedCertificates(List.of(authority.certificate()))},
        random);
  }

  /// Writes much, as long as the stream takes it.
  private final class Flood {
    private static final int PIECES = 1_024;
    private static final int PIECE_BYTES = 64 << 10;

    private final BodyStream stream;
    private int written;

    Flood(BodyStream stream) {
      this.stream = stream;
    }

    void goOn() {
      while (written < PIECES && stream.writable()) {
        stream.write(List.of(ByteBuffer.allocate(PIECE_BYTES)));
        written++;
      }
      pauses.add(written);
      if (written < PIECES) {
        stream.onWritable(() -> threads.execute(this::goOn));
      } else {
        stream.close();
      }
    }
  }

  private void awaitHeld() {
    try {
      held.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void handle(Request request, Response response) {
    peers.add(request.remoteAddress());
    if (request.path().equals("/flood")) {
      new Flood(response.stream(200, new Headers())).goOn();
      return;
    }
    if (request.path().equals("/held")) {
      ended.add("/held");
      awaitHeld();
      response.send(200, new Headers(), List.of(bytes("/held")));
      answered.countDown();
      return;
    }
    String answer = request.path();
    int status = 200;
    try {
      if (request.path().equals("/watch")) {
        BodyStream stream = response.stream(200, new Headers());
        stream.onClose(() -> ended.add(request.path()));
        stream.write(List.of(bytes("begun")));
        return;
      }
      if (request.path().equals("/large")) {
        response.send(200, new Headers(), List.of(ByteBuffer.allocate(LARGE_BYTES)));
        return;
      }
      if (request.path().startsWith("/read")) {
        answer = "read " + request.body(BODY_BYTES_MAX).length;
      }
    } catch (BodyTooLargeException e) {
      status = 413;
    } catch (BodyRefusedException e) {
      status = 429;
      answer = e.why() == BodyRefusedException.Why.BROKEN ? e.getMessage() : e.why().name();
      ended.add(answer);
    }
    response.send(status, new Headers(), List.of(bytes(answer)));
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  @AfterEach
  void close() {
    door.close();
    threads.shutdownNow();
  }

  private Socket connect() throws IOException {
    return tls.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), door.port());
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private static String readUntil(Socket socket, String end) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder text = new StringBuilder();
    while (text.indexOf(end) < 0) {
      int each = in.read();
      if (each < 0) {
        return text + "<end>";
      }
      text.append((char) each);
    }
    return text.toString();
  }

  private HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder().sslContext(tls).version(version).build();
  }

  private CompletableFuture<HttpResponse<String>> post(
      HttpClient client, String path, byte[] body) {
    URI uri = URI.create("https://127.0.0.1:" + door.port() + path);
    return client.sendAsync(
        HttpRequest.newBuilder(uri).POST(BodyPublishers.ofByteArray(body)).build(),
        BodyHandlers.ofString());
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void bodiesAreReadWhole(HttpClient.Version version) throws Exception {
    open(DoorLimits.standard());
    HttpClient client = client(version);
    for (int length : List.of(0, 1, 70_000, BODY_BYTES_MAX)) {
      assertThat(post(client, "/read", new byte[length]).get().body()).isEqualTo("read " + length);
    }
    assertThat(post(client, "/read", new byte[BODY_BYTES_MAX + 1]).get().statusCode())
        .isEqualTo(413);
    assertThat(post(client, "/read", new byte[5]).get().body()).isEqualTo("read 5");
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void manyAtOnceOnOneClient(HttpClient.Version version) throws Exception {
    open(DoorLimits.standard());
    HttpClient client = client(version);
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      answers.add(post(client, "/read", new byte[i * 1_000]));
    }
    for (int i = 0; i < 60; i++) {
      assertThat(answers.get(i).get().body()).isEqualTo("read " + i * 1_000);
    }
  }

  @Test
  void whoeverIsRefusedFillsNoMemory() throws Exception {
    open(DoorLimits.standard());
    try (Socket socket = connect()) {
      write(socket, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nxxx");
      assertThat(readUntil(socket, "/refuse")).startsWith("HTTP/1.1 200");
      write(socket, "x".repeat(3_000_000 - 3));
      write(socket, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(readUntil(socket, "/next")).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aClientThatAsksBeforeItSendsIsToldToSendWhenItsBodyIsWanted() throws Exception {
    open(DoorLimits.standard());
    String expect = " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    try (Socket socket = connect()) {
      write(socket, "POST /read" + expect);
      assertThat(readUntil(socket, "\r\n\r\n")).startsWith("HTTP/1.1 100");
      write(socket, "abc");
      assertThat(readUntil(socket, "read 3")).startsWith("HTTP/1.1 200");
    }
    try (Socket socket = connect()) {
      write(socket, "POST /refuse" + expect);
      assertThat(readUntil(socket, "/refuse")).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void allBodiesTogetherAreBounded() throws Exception {
    Duration ample = Duration.ofMinutes(1);
    open(new DoorLimits(8, 8, 2 << 20, ample, ample, ample));
    List<Socket> open = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Socket socket = connect();
      open.add(socket);
      write(socket, "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
      write(socket, "x".repeat(500_000));
    }
    // Four times half a megabyte find room; whoever has none is told so.
    awaitEnded(2);
    assertThat(ended).containsOnly("NO_ROOM");
    for (Socket socket : open) {
      socket.close();
    }
    awaitEnded(6);
    HttpClient client = client(HttpClient.Version.HTTP_2);
    assertThat(post(client, "/read", new byte[BODY_BYTES_MAX]).get().statusCode()).isEqualTo(200);
  }

  private void awaitEnded(int count) throws InterruptedException {
    while (ended.size() < count) {
      Thread.sleep(5);
    }
  }

  @Test
  void aBodyThatTricklesIsGivenUp() throws Exception {
    open(LIMITS);
    try (Socket socket = connect()) {
      write(socket, "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
      assertThat(readUntil(socket, "TOO_SLOW")).startsWith("HTTP/1.1 429");
    }
  }

  @Test
  void connectionsThatAskNothingAreClosed() throws Exception {
    open(limits(Duration.ofMillis(500), Duration.ofSeconds(2)));
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), door.port());
        Socket silent = connect();
        Socket slow = connect()) {
      write(silent, "GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(readUntil(silent, "/one")).startsWith("HTTP/1.1 200");
      write(slow, "GET /slow HTTP/1.1\r\nHo");
      assertThat(readUntil(silent, "never")).isEqualTo("<end>");
      assertThat(readUntil(slow, "never")).isEqualTo("<end>");
      assertThat(plain.getInputStream().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PATCH", "OPTIONS"})
  void whoLeavesOutTheSOfHttpsIsTold(String method) throws Exception {
    open(LIMITS);
    try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), door.port())) {
      write(plain, method + " /version HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(readUntil(plain, "never"))
          .isEqualTo(
              "HTTP/1.0 400 Bad Request\r\n\r\n"
                  + "Client sent an HTTP request to an HTTPS server.\n<end>");
    }
  }

  /// Many at once, so that answers are under way to the event loops when the door closes.
  @Test
  void whatWasAnsweredArrivesThoughTheDoorCloses() throws Exception {
    open(DoorLimits.standard());
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      sockets.add(connect());
      write(sockets.get(i), "GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    awaitEnded(sockets.size());
    door.stopListening();
    held.countDown();
    answered.await();
    door.close();
    for (Socket socket : sockets) {
      assertThat(readUntil(socket, "never"))
          .startsWith("HTTP/1.1 200")
          .contains("connection: close")
          .endsWith("/held<end>");
      socket.close();
    }
  }

  @Test
  void answersThatNobodyReadsAreGivenUp() throws Exception {
    open(LIMITS);
    try (Socket socket = connect()) {
      write(socket, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThatThrownBy(
              () -> {
                while (true) {
                  write(socket, " ");
                  LockSupport.parkNanos(50_000_000);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void watchesLiveOn() throws Exception {
    open(LIMITS);
    try (Socket socket = connect()) {
      write(socket, "GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(readUntil(socket, "begun")).startsWith("HTTP/1.1 200");
      socket.setSoTimeout(2_000);
      assertThatThrownBy(() -> readUntil(socket, "never"))
          .isInstanceOf(java.net.SocketTimeoutException.class);
    }
  }

  /// What a client does not read stays with who writes it, not on its way.
  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void aFloodWaitsForItsReader(HttpClient.Version version) throws Exception {
    open(DoorLimits.standard());
    URI uri = URI.create("https://127.0.0.1:" + door.port() + "/flood");
    HttpResponse<InputStream> flood =
        client(version).send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream());
    assertThat(pauses.take()).isLessThanOrEqualTo(CLIENT_TAKES_BYTES / Flood.PIECE_BYTES);
    try (InputStream body = flood.body()) {
      assertThat(body.transferTo(OutputStream.nullOutputStream()))
          .isEqualTo((long) Flood.PIECES * Flood.PIECE_BYTES);
    }
  }

  /// Informers that come and go give up watches, which resets their streams.
  @Test
  void aClientMayGiveUpManyWatches() throws Exception {
    open(DoorLimits.standard());
    HttpClient client = client(HttpClient.Version.HTTP_2);
    URI uri = URI.create("https://127.0.0.1:" + door.port() + "/watch");
    for (int i = 0; i < 600; i++) {
      HttpResponse<InputStream> watch =
          client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream());
      assertThat(watch.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(watch.body().readNBytes(5)).asString().isEqualTo("begun");
      watch.body().close();
    }
    while (ended.size() < 600) {
      Thread.onSpinWait();
    }
    assertThat(peers).as("connections").hasSize(1);
  }

  @Test
  void onlySoManyConnectionsAreTaken() throws Exception {
    open(LIMITS);
    List<Socket> open = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Socket socket = connect();
      write(socket, "GET /watch HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(readUntil(socket, "begun")).startsWith("HTTP/1.1 200");
      open.add(socket);
    }
    assertThat(isTaken()).isFalse();
    open.getFirst().close();
    while (!isTaken()) {
      Thread.onSpinWait();
    }
    for (Socket each : open) {
      each.close();
    }
  }

  private boolean isTaken() {
    try (Socket more = connect()) {
      write(more, "GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
      return readUntil(more, "/one").startsWith("HTTP/1.1 200");
    } catch (IOException full) {
      return false;
    }
  }

  @Test
  void requestsSentTogetherAreAnsweredInTheirOrder() throws Exception {
    open(DoorLimits.standard());
    try (Socket socket = connect()) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 20; i++) {
        all.append("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: ").append(i);
        all.append("\r\n\r\n").append("x".repeat(i));
      }
      write(socket, all.toString());
      for (int i = 0; i < 20; i++) {
        readUntil(socket, "\r\n\r\n");
        String expected = "read " + i;
        assertThat(
                new String(
                    socket.getInputStream().readNBytes(expected.length()),
                    StandardCharsets.US_ASCII))
            .isEqualTo(expected);
      }
    }
  }

  /// What Go's server answers, and whether it hangs up then.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "Host: a\\nTransfer-Encoding: unknown\\n\\n{} | 501 | Unsupported transfer encoding",
        "Host: a\\nTransfer-Encoding: gzip, chunked\\n\\n0\\n\\n | 501 | Unsupported transfer encoding",
        "Content-Length: 1\\n\\nx | 400 | 400 Bad Request: missing required Host header",
        "Host: a\\nHost: a\\n\\n | 400 | 400 Bad Request",
        "Host: a\\nno colon\\n\\n | 400 | 400 Bad Request",
        "Host: a\\nContent-Length: x5\\n\\n | 400 | 400 Bad Request",
        "Host: a\\nContent-Length: 2\\nContent-Length: 3\\n\\n{} | 400 | 400 Bad Request",
        "Host: a\\nTransfer-Encoding: chunked\\n\\n2\\n{}\\ng\\nx\\n0\\n\\n | 429 | invalid byte in chunk length",
        "Host: a\\nTransfer-Encoding: chunked\\n\\nffffffffffffffffff\\n{}\\n0\\n\\n | 429 | http chunk length too large"
      })
  void whatHasNoEndIsRefusedAndHungUpOn(String rest, int status, String text) throws Exception {
    open(DoorLimits.standard());
    try (Socket socket = connect()) {
      write(socket, ("POST /read HTTP/1.1\\n" + rest).replace("\\n", "\r\n"));
      assertThat(readUntil(socket, "never"))
          .startsWith("HTTP/1.1 " + status)
          .contains("connection: close")
          .endsWith("\r\n\r\n" + text + "<end>");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"
      })
  void aLengthThatIsToldTwiceIsRead(String rest) throws Exception {
    open(DoorLimits.standard());
    try (Socket socket = connect()) {
      write(socket, "POST /read HTTP/1.1\r\nHost: a\r\n" + rest);
      assertThat(readUntil(socket, "read 2")).startsWith("HTTP/1.1 200").doesNotEndWith("<end>");
    }
  }

  @Test
  void aBrokenBodyThatNobodyReadsEndsTheConnection() throws Exception {
    open(DoorLimits.standard());
    try (Socket socket = connect()) {
      write(socket, "POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n");
      assertThat(readUntil(socket, "never")).startsWith("HTTP/1.1 200").endsWith("/one<end>");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
      })
  void theCipherIsTheClientsChoice(String first) throws Exception {
    open(DoorLimits.standard());
    List<String> wanted =
        new ArrayList<>(List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"));
    wanted.remove(first);
    wanted.addFirst(first);
    try (SSLSocket socket = (SSLSocket) connect()) {
      socket.setEnabledCipherSuites(wanted.toArray(String[]::new));
      assertThat(socket.getSession().getCipherSuite()).isEqualTo(first);
    }
  }
}
