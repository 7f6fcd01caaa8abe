// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

/// How a client of HTTP/1 knows where an answer ends.
final class AnswerHead {
  private AnswerHead() {}

  static FullHttpResponse goOn() {
    return new DefaultFullHttpResponse(
        HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER);
  }

  /// @param isHead whether the answer is to a HEAD
  /// @param mayReuse whether the client could send another request
  /// @return whether the client can, after this answer
  static boolean frame(
      HttpResponse response, HttpVersion client, boolean isHead, boolean mayReuse) {
    HttpHeaders headers = response.headers();
    boolean isOld = !client.equals(HttpVersion.HTTP_1_1);
    boolean inPieces = HttpUtil.isTransferEncodingChunked(response);
    boolean hasBody = !isHead && hasBody(response.status().code());
    boolean reusable = mayReuse;
    if (inPieces && (isOld || !hasBody)) {
      headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
      inPieces = false;
      reusable &= !hasBody;
    }
    boolean endsAtClose = hasBody && !inPieces && !HttpUtil.isContentLengthSet(response);
    if (endsAtClose && !isOld) {
      headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    } else if (endsAtClose) {
      reusable = false;
    }
    response.setProtocolVersion(HttpVersion.HTTP_1_1);
    HttpUtil.setKeepAlive(headers, client, reusable);
    return reusable;
  }

  private static boolean hasBody(int status) {
    return status >= 200 && status != 204 && status != 304;
  }
}
