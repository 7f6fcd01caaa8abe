// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// One API server, reached as an administrator.
final class Endpoint implements Answers {
  /// Also the field manager of requests that name none.
  static final String USER_AGENT = "differential/1";

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  private final String name;
  private final String url;
  private final HttpClient client;

  private Endpoint(String name, String url, HttpClient client) {
    this.name = name;
    this.url = url;
    this.client = client;
  }

  /// How an administrator reaches a server.
  record Reached(String url, SSLContext tls) {
    int port() {
      return URI.create(url).getPort();
    }
  }

  static Endpoint of(String name, Path kubeconfig) {
    Reached reached = reach(kubeconfig);
    return new Endpoint(
        name,
        reached.url(),
        HttpClient.newBuilder()
            .sslContext(reached.tls())
            .version(HttpClient.Version.HTTP_1_1)
            .build());
  }

  static Reached reach(Path kubeconfig) {
    try {
      Config config = Config.fromKubeconfig(Files.readString(kubeconfig));
      SSLContext tls = SSLContext.getInstance("TLS");
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(identity(config), new char[0]);
      tls.init(keys.getKeyManagers(), SSLUtils.trustManagers(config), new SecureRandom());
      return new Reached(config.getMasterUrl().replaceAll("/$", ""), tls);
    } catch (IOException e) {
      throw new UncheckedIOException(kubeconfig.toString(), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(kubeconfig + " holds no usable credentials", e);
    }
  }

  /// The client library reads elliptic keys only with another library beside it.
  private static KeyStore identity(Config config) throws GeneralSecurityException, IOException {
    byte[] pem = Base64.getDecoder().decode(config.getClientCertData());
    Certificate certificate =
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    String text =
        new String(
            Base64.getDecoder().decode(config.getClientKeyData()), StandardCharsets.US_ASCII);
    byte[] key =
        Base64.getMimeDecoder()
            .decode(
                text.replaceAll(
                    "(?s).*-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----.*", ""));
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setKeyEntry(
        "client",
        KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
            .generatePrivate(new PKCS8EncodedKeySpec(key)),
        new char[0],
        new Certificate[] {certificate});
    return store;
  }

  String name() {
    return name;
  }

  @Override
  public Answer send(Call call) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + call.path()))
            .timeout(ANSWER_WITHIN)
            .header("User-Agent", USER_AGENT)
            .header("Accept", call.accept());
    if (call.body().isEmpty()) {
      request.method(call.method(), BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", call.contentType())
          .method(call.method(), BodyPublishers.ofString(call.body()));
    }
    try {
      HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
      return new Answer(response.statusCode(), Answers.read(call, response.body()));
    } catch (IOException e) {
      if (e.getCause() != null && e.getCause().getCause() instanceof EOFException) {
        return Answer.NONE;
      }
      throw new UncheckedIOException(name + ": " + call.method() + " " + call.path(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted at " + call.path(), e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
