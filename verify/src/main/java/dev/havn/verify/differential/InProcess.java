// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import dev.havn.addresses.Ranges;
import dev.havn.apiserver.ApiOptions;
import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.UnsupportedUpgradeException;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.streaming.PodSessions;
import dev.havn.apiserver.usage.NodeUsage;
import dev.havn.schema.BuiltinTypes;
import dev.havn.store.LogStore;
import dev.havn.store.Store;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Havn's API server alone, without controllers and nodes, as the oracle is: in this process, over
/// a store in memory.
final class InProcess implements Answers {
  private static final Credential ADMINISTRATOR =
      new Credential.Loopback("admin", List.of("system:masters", "system:authenticated"));
  private static final String SERVICE_RANGE = "10.96.0.0/16";

  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          work -> Thread.ofPlatform().daemon().name("differential").unstarted(work));
  private final Path folder = Files.createTempDirectory("front-proxy");
  private final Store store;
  private final ApiServer server;

  private InProcess() throws GeneralSecurityException, IOException {
    InstantSource clock = InstantSource.system();
    this.store = LogStore.inMemory(clock, executor);
    KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
    keys.initialize(256);
    this.server =
        new ApiServer(
            new ApiServer.Settings(
                store,
                BuiltinTypes.load(),
                List.of(),
                keys.generateKeyPair(),
                new PodSessions(new NoNodes(), executor),
                NodeUsage.NONE,
                Ranges.parse(SERVICE_RANGE),
                clock,
                executor,
                new SecureRandom(),
                ConcurrencyLimits.STANDARD,
                new FrontProxy(Authority.open(folder, "front-proxy-ca", clock, new SecureRandom())),
                ApiOptions.STANDARD));
    server.bootstrap();
  }

  static InProcess start() {
    try {
      return new InProcess();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no P-256 keys", e);
    } catch (IOException e) {
      throw new UncheckedIOException("a temporary folder", e);
    }
  }

  /// The server as a door's handler; whoever comes is an administrator.
  Handler asAdministrator() {
    return (request, response) -> server.handle(new ByAdministrator(request), response);
  }

  private record ByAdministrator(Request request) implements Request {
    @Override
    public String method() {
      return request.method();
    }

    @Override
    public String path() {
      return request.path();
    }

    @Override
    public Query query() {
      return request.query();
    }

    @Override
    public Headers headers() {
      return request.headers();
    }

    @Override
    public byte[] body(int bytesMax) {
      return request.body(bytesMax);
    }

    @Override
    public InputStream bodyStream() {
      return request.bodyStream();
    }

    @Override
    public String target() {
      return request.target();
    }

    @Override
    public Credential credential() {
      return ADMINISTRATOR;
    }

    @Override
    public String remoteAddress() {
      return request.remoteAddress();
    }
  }

  @Override
  public Answer send(Call call) {
    Buffered response = new Buffered();
    server.handle(Sent.of(call), response);
    response.awaitEnd(call);
    String text = response.body.toString(StandardCharsets.UTF_8);
    return new Answer(response.status, Answers.read(call, text));
  }

  @Override
  public void close() {
    executor.shutdownNow();
    store.close();
    TemporaryFolder.delete(folder);
  }

  private record Sent(String method, String path, Query query, Headers headers, byte[] content)
      implements Request {

    static Sent of(Call call) {
      URI uri = URI.create("http://localhost" + call.path());
      Map<String, List<String>> values = new LinkedHashMap<>();
      if (uri.getRawQuery() != null) {
        for (String pair : uri.getRawQuery().split("&")) {
          String[] parts = pair.split("=", 2);
          values
              .computeIfAbsent(decode(parts[0]), _ -> new ArrayList<>())
              .add(parts.length == 2 ? decode(parts[1]) : "");
        }
      }
      Headers headers = new Headers().add("accept", call.accept());
      headers.add("user-agent", Endpoint.USER_AGENT);
      if (!call.body().isEmpty()) {
        headers.add("content-type", call.contentType());
      }
      return new Sent(
          call.method(),
          uri.getPath(),
          new Query(values),
          headers,
          call.body().getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String text) {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Override
    public byte[] body(int bytesMax) {
      if (content.length > bytesMax) {
        throw new BodyTooLargeException(bytesMax);
      }
      return content;
    }

    @Override
    public Credential credential() {
      return ADMINISTRATOR;
    }

    @Override
    public String remoteAddress() {
      return "127.0.0.1:1";
    }
  }

  private static final class Buffered implements Response {
    private static final long END_SECONDS_MAX = 30;

    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean streams;
    private volatile int status;

    /// A watch goes on after its handler has returned.
    void awaitEnd(Call call) {
      try {
        if (streams && !end.await(END_SECONDS_MAX, TimeUnit.SECONDS)) {
          throw new IllegalStateException(call + " has no end");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted at " + call.path(), e);
      }
    }

    @Override
    public void send(int code, Headers headers, List<ByteBuffer> buffers) {
      status = code;
      for (ByteBuffer buffer : buffers) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        body.writeBytes(bytes);
      }
    }

    @Override
    public BodyStream stream(int code, Headers headers) {
      status = code;
      streams = true;
      return new BodyStream() {
        @Override
        public synchronized void write(List<ByteBuffer> buffers) {
          send(code, headers, buffers);
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
        public void onClose(Runnable closed) {}

        @Override
        public void close() {
          end.countDown();
        }
      };
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      throw new IllegalStateException("no stream is asked for");
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
      throw new UnsupportedUpgradeException(protocol);
    }
  }
}
