// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.NettyDuplex;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// One request on one connection, seen from its answer. After the head nothing is read that the
/// client's side does not take. Runs on the event loop; what others call says so.
final class Backend extends ChannelInboundHandlerAdapter {
  private static final int INFORMATIONAL_MAX = 199;
  private static final int SWITCHING = 101;

  private final CompletableFuture<Head> head = new CompletableFuture<>();
  private final Deque<ByteBuffer> early = new ArrayDeque<>();
  private @Nullable BodyStream sink;
  private @Nullable Throwable failure;
  private boolean informational;
  private boolean upgraded;
  private boolean ended;

  /// How an answer begins.
  ///
  /// @param upgraded the connection's bytes from now on, when it was upgraded
  record Head(int status, Headers headers, @Nullable NettyDuplex upgraded) {}

  /// From any thread.
  CompletableFuture<Head> head() {
    return head;
  }

  /// Sends the body to `to` from now on; when that ends, so does the connection. From any thread.
  void passBodyTo(Channel channel, BodyStream to) {
    to.onClose(channel::close);
    channel.eventLoop().execute(() -> attach(channel, to));
  }

  private void attach(Channel channel, BodyStream to) {
    sink = to;
    if (!early.isEmpty()) {
      to.write(List.copyOf(early));
      early.clear();
    }
    if (ended) {
      to.close();
    } else if (failure != null || !channel.isActive()) {
      to.abort();
    } else {
      readOn(channel, to);
    }
  }

  private static void readOn(Channel channel, BodyStream to) {
    if (to.writable()) {
      channel.read();
    } else {
      to.onWritable(channel::read);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (upgraded && message instanceof ByteBuf) {
      context.fireChannelRead(message);
      return;
    }
    try {
      if (message instanceof HttpResponse response) {
        begin(context, response);
      }
      if (message instanceof HttpContent content && !upgraded) {
        take(content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(ChannelHandlerContext context, HttpResponse response) {
    int status = response.status().code();
    informational = status != SWITCHING && status <= INFORMATIONAL_MAX;
    if (informational) {
      return;
    }
    Headers headers = new Headers();
    response.headers().forEach(field -> headers.add(field.getKey(), field.getValue()));
    @Nullable NettyDuplex duplex = null;
    if (status == SWITCHING) {
      duplex = upgrade(context);
    } else {
      context.channel().config().setAutoRead(false);
    }
    head.complete(new Head(status, headers, duplex));
  }

  /// What follows is no HTTP any more.
  private NettyDuplex upgrade(ChannelHandlerContext context) {
    upgraded = true;
    NettyDuplex duplex = new NettyDuplex(context.channel());
    context.pipeline().addLast(duplex.inbound());
    context.pipeline().get(HttpClientCodec.class).removeOutboundHandler();
    context.channel().eventLoop().execute(() -> context.pipeline().remove(HttpClientCodec.class));
    return duplex;
  }

  private void take(HttpContent content) {
    boolean last = content instanceof LastHttpContent;
    if (informational) {
      informational = !last;
      return;
    }
    if (content.decoderResult().isFailure()) {
      fail(content.decoderResult().cause());
      return;
    }
    if (content.content().isReadable()) {
      byte[] copy = new byte[content.content().readableBytes()];
      content.content().readBytes(copy);
      BodyStream to = sink;
      if (to == null) {
        early.add(ByteBuffer.wrap(copy));
      } else {
        to.write(List.of(ByteBuffer.wrap(copy)));
      }
    }
    if (last) {
      ended = true;
      if (sink != null) {
        sink.close();
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    BodyStream to = sink;
    if (to != null && !ended && !upgraded) {
      readOn(context.channel(), to);
    }
    context.fireChannelReadComplete();
  }

  private void fail(Throwable cause) {
    failure = cause;
    head.completeExceptionally(cause);
    if (sink != null && !ended) {
      sink.abort();
    }
  }

  /// As the end of TLS comes, some servers wait for ours before they close.
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslCloseCompletionEvent) {
      context.close();
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!ended && !upgraded) {
      fail(new EOFException("EOF"));
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    fail(cause);
    context.close();
  }
}
