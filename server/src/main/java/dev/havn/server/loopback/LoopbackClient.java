// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.loopback;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpClientBuilder;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import io.fabric8.kubernetes.client.http.StandardWebSocketBuilder;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/// fabric8's client without a network.
final class LoopbackClient
    extends StandardHttpClient<LoopbackClient, LoopbackFactory, LoopbackClient.Builder> {
  private final LoopbackFactory factory;

  LoopbackClient(Builder builder, AtomicBoolean closed, LoopbackFactory factory) {
    super(builder, closed);
    this.factory = factory;
  }

  @Override
  public CompletableFuture<HttpResponse<AsyncBody>> consumeBytesDirect(
      StandardHttpRequest request, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
    try {
      LoopbackResponse response = new LoopbackResponse(request, consumer, factory.executor());
      factory.handler().handle(LoopbackRequest.of(request, factory.identity()), response);
      return response.future();
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<WebSocketResponse> buildWebSocketDirect(
      StandardWebSocketBuilder builder, WebSocket.Listener listener) {
    try {
      StandardHttpRequest request = builder.asHttpRequest();
      LoopbackResponse response = new LoopbackResponse(request, (_, _) -> {}, factory.executor());
      response.expectWebSocket(listener);
      LoopbackRequest given =
          LoopbackRequest.webSocket(request, builder.getSubprotocol(), factory.identity());
      factory.handler().handle(given, response);
      return response.webSocket();
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  protected void doClose() {
    // Nothing is held: each stream belongs to its request.
  }

  /// Builds loopback clients.
  static final class Builder
      extends StandardHttpClientBuilder<LoopbackClient, LoopbackFactory, Builder> {
    Builder(LoopbackFactory factory) {
      super(factory);
    }

    @Override
    public LoopbackClient build() {
      if (client != null) {
        return new LoopbackClient(this, client.getClosed(), clientFactory);
      }
      return new LoopbackClient(this, new AtomicBoolean(), clientFactory);
    }

    @Override
    protected Builder newInstance(LoopbackFactory factory) {
      return new Builder(factory);
    }
  }
}
