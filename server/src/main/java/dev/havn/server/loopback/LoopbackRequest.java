// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.loopback;

import dev.havn.apiserver.http.BodyTooLargeException;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request of fabric8's as one of ours.
record LoopbackRequest(
    String method, String path, Query query, Headers headers, byte[] content, Credential credential)
    implements Request {

  static LoopbackRequest of(StandardHttpRequest request, Credential.Loopback identity)
      throws IOException {
    Headers headers = headers(request);
    if (request.getContentType() != null) {
      headers.set("content-type", request.getContentType());
    }
    if (headers.first("user-agent") == null) {
      headers.set("user-agent", shortName(identity.user()));
    }
    return new LoopbackRequest(
        request.method(),
        request.uri().getPath(),
        query(request.uri()),
        headers,
        content(request.body()),
        identity);
  }

  static LoopbackRequest webSocket(
      StandardHttpRequest request, @Nullable String subprotocol, Credential.Loopback identity)
      throws IOException {
    LoopbackRequest plain = of(request, identity);
    plain.headers().set("connection", "Upgrade").set("upgrade", "websocket");
    if (subprotocol != null) {
      plain.headers().set("sec-websocket-protocol", subprotocol);
    }
    return plain;
  }

  private static Headers headers(StandardHttpRequest request) {
    Headers headers = new Headers();
    request.headers().forEach((name, values) -> values.forEach(value -> headers.add(name, value)));
    return headers;
  }

  private static String shortName(String user) {
    return user.substring(user.lastIndexOf(':') + 1);
  }

  private static Query query(URI uri) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    String raw = uri.getRawQuery();
    if (raw != null) {
      for (String pair : raw.split("&")) {
        int equals = pair.indexOf('=');
        String name = equals < 0 ? pair : pair.substring(0, equals);
        String value = equals < 0 ? "" : pair.substring(equals + 1);
        values.computeIfAbsent(decode(name), _ -> new ArrayList<>(1)).add(decode(value));
      }
    }
    return new Query(values);
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static byte[] content(StandardHttpRequest.@Nullable BodyContent body) throws IOException {
    return switch (body) {
      case StandardHttpRequest.StringBodyContent text ->
          text.getContent().getBytes(StandardCharsets.UTF_8);
      case StandardHttpRequest.ByteArrayBodyContent bytes -> bytes.getContent();
      case StandardHttpRequest.InputStreamBodyContent stream -> stream.getContent().readAllBytes();
      case null, default -> new byte[0];
    };
  }

  @Override
  public byte[] body(int bytesMax) {
    if (content.length > bytesMax) {
      throw new BodyTooLargeException(bytesMax);
    }
    return content;
  }

  @Override
  public String remoteAddress() {
    return "loopback";
  }
}
