// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.certificates.Authority;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// The API of a cluster over HTTPS for a node of another process: whom the node trusts, and who it
/// is.
///
/// @param server URL of the API
record NodeClient(String server, X509Certificate authority) {
  private static final int CONNECT_MILLIS_MAX = 10_000;
  private static final int REQUEST_MILLIS_MAX = 30_000;

  /// With a bootstrap token.
  KubernetesClient of(String token) {
    return client(config().withOauthToken(token).build(), new KeyManager[0]);
  }

  /// With a certificate, which may be another one each time a connection is made.
  KubernetesClient of(Supplier<Authority.Identity> identity) {
    return client(config().build(), new KeyManager[] {new Newest(identity)});
  }

  /// Who calls tries again.
  private ConfigBuilder config() {
    return new ConfigBuilder(Config.empty())
        .withMasterUrl(server + "/")
        .withNamespace("default")
        .withRequestRetryBackoffLimit(0)
        .withConnectionTimeout(CONNECT_MILLIS_MAX)
        .withRequestTimeout(REQUEST_MILLIS_MAX);
  }

  private KubernetesClient client(Config config, KeyManager[] keys) {
    TrustManager[] trust = trust();
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(new JdkHttpClientFactory())
        .withHttpClientBuilderConsumer(builder -> builder.sslContext(keys, trust))
        .build();
  }

  private TrustManager[] trust() {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("authority", authority);
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("a store of keys in memory", e);
    }
  }

  /// Shows the newest certificate.
  private static final class Newest extends X509ExtendedKeyManager {
    private static final String ALIAS = "node";

    private final Supplier<Authority.Identity> identity;

    Newest(Supplier<Authority.Identity> identity) {
      this.identity = identity;
    }

    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return ALIAS;
    }

    @Override
    public String chooseEngineClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return new X509Certificate[] {identity.get().certificate()};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return identity.get().keys().getPrivate();
    }
  }
}
