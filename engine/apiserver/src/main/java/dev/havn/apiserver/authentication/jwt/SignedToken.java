// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.text.ParseException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A token as it came: three parts, signed by somebody (RFC 7515, compact serialization).
final class SignedToken {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Those that an AuthenticationConfiguration allows, as Kubernetes lists them.
  private static final List<String> ALGORITHMS =
      List.of("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512");

  private final JWSObject object;

  private SignedToken(JWSObject object) {
    this.object = object;
  }

  /// The issuer that a token names, whoever made it; empty when it is none.
  static Optional<String> issuer(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return Optional.empty();
    }
    try {
      JsonNode claims = JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
      return Optional.ofNullable(claims == null ? null : claims.path("iss").textValue());
    } catch (IOException | IllegalArgumentException none) {
      return Optional.empty();
    }
  }

  /// @throws IllegalArgumentException in Kubernetes' words when it is no signed token
  static SignedToken parse(String token) {
    SignedToken parsed;
    for (String part : token.split("\\.", -1)) {
      if (!isCanonical(part)) {
        throw new IllegalArgumentException("oidc: malformed jwt: a part of it is not base64url");
      }
    }
    try {
      parsed = new SignedToken(JWSObject.parse(token));
    } catch (ParseException | IllegalArgumentException e) {
      throw new IllegalArgumentException("oidc: malformed jwt: " + e.getMessage(), e);
    }
    String algorithm = parsed.object.getHeader().getAlgorithm().getName();
    if (!ALGORITHMS.contains(algorithm)) {
      throw new IllegalArgumentException(
          "oidc: id token signed with unsupported algorithm, expected [\"%s\"] got \"%s\""
              .formatted(String.join("\" \"", ALGORITHMS), algorithm));
    }
    return parsed;
  }

  /// Whether the part is the one way to write its bytes (RFC 7515, section 2). The library takes
  /// the alphabet with `+` and `/` as well, passes over what is of neither, and over bits that are
  /// left: many tokens would be the same.
  private static boolean isCanonical(String part) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(part);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(part);
    } catch (IllegalArgumentException other) {
      return false;
    }
  }

  boolean isSignedWithAnyOf(List<JWK> keys) {
    @Nullable String id = object.getHeader().getKeyID();
    for (JWK key : keys) {
      if ((id == null || id.isEmpty() || id.equals(key.getKeyID())) && isSignedWith(key)) {
        return true;
      }
    }
    return false;
  }

  private boolean isSignedWith(JWK key) {
    try {
      @Nullable JWSVerifier verifier = verifier(key);
      return verifier != null && object.verify(verifier);
    } catch (JOSEException | IllegalStateException | IllegalArgumentException anotherKind) {
      return false;
    }
  }

  /// A key checks what is made for its kind: a public key never counts as a shared secret.
  private @Nullable JWSVerifier verifier(JWK key) throws JOSEException {
    JWSAlgorithm algorithm = object.getHeader().getAlgorithm();
    return switch (key) {
      case RSAKey rsa when JWSAlgorithm.Family.RSA.contains(algorithm) ->
          new RSASSAVerifier(rsa.toRSAPublicKey());
      case ECKey curve when JWSAlgorithm.Family.EC.contains(algorithm) ->
          new ECDSAVerifier(curve.toECPublicKey());
      default -> null;
    };
  }

  /// What it says, once its signature was found good.
  ///
  /// @throws IllegalArgumentException when that is no object
  ObjectNode claims() {
    try {
      if (JSON.readTree(object.getPayload().toBytes()) instanceof ObjectNode claims) {
        return claims;
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("oidc: failed to unmarshal claims: " + e.getMessage(), e);
    }
    throw new IllegalArgumentException("oidc: failed to unmarshal claims: it is no object");
  }
}
