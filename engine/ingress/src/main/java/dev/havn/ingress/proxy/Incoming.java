// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Asked;
import dev.havn.ingress.routing.RequestPath;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A request that is understood in one way only.
///
/// @param authority as the client wrote it, with a port where it had one
record Incoming(HttpRequest request, Asked asked, RequestPath path, String authority) {
  private static final int PORT_MAX = 65_535;

  /// A name or an address in brackets, and a port where there is one.
  private static final Pattern AUTHORITY =
      Pattern.compile("([A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?");

  /// Why a request is not carried on.
  static final class RefusedException extends Exception {
    private final int status;

    RefusedException(int status, String why) {
      super(why);
      this.status = status;
    }

    int status() {
      return status;
    }

    String words() {
      return String.valueOf(getMessage());
    }
  }

  static Incoming of(HttpRequest request) throws RefusedException {
    if (request.decoderResult().isFailure()) {
      throw undecoded(request.decoderResult().cause());
    }
    HttpHeaders headers = request.headers();
    framing(request, headers);
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (hosts.size() > 1 || hosts.isEmpty() && isHttp11(request)) {
      throw new RefusedException(400, "a request names its host once");
    }
    if (request.method().equals(HttpMethod.CONNECT)) {
      throw new RefusedException(405, "CONNECT is not for this server");
    }
    String authority = hosts.isEmpty() ? "" : hosts.getFirst().strip();
    String target = request.uri();
    if (!target.startsWith("/")) {
      int authorityAt = target.indexOf("://");
      if (authorityAt < 0) {
        throw new RefusedException(400, "the target of a request is a path");
      }
      // The target counts, whatever the header says (RFC 9112, section 3.2.2).
      int pathAt = firstOf(target, authorityAt + 3);
      authority = target.substring(authorityAt + 3, pathAt);
      target = target.substring(pathAt);
      target = target.startsWith("/") ? target : "/" + target;
      request.setUri(target);
      headers.set(HttpHeaderNames.HOST, authority);
    }
    String host = host(authority);
    @Nullable RequestPath path = RequestPath.parse(target);
    if (path == null) {
      throw new RefusedException(400, "the path is ambiguous");
    }
    return new Incoming(
        request,
        new Asked(
            request.method().name(),
            host,
            path.decoded(),
            path.parameters(),
            name -> {
              List<String> values = headers.getAll(name);
              return values.isEmpty() ? null : String.join(",", values);
            }),
        path,
        authority);
  }

  private static int firstOf(String target, int from) {
    for (int i = from; i < target.length(); i++) {
      if (target.charAt(i) == '/' || target.charAt(i) == '?') {
        return i;
      }
    }
    return target.length();
  }

  private static boolean isHttp11(HttpRequest request) {
    return request.protocolVersion().equals(HttpVersion.HTTP_1_1);
  }

  private static RefusedException undecoded(Throwable cause) {
    if (cause instanceof TooLongHttpHeaderException) {
      return new RefusedException(431, "the headers are too long");
    }
    if (cause instanceof TooLongHttpLineException || cause instanceof TooLongFrameException) {
      return new RefusedException(414, "the target is too long");
    }
    return new RefusedException(400, "this is no request of HTTP");
  }

  /// Two servers that see the end of a body at different places see different requests after it.
  private static void framing(HttpRequest request, HttpHeaders headers) throws RefusedException {
    List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
    if (!codings.isEmpty()) {
      if (!lengths.isEmpty()) {
        throw new RefusedException(400, "a body has a length or comes in pieces, not both");
      }
      if (codings.size() > 1 || !codings.getFirst().strip().equalsIgnoreCase("chunked")) {
        throw new RefusedException(501, "no transfer coding but chunked is known");
      }
      if (!isHttp11(request)) {
        throw new RefusedException(400, "pieces are for HTTP/1.1");
      }
    }
    if (lengths.size() > 1
        || lengths.size() == 1 && !lengths.getFirst().chars().allMatch(Character::isDigit)) {
      throw new RefusedException(400, "the length of the body is no number");
    }
    if (headers.contains(HttpHeaderNames.EXPECT) && !HttpUtil.is100ContinueExpected(request)) {
      throw new RefusedException(417, "nothing but 100-continue can be expected");
    }
  }

  /// Without a port, in lower case. Backends make links of the whole, so nothing else may stand in
  /// it: of `a:@b` a browser sees `b`.
  private static String host(String authority) throws RefusedException {
    Matcher found = AUTHORITY.matcher(authority);
    if (!found.matches()
        || found.group(1).isEmpty() && !authority.isEmpty()
        || found.group(2) != null && Integer.parseInt(found.group(2)) > PORT_MAX) {
      throw new RefusedException(400, "the host is no name");
    }
    return found.group(1).toLowerCase(Locale.ROOT).replaceAll("\\.$", "");
  }

  /// Whether no body follows.
  boolean isBare() {
    return !request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)
        && HttpUtil.getContentLength(request, 0L) == 0;
  }

  boolean isGrpc() {
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    return type.startsWith("application/grpc");
  }

  /// Whether the client wants to leave HTTP.
  boolean isUpgrade() {
    String wanted = request.headers().get(HttpHeaderNames.UPGRADE, "");
    return !wanted.isEmpty()
        && !wanted.toLowerCase(Locale.ROOT).contains("h2c")
        && request.headers().containsValue(HttpHeaderNames.CONNECTION, "upgrade", true)
        && isHttp11(request);
  }
}
