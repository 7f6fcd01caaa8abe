// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.Connections.Answer;
import dev.havn.apiserver.transport.Connections.Route;
import dev.havn.apiserver.transport.ServiceResolver;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.apiserver.webhook.WebhookTarget.Location;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;

/// Posts an object to a webhook and reads the one that it answers with. For many threads; a call
/// blocks until the answer is there or the time is over. Redirects are not followed: they would
/// lead to servers that nobody named.
public final class WebhookClient {
  private final ServiceResolver services;
  private final Trusts trusts;
  private final Connections connections;

  public WebhookClient(ServiceResolver services, Connections connections, InstantSource clock) {
    this.connections = connections;
    this.services = services;
    this.trusts = new Trusts(clock);
  }

  /// Calls a webhook.
  ///
  /// @param timeout of the whole call; the server is told about it, rounded up to seconds
  /// @throws WebhookException when no object came back in time, with Kubernetes' words for why
  public ObjectNode call(WebhookTarget target, ObjectNode body, Duration timeout) {
    String path = target.pathAndQuery(timeout.plusMillis(999).toSeconds());
    Answer answer;
    try {
      answer = connections.ask(route(target), request(target, path, body), timeout);
    } catch (IOException | UnreachableException e) {
      String url = "https://" + target.authority() + path;
      throw new WebhookException("Post \"" + url + "\": " + e.getMessage(), e);
    }
    return Answers.object(answer);
  }

  private static FullHttpRequest request(WebhookTarget target, String path, ObjectNode body) {
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, path, Unpooled.wrappedBuffer(bytes));
    request
        .headers()
        .set(HttpHeaderNames.HOST, target.authority())
        .set(HttpHeaderNames.USER_AGENT, "kube-apiserver-admission")
        .set(HttpHeaderNames.ACCEPT, "application/json, */*")
        .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
        .set(HttpHeaderNames.CONTENT_LENGTH, bytes.length);
    return request;
  }

  private Route route(WebhookTarget target) throws IOException {
    SslContext tls = trusts.of(target.authorities());
    return switch (target.location()) {
      case Location.Url(URI url) -> Route.of(url, tls);
      case Location.Service service ->
          new Route(
              services.resolve(service.namespace(), service.name(), service.port()),
              target.serverName(),
              tls);
    };
  }
}
