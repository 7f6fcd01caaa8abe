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
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.URI;
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
    JsonPost post = new JsonPost(target.authority(), "kube-apiserver-admission");
    Answer answer;
    try {
      answer = connections.ask(route(target), post.of(path, body), timeout);
    } catch (IOException | UnreachableException e) {
      String url = "https://" + target.authority() + path;
      throw new WebhookException("Post \"" + url + "\": " + e.getMessage(), e);
    }
    return Answers.object(answer);
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
