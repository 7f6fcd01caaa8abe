// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tokens of accounts that a Secret of the type `kubernetes.io/service-account-token` holds. They
/// have no end of their own: they are good as long as the Secret holds them and the account is
/// there.
public final class SecretTokens {
  static final String ISSUER = "kubernetes/serviceaccount";

  /// In which label a Secret says on which day its token was used last (KEP-2799).
  public static final String LAST_USED = "kubernetes.io/legacy-token-last-used";

  private static final String INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";
  private static final String CLAIM = "kubernetes.io/serviceaccount/";

  private final ServiceAccountTokens.Lookup lookup;
  private final Use use;
  private final InstantSource clock;

  /// Notes the use of a token.
  @FunctionalInterface
  public interface Use {
    /// @param uid of the Secret
    /// @param day such as `2026-01-01`
    void on(String namespace, String secret, String uid, String day);
  }

  SecretTokens(ServiceAccountTokens.Lookup lookup, Use use, InstantSource clock) {
    this.lookup = lookup;
    this.use = use;
    this.clock = clock;
  }

  static ObjectNode claims(String namespace, String account, String uid, String secret) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("iss", ISSUER)
        .put(CLAIM + "namespace", namespace)
        .put(CLAIM + "secret.name", secret)
        .put(CLAIM + "service-account.name", account)
        .put(CLAIM + "service-account.uid", uid)
        .put("sub", "system:serviceaccount:" + namespace + ":" + account);
  }

  /// The account that a token of ours speaks for.
  ///
  /// @throws IllegalArgumentException in Kubernetes' words when it is not good any more
  UserInfo user(String token, JsonNode claims) {
    String namespace = claims.path(CLAIM + "namespace").asText("");
    String name = claims.path(CLAIM + "service-account.name").asText("");
    String uid = claims.path(CLAIM + "service-account.uid").asText("");
    String secretName = claims.path(CLAIM + "secret.name").asText("");
    @Nullable ObjectNode secret = lookup.find("secrets", namespace, secretName);
    if (secret == null || secret.path("metadata").hasNonNull("deletionTimestamp")) {
      throw new IllegalArgumentException("Token has been invalidated");
    }
    if (!MessageDigest.isEqual(held(secret), token.getBytes(StandardCharsets.UTF_8))) {
      throw new IllegalArgumentException("Token does not match server's copy");
    }
    checkAccount(namespace, name, uid);
    JsonNode metadata = secret.path("metadata");
    note(namespace, secretName, metadata);
    if (!metadata.path("labels").path(INVALID_SINCE).asText("").isEmpty()) {
      throw new IllegalArgumentException(
          "the token in secret %s/%s for service account %s/%s has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '%s' label from the secret to temporarily allow use of this token"
              .formatted(namespace, secretName, namespace, name, INVALID_SINCE));
    }
    return ServiceAccountTokens.account(namespace, name, uid, Map.of());
  }

  private static byte[] held(ObjectNode secret) {
    return Base64.getMimeDecoder().decode(secret.path("data").path("token").asText(""));
  }

  private void checkAccount(String namespace, String name, String uid) {
    @Nullable ObjectNode account = lookup.find("serviceaccounts", namespace, name);
    if (account == null) {
      throw new IllegalArgumentException("serviceaccounts \"" + name + "\" not found");
    }
    JsonNode metadata = account.path("metadata");
    if (metadata.hasNonNull("deletionTimestamp")) {
      throw new IllegalArgumentException(
          "ServiceAccount %s/%s has been deleted".formatted(namespace, name));
    }
    if (!metadata.path("uid").asText().equals(uid)) {
      throw new IllegalArgumentException(
          "ServiceAccount UID (%s) does not match claim (%s)"
              .formatted(metadata.path("uid").asText(), uid));
    }
  }

  /// Once a day; another server's clock may already say tomorrow.
  private void note(String namespace, String secret, JsonNode metadata) {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    String known = metadata.path("labels").path(LAST_USED).asText("");
    if (!known.equals(today.toString()) && !known.equals(today.plusDays(1).toString())) {
      use.on(namespace, secret, metadata.path("uid").asText(), today.toString());
    }
  }
}
