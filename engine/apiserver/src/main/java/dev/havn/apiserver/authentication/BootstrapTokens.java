// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Bootstrap tokens, with which a new node asks for its first certificate: `ID.SECRET`, kept in the
/// Secret `bootstrap-token-ID` of the namespace `kube-system`.
final class BootstrapTokens implements TokenAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(BootstrapTokens.class);
  private static final Pattern TOKEN = Pattern.compile("([a-z0-9]{6})\\.([a-z0-9]{16})");
  private static final Pattern GROUP =
      Pattern.compile("system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]");
  private static final String TYPE = "bootstrap.kubernetes.io/token";

  private final ServiceAccountTokens.Lookup lookup;
  private final InstantSource clock;

  BootstrapTokens(ServiceAccountTokens.Lookup lookup, InstantSource clock) {
    this.lookup = lookup;
    this.clock = clock;
  }

  @Override
  public Outcome authenticate(String token, List<String> audiences) {
    Matcher parts = TOKEN.matcher(token);
    if (!parts.matches()) {
      return Outcome.NONE;
    }
    String name = "bootstrap-token-" + parts.group(1);
    @Nullable ObjectNode secret = lookup.find("secrets", "kube-system", name);
    if (secret == null) {
      return Outcome.NONE;
    }
    String problem = problem(secret, parts.group(1), parts.group(2));
    if (!problem.isEmpty()) {
      LOG.debug("Bootstrap secret kube-system/{} matching bearer token {}", name, problem);
      return Outcome.NONE;
    }
    TreeSet<String> groups = new TreeSet<>(List.of("system:bootstrappers"));
    String extra = data(secret, "auth-extra-groups");
    if (!extra.isEmpty()) {
      groups.addAll(List.of(extra.split(",", -1)));
    }
    return new Outcome.Known(
        new UserInfo("system:bootstrap:" + parts.group(1), List.copyOf(groups)), audiences);
  }

  private String problem(ObjectNode secret, String id, String given) {
    if (secret.path("metadata").hasNonNull("deletionTimestamp")) {
      return "is deleted and awaiting removal";
    }
    if (!secret.path("type").asText("").equals(TYPE)) {
      return "has invalid type, expected " + TYPE;
    }
    if (!MessageDigest.isEqual(
        data(secret, "token-secret").getBytes(StandardCharsets.UTF_8),
        given.getBytes(StandardCharsets.UTF_8))) {
      return "has invalid value for key token-secret";
    }
    if (!data(secret, "token-id").equals(id)) {
      return "has invalid value for key token-id";
    }
    if (hasExpired(data(secret, "expiration"))) {
      return "has expired";
    }
    if (!data(secret, "usage-bootstrap-authentication").equals("true")) {
      return "not marked usage-bootstrap-authentication=true";
    }
    String extra = data(secret, "auth-extra-groups");
    for (String group : extra.split(",", -1)) {
      if (!extra.isEmpty() && !GROUP.matcher(group).matches()) {
        return "has invalid value for key auth-extra-groups: " + group;
      }
    }
    return "";
  }

  /// A time that cannot be read is over.
  private boolean hasExpired(String expiration) {
    if (expiration.isEmpty()) {
      return false;
    }
    try {
      return !OffsetDateTime.parse(expiration).toInstant().isAfter(clock.instant());
    } catch (DateTimeException unreadable) {
      return true;
    }
  }

  private static String data(ObjectNode secret, String key) {
    JsonNode value = secret.path("data").path(key);
    return new String(Base64.getMimeDecoder().decode(value.asText("")), StandardCharsets.UTF_8);
  }
}
