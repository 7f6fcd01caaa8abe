// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.havn.node.image.Digests;
import dev.havn.node.image.Platform;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// A registry on loopback, whose moods a test chooses.
final class TestRegistry implements AutoCloseable {
  /// How it asks who is there.
  enum Asks {
    NOTHING,
    BASIC,
    TOKEN
  }

  /// Configurations are smaller.
  private static final int LAYER_BYTES = 100_000;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, byte[]> manifests = new ConcurrentHashMap<>();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<String, String> repositories = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger failures = new AtomicInteger();

  /// Of each blob so many bytes come on one connection.
  volatile int breaksAfter = Integer.MAX_VALUE;

  volatile Asks asks = Asks.NOTHING;
  volatile boolean redirectsBlobs;
  volatile boolean lies;

  /// Content comes a byte at a time, and never all of it.
  volatile boolean drips;

  /// Of each layer a half comes, and the rest when this opens.
  volatile CountDownLatch secondHalfOfLayers = new CountDownLatch(0);

  /// To where answers of blobs lead, before their digest.
  volatile String elsewhere = "";

  /// User and password, with a colon.
  volatile String user = "user:secret";

  TestRegistry(HttpServer server) {
    this.server = server;
    server.createContext("/", this::serve);
    server.setExecutor(threads);
    server.start();
  }

  static TestRegistry open() throws IOException {
    return new TestRegistry(HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0));
  }

  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /// Method and path of all requests.
  List<String> requests() {
    return requests;
  }

  /// The next requests for something are answered with 503.
  void fail(int times) {
    failures.set(times);
  }

  String blob(byte[] content) {
    String digest = Digests.ofBytes(content);
    blobs.put(digest, content);
    return digest;
  }

  void lose(String digest) {
    blobs.remove(digest);
  }

  /// No other repository has the blob any more.
  void keepIn(String repository, String digest) {
    repositories.put(digest, repository);
  }

  void spoil(String digest) {
    byte[] other = blobs.getOrDefault(digest, new byte[0]).clone();
    other[other.length / 2] ^= 1;
    blobs.put(digest, other);
  }

  /// Makes an image of layers.
  ///
  /// @param diffs their content uncompressed
  /// @return the digest of its manifest
  String image(String name, String architecture, List<byte[]> layers, List<byte[]> diffs) {
    StringBuilder ids = new StringBuilder();
    diffs.forEach(
        each -> ids.append(ids.isEmpty() ? "" : ",").append('"' + Digests.ofBytes(each) + '"'));
    byte[] config =
        bytes(
            "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},\"rootfs\":{\"diff_ids\":[%s]}}"
                .formatted(architecture, ids));
    StringBuilder list = new StringBuilder();
    for (byte[] each : layers) {
      list.append(list.isEmpty() ? "" : ",").append(descriptor(each, "layer.v1.tar"));
    }
    byte[] manifest =
        bytes(
            "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}"
                .formatted(descriptor(config, "config.v1+json"), list));
    return manifest(name, manifest);
  }

  String image(String name, byte[]... layers) {
    return image(name, Platform.architecture(), List.of(layers), List.of(layers));
  }

  private String descriptor(byte[] content, String type) {
    return "{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(type, blob(content), content.length);
  }

  /// @param name repository and tag, joined by a colon
  String manifest(String name, byte[] content) {
    String digest = Digests.ofBytes(content);
    manifests.put(name, content);
    manifests.put(name.substring(0, name.lastIndexOf(':')) + ":" + digest, content);
    return digest;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      if (path.equals("/token")) {
        token(exchange);
      } else if (path.startsWith("/elsewhere/")) {
        boolean shown = exchange.getRequestHeaders().containsKey("Authorization");
        blob(exchange, shown ? "shown a credential" : path.substring("/elsewhere/".length()));
      } else if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        answer(exchange, 503, new byte[0]);
      } else if (isWelcome(exchange)) {
        content(exchange, path);
      }
    }
  }

  private String basic() {
    return "Basic " + Base64.getEncoder().encodeToString(bytes(user));
  }

  private boolean isWelcome(HttpExchange exchange) throws IOException {
    String shown = exchange.getRequestHeaders().getFirst("Authorization");
    String wanted = asks == Asks.BASIC ? basic() : "Bearer a-token";
    if (asks == Asks.NOTHING || wanted.equals(shown)) {
      return true;
    }
    exchange
        .getResponseHeaders()
        .add(
            "WWW-Authenticate",
            asks == Asks.BASIC
                ? "Basic realm=\"here\""
                : "Bearer realm=\"http://%s/token\",service=\"me\",scope=\"repository:a:pull\""
                    .formatted(host()));
    answer(exchange, 401, new byte[0]);
    return false;
  }

  private void token(HttpExchange exchange) throws IOException {
    boolean known = basic().equals(exchange.getRequestHeaders().getFirst("Authorization"));
    byte[] body =
        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)
                .contains("refresh_token=an-identity")
            ? bytes("{\"access_token\":\"a-token\"}")
            : bytes("{\"token\":\"a-token\"}");
    boolean refreshed = exchange.getRequestMethod().equals("POST");
    answer(exchange, known || refreshed ? 200 : 401, body);
  }

  private void content(HttpExchange exchange, String path) throws IOException {
    String[] parts = path.split("/(manifests|blobs)/");
    if (parts.length == 2 && path.contains("/manifests/")) {
      byte[] manifest = manifests.get(parts[0].substring("/v2/".length()) + ":" + parts[1]);
      if (manifest != null) {
        exchange.getResponseHeaders().add("Docker-Content-Digest", Digests.ofBytes(manifest));
        answer(exchange, 200, lies ? bytes("{\"schemaVersion\":2}") : manifest);
        return;
      }
    } else if (parts.length == 2 && redirectsBlobs) {
      String other = "http://localhost:" + server.getAddress().getPort() + "/elsewhere/";
      String at = (elsewhere.isEmpty() ? other : elsewhere) + parts[1] + "?signature=a-secret";
      exchange.getResponseHeaders().add("Location", at);
      answer(exchange, 307, new byte[0]);
      return;
    } else if (parts.length == 2) {
      String repository = parts[0].substring("/v2/".length());
      boolean isThere = repository.equals(repositories.getOrDefault(parts[1], repository));
      blob(exchange, isThere ? parts[1] : "none");
      return;
    }
    answer(exchange, 404, bytes("{}"));
  }

  private void blob(HttpExchange exchange, String digest) throws IOException {
    byte[] blob = blobs.get(digest);
    if (blob == null) {
      answer(exchange, 404, bytes("{}"));
      return;
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      answer(exchange, 200, blob);
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
    byte[] rest = Arrays.copyOfRange(blob, from, blob.length);
    exchange.sendResponseHeaders(range == null ? 200 : 206, rest.length);
    if (drips) {
      drip(exchange, rest);
      return;
    }
    boolean isWhole = secondHalfOfLayers.getCount() == 0 || rest.length < LAYER_BYTES;
    int half = isWhole ? 0 : rest.length / 2;
    exchange.getResponseBody().write(rest, 0, Math.min(half, breaksAfter));
    exchange.getResponseBody().flush();
    try {
      if (!isWhole) {
        secondHalfOfLayers.await();
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
      return;
    }
    int end = Math.min(rest.length, breaksAfter);
    exchange.getResponseBody().write(rest, half, Math.max(0, end - half));
  }

  private void answer(HttpExchange exchange, int code, byte[] body) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(code, head || body.length == 0 ? -1 : body.length);
    if (!head && drips) {
      drip(exchange, body);
    } else if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  /// For three seconds, or until nobody reads it any more.
  private static void drip(HttpExchange exchange, byte[] body) throws IOException {
    for (int i = 0; i < Math.min(60, body.length - 1); i++) {
      exchange.getResponseBody().write(body[i]);
      exchange.getResponseBody().flush();
      LockSupport.parkNanos(50_000_000);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
