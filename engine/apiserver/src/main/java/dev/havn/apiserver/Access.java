// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.ApiServer.Settings;
import dev.havn.apiserver.authentication.Authentication;
import dev.havn.apiserver.authentication.Authenticator;
import dev.havn.apiserver.authentication.ServiceAccountTokens;
import dev.havn.apiserver.authorization.AccessReviews;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Uid;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.webhook.KubeconfigTarget;
import dev.havn.apiserver.webhook.ReviewClient;
import org.jspecify.annotations.Nullable;

/// Who somebody is and what he may: put together from the settings of a server.
record Access(ServiceAccountTokens tokens, Authentication authentication, Authorizer authorizer)
    implements AutoCloseable {

  /// @param connections to servers that are asked
  /// @param server notes the use of tokens
  static Access of(Settings settings, Objects objects, Connections connections, Handler server) {
    ServiceAccountTokens.Lookup lookup =
        (resource, namespace, name) -> read(objects, resource, namespace, name);
    ServiceAccountTokens tokens =
        new ServiceAccountTokens(
            settings.tokenKeys(),
            settings.clock(),
            () -> Uid.next(settings.random()),
            lookup,
            new TokenUse(server, settings.executor()));
    Authentication authentication =
        new Authentication(
            new Authentication.Settings(
                settings.options().authentication(),
                settings.authorities(),
                tokens,
                lookup,
                connections,
                settings.clock(),
                settings.executor()));
    return new Access(tokens, authentication, authorizer(settings, objects, connections));
  }

  private static @Nullable ObjectNode read(
      Objects objects, String resource, String namespace, String name) {
    return objects.read("v1", resource, namespace, name);
  }

  private static Authorizer authorizer(
      Settings settings, Objects objects, Connections connections) {
    return new Authorizer(
        objects,
        settings.store(),
        new Authorizer.Settings(
            settings.options().authorization(),
            (kubeconfig, timeout) ->
                new ReviewClient(
                    KubeconfigTarget.read(kubeconfig), connections, settings.clock(), timeout),
            settings.clock(),
            settings.executor()));
  }

  Authenticator authenticator() {
    return authentication.authenticator();
  }

  AccessReviews reviews(Objects objects) {
    return new AccessReviews(authorizer, authenticator(), tokens, objects);
  }

  @Override
  public void close() {
    authentication.close();
    authorizer.close();
  }
}
