// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Rule.Redirect;
import java.util.Locale;

/// Where a client is sent instead.
final class Redirection {
  private Redirection() {}

  static String location(Redirect redirect, Incoming incoming, Connection connection) {
    String scheme = redirect.scheme() == null ? connection.scheme() : redirect.scheme();
    String host = redirect.hostname() == null ? incoming.asked().host() : redirect.hostname();
    int port = port(redirect, connection);
    boolean usual = scheme.equals("http") && port == 80 || scheme.equals("https") && port == 443;
    String path =
        redirect.path() == null
            ? incoming.path().raw()
            : redirect.path().apply(incoming.path().decoded());
    String query = incoming.path().query() == null ? "" : "?" + incoming.path().query();
    return scheme.toLowerCase(Locale.ROOT)
        + "://"
        + host
        + (usual ? "" : ":" + port)
        + path
        + query;
  }

  /// A scheme that is told stands for its usual port, else the door's own stays.
  private static int port(Redirect redirect, Connection connection) {
    if (redirect.port() != null) {
      return redirect.port();
    }
    if (redirect.scheme() != null) {
      return redirect.scheme().equals("https") ? 443 : 80;
    }
    return connection.door().port();
  }
}
