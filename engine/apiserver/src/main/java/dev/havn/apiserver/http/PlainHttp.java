// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/// Stands before TLS and tells who speaks HTTP without it so, in the words of Go's server;
/// everybody else is passed on. It looks at the first bytes only and then leaves the pipeline.
final class PlainHttp extends ChannelInboundHandlerAdapter {
  /// How requests begin, to the length of a record's header in TLS.
  private static final Set<String> BEGINNINGS =
      Set.of("GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "PATCH", "DELET");

  private static final int LOOKED_AT = 5;
  private static final byte[] ANSWER =
      "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
          .getBytes(StandardCharsets.US_ASCII);

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof ByteBuf bytes && isHttp(bytes)) {
      bytes.release();
      context
          .writeAndFlush(context.alloc().buffer(ANSWER.length).writeBytes(ANSWER))
          .addListener(ChannelFutureListener.CLOSE);
      return;
    }
    context.fireChannelRead(message);
    context.pipeline().remove(this);
  }

  private static boolean isHttp(ByteBuf bytes) {
    return bytes.readableBytes() >= LOOKED_AT
        && BEGINNINGS.contains(
            bytes.toString(bytes.readerIndex(), LOOKED_AT, StandardCharsets.US_ASCII));
  }
}
