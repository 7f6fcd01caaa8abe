// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.UnsupportedUpgradeException;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.resource.NodeSessions;
import dev.havn.apiserver.usage.NodeUsage;
import dev.havn.reconcile.VirtualTime;
import dev.havn.schema.BuiltinTypes;
import dev.havn.store.LogStore;
import dev.havn.store.Sealing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// An API server in memory with a clock that stands still, spoken to as a door would.
final class TestApi {
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  static final Credential ADMIN = new Credential.Loopback("admin", List.of("system:masters"));

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SERVICES = "10.96.0.0/16";
  private static final NodeSessions ANSWERED =
      (call, pod, response) -> response.send(200, new Headers(), List.of());
  private static final BuiltinTypes TYPES = BuiltinTypes.load();

  /// Shared by all: to make one takes longer than most tests.
  static final FrontProxy FRONT_PROXY = frontProxy();

  final VirtualTime time;
  final LogStore store;
  final ApiServer server;

  TestApi() {
    this(ConcurrencyLimits.STANDARD);
  }

  TestApi(NodeSessions sessions) {
    this(ConcurrencyLimits.STANDARD, sessions);
  }

  /// With nodes that know what they use.
  TestApi(NodeUsage usage) {
    this(ConcurrencyLimits.STANDARD, ANSWERED, usage, new VirtualTime(START));
  }

  private TestApi(
      ConcurrencyLimits limits, NodeSessions sessions, NodeUsage usage, VirtualTime time) {
    this(
        limits,
        sessions,
        usage,
        time,
        LogStore.inMemory(time, time),
        ApiOptions.STANDARD,
        SERVICES);
  }

  TestApi(ConcurrencyLimits limits) {
    this(limits, ANSWERED);
  }

  TestApi(ApiOptions options) {
    this(ConcurrencyLimits.STANDARD, ANSWERED, new VirtualTime(START), options);
  }

  private TestApi(ConcurrencyLimits limits, NodeSessions sessions) {
    this(limits, sessions, new VirtualTime(START), ApiOptions.STANDARD);
  }

  private TestApi(
      ConcurrencyLimits limits, NodeSessions sessions, VirtualTime time, ApiOptions options) {
    this(limits, sessions, time, LogStore.inMemory(time, time), options);
  }

  private TestApi(
      ConcurrencyLimits limits,
      NodeSessions sessions,
      VirtualTime time,
      LogStore store,
      ApiOptions options) {
    this(limits, sessions, NodeUsage.NONE, time, store, options, SERVICES);
  }

  /// With these ranges of Services.
  static TestApi of(String serviceRanges) {
    VirtualTime time = new VirtualTime(START);
    return new TestApi(
        ConcurrencyLimits.STANDARD,
        ANSWERED,
        NodeUsage.NONE,
        time,
        LogStore.inMemory(time, time),
        ApiOptions.STANDARD,
        serviceRanges);
  }

  private TestApi(
      ConcurrencyLimits limits,
      NodeSessions sessions,
      NodeUsage usage,
      VirtualTime time,
      LogStore store,
      ApiOptions options,
      String serviceRanges) {
    this.time = time;
    this.store = store;
    try {
      KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
      keys.initialize(new ECGenParameterSpec("secp256r1"));
      this.server =
          new ApiServer(
              new ApiServer.Settings(
                  store,
                  TYPES,
                  List.of(),
                  keys.generateKeyPair(),
                  sessions,
                  usage,
                  dev.havn.addresses.Ranges.parse(serviceRanges),
                  time,
                  time,
                  new Random(1),
                  limits,
                  FRONT_PROXY,
                  options));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    server.bootstrap();
    server.keepUp();
  }

  /// A server whose store lies on the disk.
  static TestApi on(Path folder, VirtualTime time, Sealing sealing) {
    return new TestApi(
        ConcurrencyLimits.STANDARD,
        ANSWERED,
        time,
        LogStore.open(folder, sealing, time, time),
        ApiOptions.STANDARD);
  }

  /// Another server on the same store.
  TestApi another() {
    return new TestApi(ConcurrencyLimits.STANDARD, ANSWERED, time, store, ApiOptions.STANDARD);
  }

  private static FrontProxy frontProxy() {
    try {
      return new FrontProxy(FrontProxyFolder.open());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// One folder for all tests of a process, which goes with it.
  private static final class FrontProxyFolder {
    private static final Path FOLDER = make();

    private static Path make() {
      try {
        Path folder = Files.createTempDirectory("front-proxy");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void delete(Path folder) {
      try (Stream<Path> inside = Files.walk(folder)) {
        for (Path each : inside.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static synchronized Authority open() throws IOException {
      return Authority.open(FOLDER, "front-proxy-ca", InstantSource.system(), new SecureRandom());
    }
  }

  /// A request that is being put together.
  final class Ask implements Request {
    private final String method;
    private final String path;
    private final Query query;
    private final Headers headers = new Headers();
    private byte[] body = {};
    private @Nullable Supplier<String> late;
    private Credential credential = ADMIN;

    Ask(String method, String target) {
      this.method = method;
      int mark = target.indexOf('?');
      this.path = mark < 0 ? target : target.substring(0, mark);
      this.query = new Query(parse(mark < 0 ? "" : target.substring(mark + 1)));
    }

    Ask body(String text) {
      body = text.getBytes(StandardCharsets.UTF_8);
      return this;
    }

    Ask body(byte[] bytes) {
      body = bytes;
      return this;
    }

    /// A body that is made when it is read.
    Ask body(Supplier<String> text) {
      late = text;
      return this;
    }

    Ask header(String name, String value) {
      headers.add(name, value);
      return this;
    }

    Ask as(Credential who) {
      credential = who;
      return this;
    }

    Ask asUser(String name, String... groups) {
      return as(new Credential.Loopback(name, List.of(groups)));
    }

    Answer send() {
      Answer answer = new Answer();
      server.handle(this, answer);
      time.settle();
      return answer;
    }

    @Override
    public String method() {
      return method;
    }

    @Override
    public String path() {
      return path;
    }

    @Override
    public Query query() {
      return query;
    }

    @Override
    public Headers headers() {
      return headers;
    }

    @Override
    public byte[] body(int bytesMax) {
      if (late != null) {
        body(late.get());
      }
      if (body.length > bytesMax) {
        throw new BodyTooLargeException(bytesMax);
      }
      return body;
    }

    @Override
    public Credential credential() {
      return credential;
    }

    @Override
    public String remoteAddress() {
      return "127.0.0.1:40000";
    }
  }

  private static Map<String, List<String>> parse(String query) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (String pair : query.split("&")) {
      String[] parts = pair.split("=", 2);
      if (!parts[0].isEmpty()) {
        values
            .computeIfAbsent(decode(parts[0]), _ -> new ArrayList<>())
            .add(parts.length > 1 ? decode(parts[1]) : "");
      }
    }
    return values;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  int drain(Duration within) {
    return server.drain(within);
  }

  Ask ask(String method, String target) {
    return new Ask(method, target);
  }

  Answer get(String target) {
    return ask("GET", target).send();
  }

  Answer post(String target, String body) {
    return ask("POST", target).body(body).send();
  }

  /// Posts YAML.
  Answer create(String target, String yaml) {
    return ask("POST", target).header("content-type", "application/yaml").body(yaml).send();
  }

  Answer put(String target, String body) {
    return ask("PUT", target).body(body).send();
  }

  Answer delete(String target) {
    return ask("DELETE", target).send();
  }

  /// @param form of `application/...-patch+json`, such as `merge-patch+json`
  Answer patch(String form, String target, String body) {
    return ask("PATCH", target).header("content-type", "application/" + form).body(body).send();
  }

  /// What was answered, whole or as a stream that goes on.
  static final class Answer implements Response, BodyStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private Headers headers = new Headers();
    private int status;
    private int taken;
    private boolean closed;
    private @Nullable Runnable onClose;

    int status() {
      return status;
    }

    String header(String name) {
      return String.valueOf(headers.first(name));
    }

    List<String> warnings() {
      return headers.all("warning");
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }

    byte[] bytes() {
      return bytes.toByteArray();
    }

    JsonNode json() {
      try {
        return JSON.readTree(bytes.toByteArray());
      } catch (IOException e) {
        throw new UncheckedIOException(text(), e);
      }
    }

    /// Of a `Status`.
    String message() {
      return json().path("message").asText();
    }

    String reason() {
      return json().path("reason").asText();
    }

    /// The watch events that have come since this was asked last.
    List<JsonNode> events() {
      String all = text();
      String fresh = all.substring(taken);
      taken = all.length();
      return fresh.lines().map(TestApi::parseJson).toList();
    }

    boolean isClosed() {
      return closed;
    }

    /// The client goes away.
    void hangUp() {
      close();
    }

    @Override
    public void send(int code, Headers fields, List<ByteBuffer> body) {
      status = code;
      headers = fields;
      write(body);
      closed = true;
    }

    @Override
    public BodyStream stream(int code, Headers fields) {
      status = code;
      headers = fields;
      return this;
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      throw new UnsupportedUpgradeException("no WebSockets here");
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers fields) {
      throw new UnsupportedUpgradeException("no upgrades here");
    }

    @Override
    public void write(List<ByteBuffer> buffers) {
      for (ByteBuffer each : buffers) {
        byte[] content = new byte[each.remaining()];
        each.duplicate().get(content);
        bytes.writeBytes(content);
      }
    }

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void onWritable(Runnable wake) {
      wake.run();
    }

    @Override
    public void onClose(Runnable run) {
      if (closed) {
        run.run();
      } else {
        onClose = run;
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        if (onClose != null) {
          onClose.run();
        }
      }
    }
  }

  private static JsonNode parseJson(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(line, e);
    }
  }
}
