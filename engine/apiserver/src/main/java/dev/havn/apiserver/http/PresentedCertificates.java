// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;

/// Takes any client certificate at the TLS level: whether it means anything is decided by
/// authentication, so that the client gets a `Status` and not a broken handshake.
final class PresentedCertificates extends X509ExtendedTrustManager {
  private final List<X509Certificate> authorities;

  PresentedCertificates(List<X509Certificate> authorities) {
    this.authorities = authorities;
  }

  static Credential of(SSLSession session) {
    try {
      List<X509Certificate> chain = new ArrayList<>();
      for (Certificate each : session.getPeerCertificates()) {
        if (each instanceof X509Certificate certificate) {
          chain.add(certificate);
        }
      }
      return new Credential.Certificate(chain);
    } catch (SSLPeerUnverifiedException none) {
      return new Credential.None();
    }
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authorities.toArray(X509Certificate[]::new);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
}
