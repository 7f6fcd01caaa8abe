// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns what Netty decodes into requests for the handler: one at a time on an HTTP/1.1 connection,
/// one in all on an HTTP/2 stream. Runs on the channel's event loop.
final class HttpExchanges extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(HttpExchanges.class);

  /// What is gathered of a body before the handler says how much it takes.
  private static final int BODY_BYTES_MAX = (3 << 20) + 1;

  private final Handler handler;
  private final Executor executor;
  private final Credential credential;
  private final boolean http2;

  private @Nullable HttpRequest head;
  private ByteArrayOutputStream body = new ByteArrayOutputStream();
  private boolean tooLarge;
  private @Nullable NettyResponse current;

  HttpExchanges(Handler handler, Executor executor, Credential credential, boolean http2) {
    this.handler = handler;
    this.executor = executor;
    this.credential = credential;
    this.http2 = http2;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof HttpRequest request) {
        if (request.decoderResult().isFailure()) {
          refuse(context);
          return;
        }
        head = request;
        body = new ByteArrayOutputStream();
        tooLarge = false;
      }
      if (message instanceof HttpContent content && head != null) {
        gather(content.content());
        if (message instanceof LastHttpContent) {
          dispatch(context, head);
          head = null;
        }
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void gather(ByteBuf content) {
    int length = content.readableBytes();
    if (body.size() + length > BODY_BYTES_MAX) {
      tooLarge = true;
      return;
    }
    try {
      content.readBytes(body, length);
    } catch (IOException e) {
      throw new AssertionError("writing to memory", e);
    }
  }

  private void dispatch(ChannelHandlerContext context, HttpRequest request) {
    if (!http2) {
      context.channel().config().setAutoRead(false);
    }
    NettyResponse response = new NettyResponse(context, request, http2, executor);
    current = response;
    NettyRequest given =
        NettyRequest.of(request, body.toByteArray(), tooLarge, credential, context.channel());
    executor.execute(
        () -> {
          try {
            handler.handle(given, response);
          } catch (RuntimeException | Error e) {
            LOG.error("{} {} failed without an answer", request.method(), request.uri(), e);
            response.abort();
          }
        });
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    NettyResponse response = current;
    if (response != null && context.channel().isWritable()) {
      response.becameWritable();
    }
    context.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    NettyResponse response = current;
    if (response != null) {
      response.peerHasGone();
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    LOG.debug("connection {} ends: {}", context.channel().remoteAddress(), cause.toString());
    context.close();
  }

  private static void refuse(ChannelHandlerContext context) {
    context
        .writeAndFlush(
            new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.BAD_REQUEST))
        .addListener(io.netty.channel.ChannelFutureListener.CLOSE);
  }
}
