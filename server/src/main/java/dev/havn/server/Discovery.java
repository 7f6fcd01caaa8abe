// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.certificates.Pem;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Finds the authority of a cluster that is not known yet: reads the ConfigMap `cluster-info`,
/// which anybody may and from whomever, and believes it when its authority is the one that was
/// named and the token has signed it. The token itself is not sent before.
///
/// @param server URL of the API
record Discovery(String server, String token, String caHash) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PATH = "/api/v1/namespaces/kube-public/configmaps/cluster-info";
  private static final Duration WITHIN = Duration.ofSeconds(20);

  /// Nobody is trusted yet who answers.
  private static final long BYTES_MAX = 1 << 20;

  private static final Pattern AUTHORITY =
      Pattern.compile("certificate-authority-data: *([A-Za-z0-9+/=]+)");
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  /// The cluster's authority.
  ///
  /// @throws StartException when the server is another's, or the token not one of its
  X509Certificate authority() {
    JsonNode data = read().path("data");
    String kubeconfig = data.path("kubeconfig").asText("");
    X509Certificate authority = authority(kubeconfig);
    String found = Pin.of(authority);
    if (!found.equals(caHash)) {
      throw new StartException(
          "the authority of %s is not the one that --ca-hash names, but %s: this is another cluster, or somebody is in between"
              .formatted(server, found));
    }
    String id = token.substring(0, token.indexOf('.'));
    String signature = data.path("jws-kubeconfig-" + id).asText("");
    if (signature.isEmpty()) {
      throw new StartException(
          "the token %s is not known at %s, or its time is over: `havn token create` there makes another"
              .formatted(id, server));
    }
    if (!isSigned(kubeconfig, signature, id)) {
      throw new StartException(
          "the second half of the token %s is not right: `havn token create` at the server makes another"
              .formatted(id));
    }
    return authority;
  }

  private JsonNode read() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server + PATH)).timeout(WITHIN).GET().build();
    try (HttpClient client =
        HttpClient.newBuilder().sslContext(anybody()).connectTimeout(WITHIN).build()) {
      HttpResponse<byte[]> response =
          client.send(
              request,
              HttpResponse.BodyHandlers.limiting(
                  HttpResponse.BodyHandlers.ofByteArray(), BYTES_MAX));
      if (response.statusCode() != 200) {
        throw new StartException(
            "%s invites no nodes (status %d): `havn token create` there does"
                .formatted(server, response.statusCode()));
      }
      return JSON.readTree(response.body());
    } catch (ConnectException | HttpConnectTimeoutException e) {
      throw new StartException(server + " does not answer: is the address right?", e);
    } catch (IOException e) {
      throw new StartException(server + " does not answer: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while " + server + " was asked", e);
    }
  }

  private X509Certificate authority(String kubeconfig) {
    Matcher data = AUTHORITY.matcher(kubeconfig);
    try {
      if (data.find()) {
        return Pem.certificate(
            new String(Base64.getDecoder().decode(data.group(1)), StandardCharsets.US_ASCII));
      }
      throw new GeneralSecurityException("it names none");
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new StartException(
          "what " + server + " says of its authority cannot be read: " + e.getMessage(), e);
    }
  }

  /// A web signature without its content (RFC 7515, appendix F).
  private boolean isSigned(String content, String signature, String id) {
    String header = "{\"alg\":\"HS256\",\"kid\":\"" + id + "\"}";
    String head = BASE64.encodeToString(header.getBytes(StandardCharsets.UTF_8));
    String body = BASE64.encodeToString(content.getBytes(StandardCharsets.UTF_8));
    String secret = token.substring(token.indexOf('.') + 1);
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] sum = mac.doFinal((head + "." + body).getBytes(StandardCharsets.UTF_8));
      String wanted = head + ".." + BASE64.encodeToString(sum);
      return MessageDigest.isEqual(
          wanted.getBytes(StandardCharsets.UTF_8), signature.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  private static SSLContext anybody() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Anybody()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("TLS is part of every JDK", e);
    }
  }

  /// Looks at nothing: what is read by it is signed.
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
