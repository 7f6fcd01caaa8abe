// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import static java.util.stream.Collectors.joining;

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
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Service-account tokens: JSON web tokens (RFC 7519) signed with ES256, bound to their account
/// and, if asked, to a pod (KEP-1205).
public final class ServiceAccountTokens {
  public static final String ISSUER = "https://kubernetes.default.svc.cluster.local";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALGORITHM = "SHA256withECDSAinP1363Format";
  private static final int TOKEN_CHARS_MAX = 16 << 10;

  private final KeyPair keys;
  private final InstantSource clock;
  private final Supplier<String> ids;
  private final Lookup lookup;
  private final String keyId;
  private final Recent<String, JsonNode> signed = new Recent<>();

  /// The uid of an object that a token is bound to, or null when it is gone.
  @FunctionalInterface
  public interface Lookup {
    /// @param resource `serviceaccounts`, `pods`, `secrets` or `nodes`
    @Nullable String uid(String resource, String namespace, String name);
  }

  /// @param keys P-256
  /// @param ids a new one for each token
  public ServiceAccountTokens(
      KeyPair keys, InstantSource clock, Supplier<String> ids, Lookup lookup) {
    this.ids = ids;
    this.keys = keys;
    this.clock = clock;
    this.lookup = lookup;
    this.keyId = keyId(keys);
  }

  /// What a token is bound to besides its account.
  public record Bound(String kind, String name, String uid) {}

  /// @param begins when it was issued
  /// @param expires when it ends
  public record Issued(String token, Instant begins, Instant expires) {}

  public Issued issue(
      String namespace,
      String account,
      String uid,
      List<String> audiences,
      Duration lifetime,
      List<Bound> bound) {
    Instant now = clock.instant();
    Instant expires = now.plus(lifetime);
    ObjectNode claims = JSON.createObjectNode();
    audiences.forEach(claims.putArray("aud")::add);
    claims.put("exp", expires.getEpochSecond()).put("iat", now.getEpochSecond());
    claims.put("iss", ISSUER).put("jti", ids.get());
    claims.put("nbf", now.getEpochSecond());
    claims.put("sub", "system:serviceaccount:" + namespace + ":" + account);
    ObjectNode kubernetes = claims.putObject("kubernetes.io").put("namespace", namespace);
    kubernetes.putObject("serviceaccount").put("name", account).put("uid", uid);
    for (Bound each : bound) {
      String field = each.kind().toLowerCase(java.util.Locale.ROOT);
      kubernetes.putObject(field).put("name", each.name()).put("uid", each.uid());
    }
    ObjectNode header = JSON.createObjectNode().put("alg", "ES256").put("kid", keyId);
    String content = encode(header) + "." + encode(claims);
    return new Issued(content + "." + sign(content), now, expires);
  }

  /// The account a token speaks for.
  ///
  /// @param audiences one of which it must be for; empty for the API server itself
  /// @return empty when it is forged, expired, for somebody else, or its account or pod is gone
  public Optional<UserInfo> verify(String token, List<String> audiences) {
    if (token.length() > TOKEN_CHARS_MAX) {
      return Optional.empty();
    }
    @Nullable JsonNode claims = claims(token);
    return claims != null && isValid(claims, audiences.isEmpty() ? List.of(ISSUER) : audiences)
        ? user(claims)
        : Optional.empty();
  }

  /// Which of these audiences a token is for that was found valid.
  public List<String> meant(String token, List<String> audiences) {
    List<String> asked = audiences.isEmpty() ? List.of(ISSUER) : audiences;
    @Nullable JsonNode claims = claims(token);
    if (claims == null) {
      return asked;
    }
    List<String> own = audiences(claims);
    return asked.stream().filter(own::contains).toList();
  }

  /// Why a token was found not valid.
  public String refusal(String token, List<String> audiences) {
    List<String> asked = audiences.isEmpty() ? List.of(ISSUER) : audiences;
    @Nullable JsonNode claims = claims(token);
    if (claims == null || !meant(token, audiences).isEmpty()) {
      return "invalid bearer token";
    }
    return "[invalid bearer token, token audiences %s is invalid for the target audiences %s]"
        .formatted(quoted(audiences(claims)), quoted(asked));
  }

  private static List<String> audiences(JsonNode claims) {
    List<String> audiences = new ArrayList<>();
    claims.path("aud").forEach(audience -> audiences.add(audience.asText()));
    return audiences;
  }

  private static String quoted(List<String> texts) {
    return texts.stream().map(text -> "\"" + text + "\"").collect(joining(" ", "[", "]"));
  }

  private @Nullable JsonNode claims(String token) {
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

  /// What a token says if its signature is ours.
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

  private boolean isValid(JsonNode claims, List<String> audiences) {
    long now = clock.instant().getEpochSecond();
    return audiences(claims).stream().anyMatch(audiences::contains)
        && claims.path("iss").asText().equals(ISSUER)
        && claims.path("exp").asLong() > now
        && claims.path("nbf").asLong() <= now;
  }

  private Optional<UserInfo> user(JsonNode all) {
    JsonNode claims = all.path("kubernetes.io");
    String namespace = claims.path("namespace").asText();
    JsonNode account = claims.path("serviceaccount");
    String name = account.path("name").asText();
    String uid = account.path("uid").asText();
    if (!uid.equals(lookup.uid("serviceaccounts", namespace, name))) {
      return Optional.empty();
    }
    if (!isThere(claims, "secret", "secrets", namespace)
        || !isThere(claims, "pod", "pods", namespace)
        || (!claims.has("pod") && !isThere(claims, "node", "nodes", ""))) {
      return Optional.empty();
    }
    JsonNode pod = claims.path("pod");
    Map<String, List<String>> extra = new HashMap<>();
    extra.put(UserInfo.CREDENTIAL_ID, List.of("JTI=" + all.path("jti").asText()));
    if (!pod.isMissingNode()) {
      String podName = pod.path("name").asText();
      String podUid = pod.path("uid").asText();
      extra.put("authentication.kubernetes.io/pod-name", List.of(podName));
      extra.put("authentication.kubernetes.io/pod-uid", List.of(podUid));
      JsonNode node = claims.path("node");
      if (!node.isMissingNode()) {
        extra.put("authentication.kubernetes.io/node-name", List.of(node.path("name").asText()));
        extra.put("authentication.kubernetes.io/node-uid", List.of(node.path("uid").asText()));
      }
    }
    return Optional.of(
        new UserInfo(
            "system:serviceaccount:" + namespace + ":" + name,
            uid,
            List.of(
                "system:serviceaccounts",
                "system:serviceaccounts:" + namespace,
                UserInfo.AUTHENTICATED),
            extra));
  }

  /// Whether what a token is bound to is still there; a token that is not bound to such an object
  /// needs none. The node of a pod is only told.
  private boolean isThere(JsonNode claims, String field, String resource, String namespace) {
    JsonNode bound = claims.path(field);
    return bound.isMissingNode()
        || bound
            .path("uid")
            .asText()
            .equals(lookup.uid(resource, namespace, bound.path("name").asText()));
  }

  /// The public key as a JSON web key set (RFC 7517).
  public ObjectNode keySet() {
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

  /// What a verifier reads first (OpenID Connect Discovery 1.0).
  public ObjectNode configuration() {
    ObjectNode configuration = JSON.createObjectNode();
    configuration.put("issuer", ISSUER).put("jwks_uri", ISSUER + "/openid/v1/jwks");
    configuration.putArray("response_types_supported").add("id_token");
    configuration.putArray("subject_types_supported").add("public");
    configuration.putArray("id_token_signing_alg_values_supported").add("ES256");
    return configuration;
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
