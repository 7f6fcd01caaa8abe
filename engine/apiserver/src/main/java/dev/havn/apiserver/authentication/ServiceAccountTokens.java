// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Service-account tokens: JSON web tokens (RFC 7519) signed with ES256, bound to their account
/// and, if asked, to a pod, a Secret or a node (KEP-1205); and those without an end that a Secret
/// holds, see [SecretTokens]. What they are bound to is looked up each time.
public final class ServiceAccountTokens implements TokenAuthenticator {
  public static final String ISSUER = "https://kubernetes.default.svc.cluster.local";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String INVALIDATED = "service account token has been invalidated";

  /// How long what a token is bound to counts after it was told to go.
  static final Duration DELETION_LEEWAY = Duration.ofSeconds(60);

  private final TokenSigner signer;
  private final InstantSource clock;
  private final Supplier<String> ids;
  private final Lookup lookup;
  private final SecretTokens secrets;

  /// An object that a token is bound to, or null when it is gone.
  @FunctionalInterface
  public interface Lookup {
    /// @param resource `serviceaccounts`, `pods`, `secrets` or `nodes`
    @Nullable ObjectNode find(String resource, String namespace, String name);
  }

  /// @param keys P-256
  /// @param ids a new one for each token
  /// @param use is told when the token of a Secret is used
  public ServiceAccountTokens(
      KeyPair keys,
      InstantSource clock,
      Supplier<String> ids,
      Lookup lookup,
      SecretTokens.Use use) {
    this.ids = ids;
    this.signer = new TokenSigner(keys);
    this.clock = clock;
    this.lookup = lookup;
    this.secrets = new SecretTokens(lookup, use, clock);
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
      String field = each.kind().toLowerCase(Locale.ROOT);
      kubernetes.putObject(field).put("name", each.name()).put("uid", each.uid());
    }
    return new Issued(signer.token(claims), now, expires);
  }

  /// The token that a Secret holds for an account; it ends with either.
  public String issueForSecret(String namespace, String account, String uid, String secret) {
    return signer.token(SecretTokens.claims(namespace, account, uid, secret));
  }

  @Override
  public Outcome authenticate(String token, List<String> audiences) {
    @Nullable JsonNode claims = signer.claims(token);
    if (claims == null) {
      return forged(token);
    }
    String issuer = claims.path("iss").asText();
    boolean ofSecret = issuer.equals(SecretTokens.ISSUER);
    if (!ofSecret && !issuer.equals(ISSUER)) {
      return Outcome.NONE;
    }
    List<String> own = ofSecret ? List.of(ISSUER) : audiences(claims);
    List<String> meant = audiences.stream().filter(own::contains).toList();
    if (meant.isEmpty()) {
      return new Outcome.Refused(
          "token audiences %s is invalid for the target audiences %s"
              .formatted(quoted(own), quoted(audiences)));
    }
    try {
      return new Outcome.Known(ofSecret ? secrets.user(token, claims) : user(claims), meant);
    } catch (IllegalArgumentException invalid) {
      return new Outcome.Refused(String.valueOf(invalid.getMessage()));
    }
  }

  /// A token that says that it is ours and is not.
  private Outcome forged(String token) {
    @Nullable JsonNode said = TokenSigner.unverified(token);
    String issuer = said == null ? "" : said.path("iss").asText("");
    if (!issuer.equals(ISSUER) && !issuer.equals(SecretTokens.ISSUER)) {
      return Outcome.NONE;
    }
    return new Outcome.Refused(
        signer.namesAnotherKey(token)
            ? "invalid signature, no keys found"
            : "go-jose/go-jose: error in cryptographic primitive");
  }

  private static List<String> audiences(JsonNode claims) {
    List<String> audiences = new ArrayList<>();
    claims.path("aud").forEach(audience -> audiences.add(audience.asText()));
    return audiences;
  }

  private static String quoted(List<String> texts) {
    return texts.stream().map(FieldError::quote).collect(Collectors.joining(" ", "[", "]"));
  }

  /// @throws IllegalArgumentException when it is not valid any more
  private UserInfo user(JsonNode all) {
    long now = clock.instant().getEpochSecond();
    if (all.path("exp").asLong() <= now) {
      throw new IllegalArgumentException("service account token has expired");
    }
    if (all.path("nbf").asLong() > now) {
      throw new IllegalArgumentException("service account token is not valid yet");
    }
    JsonNode claims = all.path("kubernetes.io");
    String namespace = claims.path("namespace").asText();
    JsonNode account = claims.path("serviceaccount");
    checkAccount(namespace, account.path("name").asText(), account.path("uid").asText());
    check(claims, "secret", "secrets", namespace);
    check(claims, "pod", "pods", namespace);
    if (!claims.has("pod")) {
      check(claims, "node", "nodes", "");
    }
    Map<String, List<String>> extra = new HashMap<>();
    extra.put(UserInfo.CREDENTIAL_ID, List.of("JTI=" + all.path("jti").asText()));
    show(extra, claims, "pod");
    if (claims.has("pod")) {
      // The node of a pod is only told.
      show(extra, claims, "node");
    }
    return account(namespace, account.path("name").asText(), account.path("uid").asText(), extra);
  }

  private static void show(Map<String, List<String>> extra, JsonNode claims, String field) {
    JsonNode bound = claims.path(field);
    if (!bound.isMissingNode()) {
      String key = "authentication.kubernetes.io/" + field;
      extra.put(key + "-name", List.of(bound.path("name").asText()));
      extra.put(key + "-uid", List.of(bound.path("uid").asText()));
    }
  }

  static UserInfo account(
      String namespace, String name, String uid, Map<String, List<String>> extra) {
    return new UserInfo(
        "system:serviceaccount:" + namespace + ":" + name,
        uid,
        List.of(
            "system:serviceaccounts",
            "system:serviceaccounts:" + namespace,
            UserInfo.AUTHENTICATED),
        extra);
  }

  private void checkAccount(String namespace, String name, String uid) {
    @Nullable ObjectNode found = lookup.find("serviceaccounts", namespace, name);
    if (found == null) {
      throw new IllegalArgumentException("serviceaccounts \"" + name + "\" not found");
    }
    String now = found.path("metadata").path("uid").asText();
    if (!now.equals(uid)) {
      throw new IllegalArgumentException(
          "service account UID (%s) does not match claim (%s)".formatted(now, uid));
    }
    if (isLongGoing(found)) {
      throw new IllegalArgumentException(
          "service account %s/%s has been deleted".formatted(namespace, name));
    }
  }

  /// Looks whether what a token is bound to is still there; a token that is not bound to such an
  /// object needs none.
  private void check(JsonNode claims, String field, String resource, String namespace) {
    JsonNode bound = claims.path(field);
    if (bound.isMissingNode()) {
      return;
    }
    @Nullable ObjectNode found = lookup.find(resource, namespace, bound.path("name").asText());
    if (found == null) {
      throw new IllegalArgumentException(INVALIDATED);
    }
    String uid = found.path("metadata").path("uid").asText();
    String claimed = bound.path("uid").asText();
    if (!uid.equals(claimed)) {
      throw new IllegalArgumentException(
          "%s UID (%s) does not match service account %s ref claim (%s)"
              .formatted(field, uid, field, claimed));
    }
    if (isLongGoing(found)) {
      throw new IllegalArgumentException(INVALIDATED);
    }
  }

  private boolean isLongGoing(ObjectNode object) {
    String since = object.path("metadata").path("deletionTimestamp").asText("");
    return !since.isEmpty()
        && Instant.parse(since).isBefore(clock.instant().minus(DELETION_LEEWAY));
  }

  /// The public key as a JSON web key set (RFC 7517).
  public ObjectNode keySet() {
    return signer.keySet();
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
}
