// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
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
        new Query(QueryText.parameters(uri.rawQuery())),
        headers,
        content,
        credential,
        text(connection.remoteAddress()));
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
