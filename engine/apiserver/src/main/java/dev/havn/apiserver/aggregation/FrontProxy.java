// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import dev.havn.apiserver.certificates.Authority;
import java.io.IOException;
import java.security.cert.X509Certificate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The certificate by which other API servers know this one, and take its word for who asks. Its
/// authority signs nothing else: whoever it knows may act as anybody towards those servers.
public final class FrontProxy {
  /// The only name that those servers take headers from.
  public static final String NAME = "front-proxy-client";

  private static final Logger LOG = LoggerFactory.getLogger(FrontProxy.class);

  private final Authority authority;
  private Authority.Identity client;

  /// @param authority of its own, never the one of clients
  /// @throws IOException when its folder cannot be used
  public FrontProxy(Authority authority) throws IOException {
    this.authority = authority;
    this.client = authority.client(NAME, NAME, java.util.List.of());
  }

  /// Whom those servers have to know.
  public X509Certificate authority() {
    return authority.certificate();
  }

  /// The certificate to show now; another one when the one before is near its end.
  synchronized Authority.Identity client() {
    if (!authority.isFresh(client)) {
      try {
        client = authority.client(NAME, NAME, java.util.List.of());
      } catch (IOException e) {
        LOG.warn("the front-proxy certificate is not renewed: {}", e.getMessage());
      }
    }
    return client;
  }
}
