// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import dev.havn.apiserver.webhook.WebhookServer;
import dev.havn.apiserver.webhook.WebhookServer.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/// An identity provider of a test: says where its keys are, and signs whatever it is given.
public final class TestIssuer implements AutoCloseable {
  private final WebhookServer server;
  private final AtomicReference<List<JWK>> published = new AtomicReference<>(List.of());

  public TestIssuer(Path folder) throws IOException, GeneralSecurityException {
    server = new WebhookServer(folder, List.of("localhost"), List.of("127.0.0.1"));
    server.on(
        "/.well-known/openid-configuration",
        _ ->
            Reply.json(
                "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}".formatted(url(), server.url("/keys"))));
    server.on("/keys", _ -> Reply.json(new JWKSet(published.get()).toPublicJWKSet().toString()));
  }

  public String url() {
    return "https://127.0.0.1:" + server.port();
  }

  /// The authority's certificate as PEM.
  public String authority() {
    return server.authority();
  }

  /// To be told other answers, and asked what it was asked.
  public WebhookServer server() {
    return server;
  }

  /// How often somebody fetched the keys.
  public long fetches() {
    return server.asked().stream().filter(each -> each.path().equals("/keys")).count();
  }

  public static RSAKey rsa(String id) throws JOSEException {
    return new RSAKeyGenerator(2048).keyID(id).generate();
  }

  public static ECKey curve(String id, Curve curve) throws JOSEException {
    return new ECKeyGenerator(curve).keyID(id).generate();
  }

  /// Shows a key beside those that it shows already.
  public void publish(JWK key) {
    List<JWK> all = new ArrayList<>(published.get());
    all.add(key);
    published.set(all);
  }

  public void withdrawAll() {
    published.set(List.of());
  }

  /// A token with these claims, of which `iss` and `aud` may be left out.
  public String token(JWK key, String algorithm, String claims) throws JOSEException {
    return sign(
        key,
        algorithm,
        "{\"iss\":\"%s\",\"aud\":\"havn\",\"exp\":1893456000,%s}".formatted(url(), claims));
  }

  public static String sign(JWK key, String algorithm, String payload) throws JOSEException {
    JWSSigner signer =
        switch (key) {
          case RSAKey rsa -> new RSASSASigner(rsa);
          case ECKey curve -> new ECDSASigner(curve);
          default -> throw new IllegalArgumentException(key.getKeyType().getValue());
        };
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.parse(algorithm)).keyID(key.getKeyID()).build();
    JWSObject object = new JWSObject(header, new Payload(payload));
    object.sign(signer);
    return object.serialize();
  }

  @Override
  public void close() {
    server.close();
  }
}
