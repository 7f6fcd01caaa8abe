// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.tokens;

import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A Secret of the type `bootstrap.kubernetes.io/token` in `kube-system`.
public record BootstrapSecret(Secret secret) {
  public static final String NAMESPACE = "kube-system";
  public static final String TYPE = "bootstrap.kubernetes.io/token";

  private static final String PREFIX = "bootstrap-token-";

  /// The id, empty when the name says another or none.
  String id() {
    String id = value("token-id");
    return secret.getMetadata().getName().equals(PREFIX + id) ? id : "";
  }

  String value(String key) {
    @Nullable Map<String, String> data = secret.getData();
    return new String(
        Base64.getMimeDecoder().decode(data == null ? "" : data.getOrDefault(key, "")),
        StandardCharsets.UTF_8);
  }

  /// How long it is good; zero when it is over or its end cannot be read, empty when it has none.
  Optional<Duration> left(Instant now) {
    String expiration = value("expiration");
    if (expiration.isEmpty()) {
      return Optional.empty();
    }
    try {
      Duration left = Duration.between(now, OffsetDateTime.parse(expiration).toInstant());
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeException unreadable) {
      return Optional.of(Duration.ZERO);
    }
  }
}
