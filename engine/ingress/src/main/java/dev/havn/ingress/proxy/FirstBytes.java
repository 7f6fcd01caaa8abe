// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tells HTTP/2 from HTTP/1.1 where no TLS has settled it (RFC 9113, section 3.3).
final class FirstBytes extends ByteToMessageDecoder {
  private static final byte[] HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  private final Connection connection;
  private final Traffic traffic;
  private @Nullable Patience patience;

  FirstBytes(Connection connection, Traffic traffic) {
    this.connection = connection;
    this.traffic = traffic;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    patience = new Patience(context.executor(), traffic.limits().request(), context::close);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext context) {
    if (patience != null) {
      patience.stop();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    if (patience != null) {
      patience.stop();
    }
    super.channelInactive(context);
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    int length = Math.min(in.readableBytes(), HTTP2.length);
    boolean isHttp2 = true;
    for (int i = 0; i < length && isHttp2; i++) {
      isHttp2 = in.getByte(in.readerIndex() + i) == HTTP2[i];
    }
    if (isHttp2 && length < HTTP2.length) {
      return;
    }
    if (isHttp2) {
      Pipelines.http2(context.pipeline(), connection, traffic);
    } else {
      Pipelines.http1(context.pipeline(), connection, traffic);
    }
    context.pipeline().remove(this);
  }
}
