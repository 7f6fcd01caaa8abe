// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.proxy.Destination;
import dev.havn.apiserver.proxy.ReverseProxy;
import dev.havn.apiserver.transport.ServiceResolver;
import dev.havn.apiserver.transport.Trusts;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way to the servers behind APIServices: found by their Services, known by their certificates,
/// and shown the front proxy's.
final class RemoteServers {
  static final UserInfo AGGREGATOR =
      new UserInfo("system:kube-aggregator", List.of("system:masters"));
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);
  private static final int DOCUMENT_BYTES_MAX = 16 << 20;

  private final ServiceResolver services;
  private final ReverseProxy proxy;
  private final FrontProxy frontProxy;
  private final InstantSource clock;
  private Authority.@Nullable Identity shown;
  private @Nullable Trusts trusts;

  RemoteServers(
      ServiceResolver services, ReverseProxy proxy, FrontProxy frontProxy, InstantSource clock) {
    this.services = services;
    this.proxy = proxy;
    this.frontProxy = frontProxy;
    this.clock = clock;
  }

  private synchronized Trusts trusts() {
    Authority.Identity now = frontProxy.client();
    Trusts made = trusts;
    if (made == null || shown != now) {
      made = new Trusts(clock, now);
      trusts = made;
      shown = now;
    }
    return made;
  }

  private SslContext tls(RemoteApi api) {
    return api.insecure() ? trusts().ofAnybody() : trusts().of(api.authorities());
  }

  /// @throws dev.havn.apiserver.transport.UnreachableException when nobody is behind the Service
  InetSocketAddress resolve(RemoteApi api) {
    return services.resolve(api.namespace(), api.service(), api.port());
  }

  static String host(InetSocketAddress address) {
    String literal = address.getAddress().getHostAddress();
    return (literal.contains(":") ? "[" + literal + "]" : literal) + ":" + address.getPort();
  }

  /// Asks on behalf of this server.
  ///
  /// @throws dev.havn.apiserver.proxy.ProxyException when there is no answer
  ReverseProxy.Answer get(RemoteApi api, InetSocketAddress address, String target, String accept) {
    String host = host(address);
    Headers headers = RemoteUser.headers(AGGREGATOR, target, accept, host);
    return proxy.get(
        destination(api, address, host, target, headers), DOCUMENT_BYTES_MAX, ANSWER_WITHIN);
  }

  /// Passes a request on for its user.
  ///
  /// @throws dev.havn.apiserver.proxy.ProxyException when there is no answer
  void pass(
      RemoteApi api, InetSocketAddress address, Request request, UserInfo user, Response response) {
    String host = host(address);
    Headers headers = RemoteUser.headers(request, user, host);
    proxy.pass(request, destination(api, address, host, request.target(), headers), response);
  }

  private Destination destination(
      RemoteApi api, InetSocketAddress address, String host, String target, Headers headers) {
    return new Destination(
        address, host, api.serverName(), tls(api), target, headers, /* mayRedirect= */ false);
  }
}
