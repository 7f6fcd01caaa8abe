// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request that came over the network; its body may still be on the way.
record NettyRequest(
    String method,
    String path,
    String target,
    Query query,
    Headers headers,
    IncomingBody content,
    Credential credential,
    String remoteAddress)
    implements Request {

  static NettyRequest of(
      HttpRequest request, IncomingBody content, Credential credential, Channel channel) {
    QueryStringDecoder uri = new QueryStringDecoder(request.uri());
    Headers headers = new Headers();
    request.headers().forEach(header -> headers.add(header.getKey(), header.getValue()));
    // The parent of a stream is its connection; that of a connection is what listens.
    Channel connection = channel instanceof Http2StreamChannel ? channel.parent() : channel;
    return new NettyRequest(
        request.method().name(),
        uri.path(),
        relative(request.uri()),
        new Query(parameters(uri)),
        headers,
        content,
        credential,
        text(connection.remoteAddress()));
  }

  /// A parameter that is not well encoded counts as not given, as Go has it.
  private static Map<String, List<String>> parameters(QueryStringDecoder uri) {
    try {
      return uri.parameters();
    } catch (IllegalArgumentException someAreWrong) {
      Map<String, List<String>> known = new LinkedHashMap<>();
      for (String pair : uri.rawQuery().split("&")) {
        try {
          new QueryStringDecoder("?" + pair)
              .parameters()
              .forEach((name, values) -> known.merge(name, values, NettyRequest::both));
        } catch (IllegalArgumentException wrong) {
          continue;
        }
      }
      return known;
    }
  }

  private static List<String> both(List<String> some, List<String> more) {
    List<String> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  /// A proxy's client names the host as well (RFC 9112, section 3.2.2).
  private static String relative(String uri) {
    return uri.startsWith("/") ? uri : uri.replaceFirst("^[a-zA-Z]+://[^/?]*", "");
  }

  private static String text(@Nullable SocketAddress address) {
    return address instanceof InetSocketAddress internet && internet.getAddress() != null
        ? internet.getAddress().getHostAddress() + ":" + internet.getPort()
        : String.valueOf(address);
  }

  @Override
  public byte[] body(int bytesMax) {
    return content.read(bytesMax);
  }

  @Override
  public InputStream bodyStream() {
    return content.stream();
  }
}
