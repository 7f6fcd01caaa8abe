// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.QueryStringDecoder;

/// A request that came over the network; its body may still be on the way.
record NettyRequest(
    String method,
    String path,
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
    Channel connection = channel.parent() == null ? channel : channel.parent();
    return new NettyRequest(
        request.method().name(),
        uri.path(),
        new Query(uri.parameters()),
        headers,
        content,
        credential,
        String.valueOf(connection.remoteAddress()));
  }

  @Override
  public byte[] body(int bytesMax) {
    return content.read(bytesMax);
  }
}
