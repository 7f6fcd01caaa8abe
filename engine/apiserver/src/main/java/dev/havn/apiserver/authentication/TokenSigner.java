// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Signs JSON web tokens with the key of this server (ES256 of RFC 7518), and knows them again. For
/// many threads.
final class TokenSigner {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALGORITHM = "SHA256withECDSAinP1363Format";

  private final KeyPair keys;
  private final String keyId;
  private final Recent<String, JsonNode> signed = new Recent<>();

  /// @param keys P-256
  TokenSigner(KeyPair keys) {
    this.keys = keys;
    this.keyId = keyId(keys);
  }

  /// A token with these claims.
  String token(ObjectNode claims) {
    ObjectNode header = JSON.createObjectNode().put("alg", "ES256").put("kid", keyId);
    String content = encode(header) + "." + encode(claims);
    return content + "." + sign(content);
  }

  /// What a token says if its signature is ours.
  @Nullable JsonNode claims(String token) {
    try {
      @Nullable JsonNode claims = signed.get(token);
      if (claims == null) {
        claims = signedClaims(token);
        if (claims != null) {
          signed.put(token, claims);
        }
      }
      return claims;
    } catch (IllegalArgumentException | IOException | GeneralSecurityException malformed) {
      return null;
    }
  }

  private @Nullable JsonNode signedClaims(String token)
      throws IOException, GeneralSecurityException {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return null;
    }
    JsonNode header = JSON.readTree(Base64.getUrlDecoder().decode(parts[0]));
    if (!header.path("alg").asText().equals("ES256")
        || !isSigned(parts[0] + "." + parts[1], Base64.getUrlDecoder().decode(parts[2]))) {
      return null;
    }
    return JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
  }

  /// What a token says, whoever signed it; null when it is none.
  static @Nullable JsonNode unverified(String token) {
    String[] parts = token.split("\\.", -1);
    try {
      return parts.length == 3 ? JSON.readTree(Base64.getUrlDecoder().decode(parts[1])) : null;
    } catch (IllegalArgumentException | IOException malformed) {
      return null;
    }
  }

  /// Whether a token names a key that is not ours.
  boolean namesAnotherKey(String token) {
    try {
      JsonNode header = JSON.readTree(Base64.getUrlDecoder().decode(token.split("\\.", -1)[0]));
      String named = header.path("kid").asText("");
      return !named.isEmpty() && !named.equals(keyId);
    } catch (IllegalArgumentException | IOException malformed) {
      return false;
    }
  }

  /// The public key as a JSON web key set (RFC 7517).
  ObjectNode keySet() {
    ECPublicKey key = (ECPublicKey) keys.getPublic();
    ObjectNode set = JSON.createObjectNode();
    set.putArray("keys")
        .addObject()
        .put("use", "sig")
        .put("kty", "EC")
        .put("kid", keyId)
        .put("crv", "P-256")
        .put("alg", "ES256")
        .put("x", coordinate(key.getW().getAffineX()))
        .put("y", coordinate(key.getW().getAffineY()));
    return set;
  }

  private static String coordinate(java.math.BigInteger value) {
    byte[] bytes = new byte[32];
    byte[] given = value.toByteArray();
    int length = Math.min(given.length, bytes.length);
    System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String encode(ObjectNode json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  private String sign(String content) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(keys.getPrivate());
      signature.update(content.getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the token key cannot sign", e);
    }
  }

  private boolean isSigned(String content, byte[] given) throws GeneralSecurityException {
    Signature signature = Signature.getInstance(ALGORITHM);
    signature.initVerify(keys.getPublic());
    signature.update(content.getBytes(StandardCharsets.UTF_8));
    return signature.verify(given);
  }

  private static String keyId(KeyPair keys) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(keys.getPublic().getEncoded());
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }
}
