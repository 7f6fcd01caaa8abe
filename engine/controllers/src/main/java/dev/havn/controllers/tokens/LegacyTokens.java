// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Marks tokens in Secrets as invalid that accounts list, no pod mounts and nobody has used for a
/// year, and deletes them after another (KEP-2799). A look each day; days are of UTC.
public final class LegacyTokens implements Reconciler {
  /// All tokens of the cluster, the one key there is.
  public static final Key ALL = new Key("", "tokens");

  private static final Key TRACKING =
      new Key("kube-system", "kube-apiserver-legacy-service-account-token-tracking");
  private static final String LAST_USED = "kubernetes.io/legacy-token-last-used";
  private static final String INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since";
  private static final Duration PERIOD = Duration.ofHours(24);
  private static final Duration UNSYNCED = Duration.ofMillis(100);
  private static final Duration UNUSED = Duration.ofDays(365);

  private final Informer<Secret> secrets;
  private final Informer<ServiceAccount> accounts;
  private final Api api;
  private final Api manager;
  private final InstantSource clock;

  /// @param secrets of tokens
  /// @param manager may list pods
  public LegacyTokens(
      Informer<Secret> secrets,
      Informer<ServiceAccount> accounts,
      Api api,
      Api manager,
      InstantSource clock) {
    this.secrets = secrets;
    this.accounts = accounts;
    this.api = api;
    this.manager = manager;
    this.clock = clock;
  }

  @Override
  public Result reconcile(Key key) {
    if (!secrets.hasSynced() || !accounts.hasSynced()) {
      return Result.after(UNSYNCED);
    }
    Instant now = clock.instant();
    if (!now.isBefore(trackedFrom().plus(UNUSED))) {
      Map<String, Set<String>> mounted = new HashMap<>();
      for (Secret each : secrets.list()) {
        if (isUnused(each, now) && isListed(each) && !isMounted(each, mounted)) {
          retire(each, now);
        }
      }
    }
    return Result.after(PERIOD);
  }

  /// Since when each use has been noted: the day after tracking began.
  private Instant trackedFrom() {
    return api.find(Api.path(ConfigMap.class, TRACKING.namespace(), TRACKING.name()))
        .flatMap(map -> day(map.path("data").path("since").asText("")))
        .map(day -> day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant())
        .orElse(Instant.MAX.minus(UNUSED));
  }

  private static Optional<LocalDate> day(@Nullable String text) {
    try {
      return text == null ? Optional.empty() : Optional.of(LocalDate.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static LocalDate lastDay(Instant now) {
    return LocalDate.ofInstant(now.minus(UNUSED), ZoneOffset.UTC);
  }

  private static @Nullable String label(Secret secret, String name) {
    @Nullable Map<String, String> labels = secret.getMetadata().getLabels();
    return labels == null ? null : labels.get(name);
  }

  private static boolean isUnused(Secret secret, Instant now) {
    Instant made = Instant.parse(secret.getMetadata().getCreationTimestamp());
    @Nullable String used = label(secret, LAST_USED);
    return made.isBefore(now.minus(UNUSED))
        && secret.getMetadata().getDeletionTimestamp() == null
        && (used == null || day(used).filter(day -> day.isBefore(lastDay(now))).isPresent());
  }

  /// Whether the account names it, as only those do that were made by a Kubernetes before 1.24.
  private boolean isListed(Secret secret) {
    String name = AccountTokens.accountOf(secret);
    @Nullable ServiceAccount account =
        name.isEmpty() ? null : accounts.get(secret.getMetadata().getNamespace(), name);
    String uid = AccountTokens.uidOf(secret);
    return account != null
        && (uid.isEmpty() || uid.equals(account.getMetadata().getUid()))
        && account.getSecrets().stream()
            .anyMatch(each -> secret.getMetadata().getName().equals(each.getName()));
  }

  private boolean isMounted(Secret secret, Map<String, Set<String>> mounted) {
    return mounted
        .computeIfAbsent(secret.getMetadata().getNamespace(), this::mountedIn)
        .contains(secret.getMetadata().getName());
  }

  private Set<String> mountedIn(String namespace) {
    Set<String> names = new HashSet<>();
    for (JsonNode pod : manager.get("/api/v1/namespaces/" + namespace + "/pods").path("items")) {
      collect(pod.path("spec"), names);
    }
    return names;
  }

  /// All fields of a pod that name Secrets are called alike.
  private static void collect(JsonNode node, Set<String> names) {
    node.properties()
        .forEach(
            each -> {
              String field = each.getKey();
              if (field.equals("secretName")) {
                names.add(each.getValue().asText());
              } else if (field.equals("imagePullSecrets")) {
                each.getValue().forEach(one -> names.add(one.path("name").asText()));
              } else if (field.equals("secret") || field.matches(".*[sS]ecret(Key)?Ref")) {
                names.add(each.getValue().path("name").asText());
              }
              collect(each.getValue(), names);
            });
    if (node.isArray()) {
      node.forEach(each -> collect(each, names));
    }
  }

  private void retire(Secret secret, Instant now) {
    String path =
        Api.path(Secret.class, secret.getMetadata().getNamespace(), secret.getMetadata().getName());
    Optional<LocalDate> invalid = day(label(secret, INVALID_SINCE));
    try {
      if (invalid.isEmpty()) {
        ObjectNode patch = Api.object();
        ObjectNode metadata = patch.putObject("metadata").put("uid", secret.getMetadata().getUid());
        metadata
            .putObject("labels")
            .put(INVALID_SINCE, LocalDate.ofInstant(now, ZoneOffset.UTC).toString());
        api.merge(path, patch);
      } else if (invalid.get().isBefore(lastDay(now))) {
        ObjectNode options = Api.object();
        options
            .putObject("preconditions")
            .put("resourceVersion", secret.getMetadata().getResourceVersion());
        api.delete(path, options);
      }
    } catch (Api.RefusedException e) {
      if (e.code() != 404 && e.code() != 409) {
        throw e;
      }
      // Gone, or used meanwhile: the next look tells.
    }
  }
}
