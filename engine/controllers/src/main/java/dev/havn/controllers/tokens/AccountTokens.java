// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Fills Secrets of the type `kubernetes.io/service-account-token` with a token, the certificate
/// authority and the namespace, and deletes them when their account is gone. Accounts do not list
/// what is gone.
public final class AccountTokens implements Reconciler {
  public static final String TYPE = "kubernetes.io/service-account-token";

  private static final String ACCOUNT = "kubernetes.io/service-account.name";
  private static final String ACCOUNT_UID = "kubernetes.io/service-account.uid";

  private final Informer<Secret> secrets;
  private final Informer<ServiceAccount> accounts;
  private final Api api;
  private final SecretTokens signer;
  private final String authority;

  /// @param secrets of the type
  /// @param authority as PEM
  public AccountTokens(
      Informer<Secret> secrets,
      Informer<ServiceAccount> accounts,
      Api api,
      SecretTokens signer,
      String authority) {
    this.secrets = secrets;
    this.accounts = accounts;
    this.api = api;
    this.signer = signer;
    this.authority = authority;
  }

  /// The account that a Secret names, empty when it names none.
  public static String accountOf(Secret secret) {
    return annotation(secret, ACCOUNT);
  }

  /// The uid of that account, empty when the Secret does not say it.
  static String uidOf(Secret secret) {
    return annotation(secret, ACCOUNT_UID);
  }

  private static String annotation(Secret secret, String name) {
    @Nullable Map<String, String> all = secret.getMetadata().getAnnotations();
    return all == null ? "" : all.getOrDefault(name, "");
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Secret secret = secrets.get(key.namespace(), key.name());
    if (secret == null) {
      unlist(key);
      return Result.DONE;
    }
    if (secret.getMetadata().getDeletionTimestamp() != null || accountOf(secret).isEmpty()) {
      return Result.DONE;
    }
    try {
      String uid = uid(key.namespace(), accountOf(secret), annotation(secret, ACCOUNT_UID));
      if (uid.isEmpty()) {
        ObjectNode options = Api.object();
        options.putObject("preconditions").put("uid", secret.getMetadata().getUid());
        api.delete(Api.path(Secret.class, key.namespace(), key.name()), options);
      } else if (!isComplete(secret)) {
        fill(key, accountOf(secret), uid, secret.getMetadata().getResourceVersion());
      }
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
      // Gone: that comes here too.
    }
    return Result.DONE;
  }

  /// Takes a Secret that is gone out of the lists of accounts.
  private void unlist(Key key) {
    for (ServiceAccount each : accounts.list(key.namespace())) {
      if (each.getSecrets().stream().anyMatch(one -> key.name().equals(one.getName()))
          && api.find(Api.path(Secret.class, key.namespace(), key.name())).isEmpty()) {
        unlist(key, each.getMetadata().getName());
      }
    }
  }

  private void unlist(Key key, String account) {
    String path = Api.path(ServiceAccount.class, key.namespace(), account);
    try {
      JsonNode found = api.get(path);
      if (found.path("secrets") instanceof ArrayNode listed) {
        ArrayNode left = Api.object().putArray("secrets");
        listed.forEach(
            each -> {
              if (!each.path("name").asText().equals(key.name())) {
                left.add(each);
              }
            });
        ((ObjectNode) found).set("secrets", left);
        api.update(path, found);
      }
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  /// The uid of an account that is there, in the cache or beyond; empty when it is gone.
  ///
  /// @param wanted what the uid must be, if it is known
  private String uid(String namespace, String name, String wanted) {
    @Nullable ServiceAccount known = accounts.get(namespace, name);
    String uid = known == null ? "" : known.getMetadata().getUid();
    if (uid.isEmpty() || !(wanted.isEmpty() || wanted.equals(uid))) {
      uid =
          api.find(Api.path(ServiceAccount.class, namespace, name))
              .map(found -> found.path("metadata").path("uid").asText(""))
              .orElse("");
    }
    return wanted.isEmpty() || wanted.equals(uid) ? uid : "";
  }

  private boolean isComplete(Secret secret) {
    @Nullable Map<String, String> data = secret.getData();
    return data != null
        && encoded(authority).equals(data.get("ca.crt"))
        && !data.getOrDefault("namespace", "").isEmpty()
        && !data.getOrDefault("token", "").isEmpty();
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /// Writes what is missing into the Secret, unless it is another by now.
  private void fill(Key key, String account, String uid, String version) {
    String path = Api.path(Secret.class, key.namespace(), key.name());
    JsonNode found = api.get(path);
    if (!(found instanceof ObjectNode secret)
        || !found.path("metadata").path("resourceVersion").asText().equals(version)) {
      return;
    }
    ObjectNode data = secret.withObjectProperty("data");
    data.put("ca.crt", encoded(authority));
    if (data.path("namespace").asText("").isEmpty()) {
      data.put("namespace", encoded(key.namespace()));
    }
    if (data.path("token").asText("").isEmpty()) {
      data.put("token", encoded(signer.sign(key.namespace(), account, uid, key.name())));
    }
    secret
        .withObjectProperty("metadata")
        .withObjectProperty("annotations")
        .put(ACCOUNT, account)
        .put(ACCOUNT_UID, uid);
    api.update(path, secret);
  }
}
