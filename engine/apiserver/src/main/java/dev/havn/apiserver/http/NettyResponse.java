// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// An answer over the network.
final class NettyResponse implements Response {
  private static final int WEBSOCKET_FRAME_BYTES_MAX = 1 << 20;

  /// What one body may have handed to its event loop that is not written yet.
  private static final long UNWRITTEN_BYTES_MAX = 256 << 10;

  private final ChannelHandlerContext context;
  private final HttpRequest request;
  private final Exchange exchange;
  private final boolean http2;
  private final Executor executor;
  private final List<Runnable> onWritable = new ArrayList<>();
  private final List<Runnable> onClose = new ArrayList<>();
  private boolean gone;

  /// What a response is part of.
  ///
  /// @param body of the request
  /// @param broken whether it cannot be told where the next request begins
  /// @param sent called when no more will be written
  /// @param answered called on the event loop when all is written and the connection stays
  record Exchange(
      boolean http2,
      Executor executor,
      AuditIds audits,
      IncomingBody body,
      BooleanSupplier broken,
      Runnable sent,
      Runnable answered) {}

  NettyResponse(ChannelHandlerContext context, HttpRequest request, Exchange exchange) {
    this.context = context;
    this.request = request;
    this.exchange = exchange;
    this.http2 = exchange.http2();
    this.executor = exchange.executor();
  }

  private Channel channel() {
    return context.channel();
  }

  @Override
  public void send(int status, Headers headers, List<ByteBuffer> body) {
    ByteBuf content = content(body);
    boolean head = request.method().name().equals("HEAD");
    int length = content.readableBytes();
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(status),
            head ? Unpooled.EMPTY_BUFFER : content);
    fill(response, headers);
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
    finish(context.writeAndFlush(response));
  }

  private static ByteBuf content(List<ByteBuffer> body) {
    return body.isEmpty()
        ? Unpooled.EMPTY_BUFFER
        : Unpooled.wrappedBuffer(body.size(), body.toArray(ByteBuffer[]::new));
  }

  private void fill(HttpResponse response, Headers headers) {
    headers.asMap().forEach((name, values) -> response.headers().set(name, values));
    if (!response.headers().contains("audit-id")) {
      response.headers().set("audit-id", exchange.audits().next());
    }
    if (!goesOn()) {
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
  }

  /// Takes the next request, or ends the connection when that was asked for.
  private void finish(ChannelFuture written) {
    exchange.sent().run();
    if (goesOn()) {
      written.addListener(done -> exchange.answered().run());
    } else {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  /// Whether the connection takes more requests after this one.
  private boolean goesOn() {
    return http2 || HttpUtil.isKeepAlive(request) && !exchange.broken().getAsBoolean();
  }

  void abort() {
    channel().close();
  }

  /// What waits for the client to read, above what may wait; it shrinks while the client reads.
  long unwrittenBytes() {
    return channel().bytesBeforeWritable();
  }

  void becameWritable() {
    List<Runnable> wakes;
    synchronized (onWritable) {
      wakes = List.copyOf(onWritable);
      onWritable.clear();
    }
    wakes.forEach(executor::execute);
  }

  void peerHasGone() {
    List<Runnable> listeners;
    synchronized (onWritable) {
      gone = true;
      listeners = List.copyOf(onClose);
      onClose.clear();
    }
    listeners.forEach(executor::execute);
    becameWritable();
  }

  @Override
  public BodyStream stream(int status, Headers headers) {
    DefaultHttpResponse response =
        new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
    fill(response, headers);
    if (!http2) {
      response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      channel().config().setAutoRead(true);
    }
    context.writeAndFlush(response);
    return new Stream();
  }

  /// A body under way. What is handed to the event loop is counted here until it is written: the
  /// channel does not know of it before its loop comes to it, which may be long after.
  private final class Stream implements BodyStream {
    private final AtomicLong unwritten = new AtomicLong();

    @Override
    public void write(List<ByteBuffer> buffers) {
      if (!buffers.isEmpty()) {
        ByteBuf content = content(buffers);
        int size = content.readableBytes();
        unwritten.addAndGet(size);
        context.writeAndFlush(new DefaultHttpContent(content)).addListener(_ -> wasWritten(size));
      }
    }

    private void wasWritten(int size) {
      long left = unwritten.addAndGet(-size);
      boolean again = left < UNWRITTEN_BYTES_MAX && left + size >= UNWRITTEN_BYTES_MAX;
      if (again && writable()) {
        becameWritable();
      }
    }

    @Override
    public boolean writable() {
      return !channel().isActive()
          || (unwritten.get() < UNWRITTEN_BYTES_MAX && channel().isWritable());
    }

    @Override
    public void onWritable(Runnable wake) {
      synchronized (onWritable) {
        onWritable.add(wake);
      }
      if (writable()) {
        becameWritable();
      }
    }

    @Override
    public void onClose(Runnable closed) {
      boolean now;
      synchronized (onWritable) {
        now = gone;
        if (!now) {
          onClose.add(closed);
        }
      }
      if (now) {
        closed.run();
      }
    }

    @Override
    public void abort() {
      NettyResponse.this.abort();
    }

    @Override
    public void close() {
      finish(context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
      peerHasGone();
    }
  }

  @Override
  public WebSocket acceptWebSocket(String subprotocol) {
    if (http2) {
      throw new UnsupportedUpgradeException("WebSockets are served over HTTP/1.1");
    }
    requireWholeRequest();
    @Nullable String offered = subprotocol.isEmpty() ? null : subprotocol;
    WebSocketServerHandshaker13 handshaker =
        new WebSocketServerHandshaker13("", offered, false, WEBSOCKET_FRAME_BYTES_MAX);
    NettyWebSocket socket = new NettyWebSocket(channel(), executor);
    channel()
        .eventLoop()
        .submit(
            () -> {
              channel().pipeline().replace("exchanges", "websocket", socket.inbound());
              handshaker.handshake(channel(), upgradeRequest());
              channel().config().setAutoRead(true);
            })
        .syncUninterruptibly();
    return socket;
  }

  /// The rest of a body must not be taken for what follows the upgrade.
  private void requireWholeRequest() {
    if (!exchange.body().isComplete()) {
      throw new UnsupportedUpgradeException("a request that upgrades its connection has no body");
    }
  }

  private io.netty.handler.codec.http.FullHttpRequest upgradeRequest() {
    return new io.netty.handler.codec.http.DefaultFullHttpRequest(
        request.protocolVersion(),
        request.method(),
        request.uri(),
        Unpooled.EMPTY_BUFFER,
        request.headers(),
        io.netty.handler.codec.http.EmptyHttpHeaders.INSTANCE);
  }

  @Override
  public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
    if (http2) {
      throw new UnsupportedUpgradeException("upgrades are served over HTTP/1.1");
    }
    requireWholeRequest();
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS, Unpooled.EMPTY_BUFFER);
    headers.asMap().forEach((name, values) -> response.headers().set(name, values));
    response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
    response.headers().set(HttpHeaderNames.UPGRADE, protocol);
    NettyDuplex duplex = new NettyDuplex(channel());
    channel()
        .eventLoop()
        .submit(
            () -> {
              context.writeAndFlush(response);
              channel().pipeline().addLast(duplex.inbound());
              channel().pipeline().remove("exchanges");
              channel().pipeline().remove("http");
              channel().config().setAutoRead(true);
            })
        .syncUninterruptibly();
    return duplex;
  }
}
