// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Exec and attach over SPDY/3.1: a stream each for error, input, output, errors and the terminal's
/// size.
final class SpdyChannels implements Channels {
  private static final Logger LOG = LoggerFactory.getLogger(SpdyChannels.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PROTOCOLS =
      List.of("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io");

  private static final Duration STREAMS_WITHIN = Duration.ofSeconds(30);

  private final Spdy spdy;
  private final Map<String, Spdy.Stream> streams = new ConcurrentHashMap<>();
  private final CountDownLatch complete;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicBoolean left = new AtomicBoolean();
  private final Executor executor;

  private SpdyChannels(
      dev.havn.apiserver.http.ByteDuplex connection, int expected, Executor executor) {
    this.complete = new CountDownLatch(expected);
    this.executor = executor;
    this.spdy =
        new Spdy(
            connection,
            stream -> {
              String type = stream.header("streamtype");
              streams.put(type == null ? "" : type, stream);
              complete.countDown();
            });
  }

  static boolean isUpgrade(Request request) {
    String upgrade = request.headers().first("upgrade");
    return upgrade != null && upgrade.equalsIgnoreCase("SPDY/3.1");
  }

  /// @return empty when the client does not open the streams that it asks for
  static Optional<SpdyChannels> accept(Request request, Response response, Executor executor) {
    String protocol = negotiated(request);
    boolean tty = WebSocketChannels.asks(request, "tty");
    int expected = 1;
    for (String stream : List.of("stdin", "stdout", "stderr")) {
      boolean counts = WebSocketChannels.asks(request, stream) && !(tty && stream.equals("stderr"));
      expected += counts ? 1 : 0;
    }
    boolean sized = tty && (protocol.startsWith("v4") || protocol.startsWith("v3"));
    SpdyChannels channels =
        new SpdyChannels(
            response.acceptUpgrade(
                "SPDY/3.1", new Headers().set("x-stream-protocol-version", protocol)),
            expected + (sized ? 1 : 0),
            executor);
    executor.execute(
        () -> {
          channels.spdy.run();
          channels.ended.countDown();
          channels.left.set(true);
          while (channels.complete.getCount() > 0) {
            channels.complete.countDown();
          }
        });
    try {
      if (channels.complete.await(STREAMS_WITHIN.toSeconds(), TimeUnit.SECONDS)
          && !channels.left.get()) {
        return Optional.of(channels);
      }
      LOG.debug("a client has not opened its streams");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channels.close();
    return Optional.empty();
  }

  /// The first protocol of ours that the client offers; one that offers none means the oldest.
  private static String negotiated(Request request) {
    List<String> offered = new ArrayList<>();
    for (String header : request.headers().all("x-stream-protocol-version")) {
      for (String each : header.split(",")) {
        offered.add(each.strip());
      }
    }
    String protocol =
        PROTOCOLS.stream().filter(offered::contains).findFirst().orElse("channel.k8s.io");
    if (!offered.isEmpty() && !offered.contains(protocol)) {
      throw ApiException.ofCode(
          403,
          "unable to upgrade: unable to negotiate protocol: client supports "
              + offered
              + ", server accepts "
              + PROTOCOLS);
    }
    return protocol;
  }

  private @Nullable OutputStream output(String type) {
    Spdy.Stream stream = streams.get(type);
    return stream == null ? null : stream.out();
  }

  @Override
  public @Nullable InputStream stdin() {
    Spdy.Stream stream = streams.get("stdin");
    return stream == null ? null : stream.in();
  }

  @Override
  public @Nullable OutputStream stdout() {
    return output("stdout");
  }

  @Override
  public @Nullable OutputStream stderr() {
    return output("stderr");
  }

  @Override
  public void onResize(BiConsumer<Integer, Integer> resize) {
    Spdy.Stream stream = streams.get("resize");
    if (stream == null) {
      return;
    }
    executor.execute(
        () -> {
          try (var sizes = JSON.readerFor(JsonNode.class).<JsonNode>readValues(stream.in())) {
            while (sizes.hasNext()) {
              JsonNode size = sizes.next();
              resize.accept(size.path("Width").asInt(), size.path("Height").asInt());
            }
          } catch (IOException | RuntimeException e) {
            LOG.debug("no more terminal sizes: {}", e.getMessage());
          }
        });
  }

  @Override
  public void onClose(Runnable closed) {
    executor.execute(
        () -> {
          try {
            ended.await();
            closed.run();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public void exit(int code) {
    end(ExitStatus.of(code));
  }

  @Override
  public void fail(String message) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.putObject("metadata");
    status.put("status", "Failure").put("message", message).put("reason", "InternalError");
    end(status.put("code", 500));
  }

  private void end(ObjectNode status) {
    try {
      for (String type : List.of("stdout", "stderr")) {
        OutputStream out = output(type);
        if (out != null) {
          out.close();
        }
      }
      OutputStream error = output("error");
      if (error != null) {
        error.write(status.toString().getBytes(StandardCharsets.UTF_8));
        error.close();
      }
    } catch (IOException e) {
      LOG.debug("the client left before the end: {}", e.getMessage());
    }
    close();
  }

  @Override
  public void close() {
    spdy.close();
  }
}
