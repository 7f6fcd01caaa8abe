// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.loopback;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.UnsupportedUpgradeException;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketResponse;
import io.fabric8.kubernetes.client.http.WebSocketUpgradeResponse;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// An answer handed to fabric8's client: buffers wait until the consumer asks for the next ones.
final class LoopbackResponse implements Response {
  private static final int WAITING_BUFFERS_MAX = 1_024;

  private final StandardHttpRequest request;
  private final AsyncBody.Consumer<List<ByteBuffer>> consumer;
  private final Executor executor;
  private final CompletableFuture<HttpResponse<AsyncBody>> future = new CompletableFuture<>();
  private final CompletableFuture<WebSocketResponse> webSocket = new CompletableFuture<>();
  private WebSocket.@Nullable Listener listener;

  LoopbackResponse(
      StandardHttpRequest request,
      AsyncBody.Consumer<List<ByteBuffer>> consumer,
      Executor executor) {
    this.request = request;
    this.consumer = consumer;
    this.executor = executor;
  }

  CompletableFuture<HttpResponse<AsyncBody>> future() {
    return future;
  }

  CompletableFuture<WebSocketResponse> webSocket() {
    return webSocket;
  }

  void expectWebSocket(WebSocket.Listener to) {
    listener = to;
  }

  @Override
  public void send(int status, Headers headers, List<ByteBuffer> buffers) {
    if (listener != null) {
      webSocket.complete(
          new WebSocketResponse(
              new WebSocketUpgradeResponse(request, status, headers.asMap()),
              new java.io.IOException("no WebSocket: status " + status)));
      return;
    }
    Body body = whole();
    body.write(buffers);
    body.close();
    future.complete(new Answer(request, status, headers.asMap(), body));
  }

  @Override
  public BodyStream stream(int status, Headers headers) {
    Body body = isEndless() ? new Body(executor, WAITING_BUFFERS_MAX) : whole();
    future.complete(new Answer(request, status, headers.asMap(), body));
    return body;
  }

  /// Who asks for a long list waits for it, and nobody else might move time on meanwhile: it is
  /// there when the handler returns.
  private Body whole() {
    return new Body(Runnable::run, Integer.MAX_VALUE);
  }

  private boolean isEndless() {
    @Nullable String query = request.uri().getRawQuery();
    return query != null && (query.contains("watch=") || query.contains("follow="));
  }

  @Override
  public dev.havn.apiserver.http.WebSocket acceptWebSocket(String subprotocol) {
    WebSocket.Listener to = listener;
    if (to == null) {
      throw new UnsupportedUpgradeException("the client did not ask for a WebSocket");
    }
    LoopbackWebSocket socket = new LoopbackWebSocket(to, executor);
    webSocket.complete(
        new WebSocketResponse(
            new WebSocketUpgradeResponse(
                request, 101, Map.of("sec-websocket-protocol", List.of(subprotocol))),
            socket.client()));
    to.onOpen(socket.client());
    return socket;
  }

  @Override
  public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
    throw new UnsupportedUpgradeException("no raw connections inside the process");
  }

  /// fabric8's view of the answer.
  private record Answer(
      HttpRequest request, int code, Map<String, List<String>> headers, AsyncBody body)
      implements HttpResponse<AsyncBody> {
    @Override
    public Optional<HttpResponse<?>> previousResponse() {
      return Optional.empty();
    }

    @Override
    public List<String> headers(String key) {
      return headers.getOrDefault(key.toLowerCase(java.util.Locale.ROOT), List.of());
    }
  }

  /// The body, between the handler that writes and the client that asks.
  private final class Body implements BodyStream, AsyncBody {
    private final Executor deliverOn;
    private final int buffersMax;
    private final Deque<ByteBuffer> waiting = new ArrayDeque<>();
    private final List<Runnable> wakes = new ArrayList<>();
    private final List<Runnable> closers = new ArrayList<>();
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private boolean asked;
    private boolean ended;
    private boolean delivering;

    Body(Executor deliverOn, int buffersMax) {
      this.deliverOn = deliverOn;
      this.buffersMax = buffersMax;
    }

    @Override
    public void write(List<ByteBuffer> buffers) {
      synchronized (this) {
        if (ended) {
          return;
        }
        buffers.forEach(buffer -> waiting.add(buffer.duplicate()));
      }
      step();
    }

    @Override
    public void consume() {
      synchronized (this) {
        asked = true;
      }
      step();
    }

    private void step() {
      synchronized (this) {
        boolean something = !waiting.isEmpty() || ended;
        if (!asked || !something || delivering) {
          return;
        }
        delivering = true;
      }
      deliverOn.execute(this::deliver);
    }

    private void deliver() {
      while (true) {
        List<ByteBuffer> batch;
        List<Runnable> woken;
        synchronized (this) {
          if (!asked || (waiting.isEmpty() && !ended)) {
            delivering = false;
            return;
          }
          batch = List.copyOf(waiting);
          waiting.clear();
          asked = batch.isEmpty();
          woken = List.copyOf(wakes);
          wakes.clear();
          if (batch.isEmpty()) {
            delivering = false;
          }
        }
        woken.forEach(Runnable::run);
        if (batch.isEmpty()) {
          done.complete(null);
          return;
        }
        try {
          consumer.consume(batch, this);
        } catch (Exception e) {
          done.completeExceptionally(e);
          cancel();
          return;
        } catch (Error e) {
          done.completeExceptionally(e);
          cancel();
          throw e;
        }
      }
    }

    @Override
    public CompletableFuture<Void> done() {
      return done;
    }

    @Override
    public void cancel() {
      end();
      done.complete(null);
    }

    @Override
    public void close() {
      end();
      step();
    }

    private void end() {
      List<Runnable> told;
      synchronized (this) {
        ended = true;
        told = List.copyOf(closers);
        closers.clear();
      }
      told.forEach(Runnable::run);
    }

    @Override
    public synchronized boolean writable() {
      return waiting.size() < buffersMax;
    }

    @Override
    public void onWritable(Runnable wake) {
      synchronized (this) {
        if (!writable()) {
          wakes.add(wake);
          return;
        }
      }
      wake.run();
    }

    @Override
    public void onClose(Runnable closed) {
      synchronized (this) {
        if (!ended) {
          closers.add(closed);
          return;
        }
      }
      closed.run();
    }
  }
}
