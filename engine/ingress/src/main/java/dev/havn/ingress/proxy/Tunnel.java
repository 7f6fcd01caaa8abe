// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;

/// Two connections that have left HTTP, joined: bytes both ways, as fast as the other side takes
/// them.
final class Tunnel {
  private final Requests client;
  private final Channel upstream;

  Tunnel(Requests client, Channel upstream) {
    this.client = client;
    this.upstream = upstream;
  }

  void open(HttpResponse response, Duration patience) {
    Channel near = client.context().channel();
    FullHttpResponse answer =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, response.status(), Unpooled.EMPTY_BUFFER);
    String protocol = response.headers().get(HttpHeaderNames.UPGRADE, "");
    HeaderRules.withoutHops(response.headers());
    response.headers().remove(HttpHeaderNames.TRANSFER_ENCODING);
    response.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
    answer.headers().set(response.headers());
    answer.headers().set(HttpHeaderNames.CONNECTION, "upgrade");
    answer.headers().set(HttpHeaderNames.UPGRADE, protocol);
    ReferenceCountUtil.release(response);
    client.traffic().answered(response.status().code());
    client.leave();
    client.context().writeAndFlush(answer);
    Patience common = new Patience(near.eventLoop(), patience, () -> near.close());
    near.pipeline().get(OneByOne.class).keepRest();
    near.pipeline().replace(Requests.class, "tunnel", new Relay(upstream, common));
    near.pipeline().remove(HttpServerCodec.class);
    upstream.pipeline().replace(Answers.class, "tunnel", new Relay(near, common));
    // What it has read stays in its order; it gives out bytes as they are from here on.
    upstream.pipeline().get(HttpClientCodec.class).removeOutboundHandler();
    near.read();
    upstream.read();
  }

  private static final class Relay extends ChannelInboundHandlerAdapter {
    private final Channel other;
    private final Patience patience;

    Relay(Channel other, Patience patience) {
      this.other = other;
      this.patience = patience;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      patience.moved();
      if (message instanceof LastHttpContent end) {
        // The end of the head of the answer that left HTTP.
        end.release();
        context.read();
        return;
      }
      Object bytes = message instanceof HttpContent content ? content.content() : message;
      if (!(bytes instanceof ByteBuf)) {
        ReferenceCountUtil.release(message);
        context.close();
        return;
      }
      other.writeAndFlush(bytes);
      if (other.isWritable()) {
        context.read();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (context.channel().isWritable()) {
        other.read();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      patience.stop();
      other.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }
}
