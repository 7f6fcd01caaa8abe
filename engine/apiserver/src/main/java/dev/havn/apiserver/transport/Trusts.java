// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.transport;

import dev.havn.apiserver.certificates.Authority;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// TLS of a client by the certificates it trusts; those used last are kept.
public final class Trusts {
  private static final int KEPT_MAX = 200;

  private final InstantSource clock;
  private final Authority.@Nullable Identity client;
  private @Nullable SslContext anybody;
  private final Map<String, SslContext> kept =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, SslContext> eldest) {
          return size() > KEPT_MAX;
        }
      };

  public Trusts(InstantSource clock) {
    this(clock, null);
  }

  /// @param client whom the servers are shown, or null for nobody
  public Trusts(InstantSource clock, Authority.@Nullable Identity client) {
    this.clock = clock;
    this.client = client;
  }

  /// Takes whatever certificate a server has.
  public synchronized SslContext ofAnybody() {
    SslContext known = anybody;
    if (known == null) {
      try {
        known = builder(InsecureTrustManagerFactory.INSTANCE.getTrustManagers()[0], null);
      } catch (IOException e) {
        throw new UnreachableException("unable to use TLS: " + e.getMessage(), e);
      }
      anybody = known;
    }
    return known;
  }

  private SslContext builder(TrustManager trust, @Nullable String names) throws IOException {
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.JDK)
            .trustManager(trust)
            .endpointIdentificationAlgorithm(names);
    if (client != null) {
      builder.keyManager(client.keys().getPrivate(), client.certificate());
    }
    return builder.build();
  }

  /// @param authorities certificates as PEM, empty for those of the machine
  public synchronized SslContext of(String authorities) {
    SslContext known = kept.get(authorities);
    if (known == null) {
      known = make(authorities);
      kept.put(authorities, known);
    }
    return known;
  }

  private SslContext make(String authorities) {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(authorities.isEmpty() ? null : store(authorities));
      X509ExtendedTrustManager trust =
          Arrays.stream(factory.getTrustManagers())
              .filter(X509ExtendedTrustManager.class::isInstance)
              .map(X509ExtendedTrustManager.class::cast)
              .findFirst()
              .orElseThrow();
      TrustManager worded = new TlsTrust(trust, clock);
      return builder(worded, "HTTPS");
    } catch (GeneralSecurityException | IOException e) {
      throw new UnreachableException("unable to load root certificates: " + e.getMessage(), e);
    }
  }

  private static @Nullable KeyStore store(String authorities)
      throws GeneralSecurityException, IOException {
    byte[] bytes = authorities.getBytes(StandardCharsets.ISO_8859_1);
    Collection<? extends Certificate> certificates =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(bytes));
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (Certificate each : certificates) {
      store.setCertificateEntry("authority-" + store.size(), each);
    }
    if (store.size() == 0) {
      throw new GeneralSecurityException("unable to parse bytes as PEM block");
    }
    return store;
  }
}
