// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.Connections.Answer;
import dev.havn.apiserver.transport.Connections.Route;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.schema.codec.GoDuration;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Posts reviews to one server that a kubeconfig names. For many threads; a call blocks until the
/// answer is there or the time is over. A failed call is not tried again: who asked gets to know.
public final class ReviewClient implements Function<ObjectNode, ObjectNode> {
  private static final int CALLS_MAX = 64;

  private final KubeconfigTarget target;
  private final Connections connections;
  private final Trusts trusts;
  private final Duration timeout;

  /// Strangers may make the server ask: they wait for each other before they take its connections.
  private final Semaphore calls = new Semaphore(CALLS_MAX);

  /// @param timeout of one call, which the server is told too
  public ReviewClient(
      KubeconfigTarget target, Connections connections, InstantSource clock, Duration timeout) {
    this.target = target;
    this.connections = connections;
    this.trusts = new Trusts(clock, target.client());
    this.timeout = timeout;
  }

  /// @return the review as it came back
  /// @throws WebhookException when no object came back in time, with Kubernetes' words for why
  @Override
  public ObjectNode apply(ObjectNode review) {
    String given = target.server().getRawPath();
    String path = given == null || given.isEmpty() ? "/" : given.replaceFirst("(?<=.)/+$", "");
    String query = "?timeout=" + GoDuration.words(timeout);
    String url = target.server().getScheme() + "://" + target.server().getRawAuthority();
    String post = "Post \"" + url + path + query + "\": ";
    Answer answer;
    begin(post);
    try {
      SslContext tls = target.insecure() ? trusts.ofAnybody() : trusts.of(target.authorities());
      Route found = Route.of(target.server(), tls);
      Route route =
          target.serverName().isEmpty()
              ? found
              : new Route(found.address(), target.serverName(), found.tls());
      answer = connections.ask(route, request(path + query, review), timeout);
    } catch (IOException | UnreachableException e) {
      throw new WebhookException(post + e.getMessage(), e);
    } finally {
      calls.release();
    }
    return Answers.object(answer);
  }

  private void begin(String post) {
    try {
      if (!calls.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new WebhookException(post + "context deadline exceeded");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WebhookException(post + "context canceled", e);
    }
  }

  private FullHttpRequest request(String path, ObjectNode body) {
    FullHttpRequest request =
        new JsonPost(target.server().getRawAuthority(), "kube-apiserver").of(path, body);
    if (!target.authorization().isEmpty()) {
      request.headers().set(HttpHeaderNames.AUTHORIZATION, target.authorization());
    }
    return request;
  }
}
