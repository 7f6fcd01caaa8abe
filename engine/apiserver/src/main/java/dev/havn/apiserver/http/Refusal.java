// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is wrong with the head of an HTTP/1.1 request so that no handler sees it, and its sender is
/// hung up on: in the words of Go's server, by which clients of Kubernetes know it.
///
/// @param text follows the status in the first line
record Refusal(int status, String text) {
  private static final Refusal BAD = new Refusal(400, "400 Bad Request");
  private static final Refusal NO_HOST =
      new Refusal(400, "400 Bad Request: missing required Host header");
  private static final Refusal TOO_LONG = new Refusal(431, "431 Request Header Fields Too Large");
  private static final Refusal UNKNOWN_CODING = new Refusal(501, "Unsupported transfer encoding");

  /// Null when the head is right.
  static @Nullable Refusal of(HttpRequest request) {
    HttpHeaders headers = request.headers();
    List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    boolean isChunked =
        codings.size() == 1
            && HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(codings.getFirst().strip());
    if (!codings.isEmpty() && !isChunked) {
      return UNKNOWN_CODING;
    }
    if (request.decoderResult().isFailure()) {
      Throwable cause = request.decoderResult().cause();
      boolean isLong =
          cause instanceof TooLongHttpHeaderException || cause instanceof TooLongHttpLineException;
      return isLong ? TOO_LONG : BAD;
    }
    int hosts = headers.getAll(HttpHeaderNames.HOST).size();
    boolean needsHost =
        request.protocolVersion().compareTo(HttpVersion.HTTP_1_1) >= 0
            && !request.method().equals(HttpMethod.CONNECT);
    if (hosts > 1) {
      return BAD;
    }
    return hosts == 0 && needsHost ? NO_HOST : null;
  }

  /// What is wrong with a piece of a body that comes in pieces.
  static String ofChunk(Throwable cause) {
    String problem = String.valueOf(cause.getMessage());
    if (problem.contains("overflow")) {
      return "http chunk length too large";
    }
    return problem.contains("chunk size")
        ? problem.contains("Empty")
            ? "empty hex number for chunk length"
            : "invalid byte in chunk length"
        : "malformed chunked encoding";
  }

  void send(ChannelHandlerContext context) {
    ByteBuf body = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), body);
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }
}
