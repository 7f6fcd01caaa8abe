// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.TokenAuthenticator;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.validate.FieldError;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Takes the tokens of one issuer. Each is checked each time: who is no more trusted, or out of
/// time, gets nothing at once. For many threads.
public final class JwtAuthenticator implements TokenAuthenticator {
  private static final Duration CLOCK_SKEW_MAX = Duration.ofMinutes(1);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss '+0000 UTC'").withZone(ZoneOffset.UTC);

  private static final Instant NEVER = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private final JwtSettings settings;
  private final IssuerKeys keys;
  private final ClaimMapper mapper;
  private final InstantSource clock;

  public JwtAuthenticator(
      JwtSettings settings, Connections connections, Trusts trusts, InstantSource clock) {
    this.settings = settings;
    this.keys = new IssuerKeys(settings.issuer(), connections, trusts, clock);
    this.mapper = new ClaimMapper(settings);
    this.clock = clock;
  }

  @Override
  public Outcome authenticate(String token, List<String> audiences) {
    Optional<String> named = SignedToken.issuer(token);
    if (named.isEmpty() || !named.get().equals(settings.issuer().url())) {
      return Outcome.NONE;
    }
    if (!keys.isReady()) {
      return new Outcome.Refused("oidc: authenticator not initialized");
    }
    ObjectNode claims;
    try {
      claims = verified(token);
    } catch (IllegalArgumentException e) {
      return new Outcome.Refused("oidc: verify token: " + e.getMessage());
    }
    try {
      return new Outcome.Known(mapper.user(claims), audiences);
    } catch (IllegalArgumentException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
  }

  /// The claims of a token that is signed, meant for us, and in its time.
  private ObjectNode verified(String token) {
    SignedToken signed = SignedToken.parse(token);
    if (!signed.isSignedWithAnyOf(keys.known()) && !isSignedWithFreshKeys(signed)) {
      throw new IllegalArgumentException(
          "failed to verify signature: failed to verify id token signature");
    }
    ObjectNode claims = signed.claims();
    checkTexts(claims);
    checkAudience(audiences(claims.path("aud")));
    checkTime(claims);
    return claims;
  }

  private boolean isSignedWithFreshKeys(SignedToken signed) {
    try {
      return signed.isSignedWithAnyOf(keys.fresh());
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "failed to verify signature: fetching keys " + e.getMessage(), e);
    }
  }

  private static void checkTexts(ObjectNode claims) {
    for (String name : List.of("iss", "sub", "nonce", "at_hash")) {
      if (claims.hasNonNull(name) && !claims.path(name).isTextual()) {
        throw mismatch(claims.path(name), name, "string");
      }
    }
  }

  private static IllegalArgumentException mismatch(JsonNode value, String name, String type) {
    return new IllegalArgumentException(
        "oidc: failed to unmarshal claims: json: cannot unmarshal %s into Go struct field idToken.%s of type %s"
            .formatted(GoJson.type(value), name, type));
  }

  private static List<String> audiences(JsonNode claim) {
    if (claim.isTextual()) {
      return List.of(claim.asText());
    }
    if (!claim.isArray() && !claim.isNull() && !claim.isMissingNode()) {
      throw mismatch(claim, "aud", "[]string");
    }
    List<String> audiences = new ArrayList<>();
    for (JsonNode each : claim) {
      if (!each.isTextual()) {
        throw mismatch(each, "aud", "string");
      }
      audiences.add(each.asText());
    }
    return audiences;
  }

  private void checkAudience(List<String> given) {
    List<String> wanted = settings.issuer().audiences();
    if (given.stream().anyMatch(wanted::contains)) {
      return;
    }
    String got = quoted(given);
    throw new IllegalArgumentException(
        wanted.size() == 1
            ? "oidc: expected audience \"%s\" got %s".formatted(wanted.getFirst(), got)
            : "oidc: expected audience in %s got %s"
                .formatted(quoted(wanted.stream().sorted().toList()), got));
  }

  private static String quoted(List<String> texts) {
    return texts.isEmpty() ? "[]" : "[\"" + String.join("\" \"", texts) + "\"]";
  }

  private void checkTime(ObjectNode claims) {
    Instant now = clock.instant();
    Instant expiry = moment(claims.path("exp"));
    if (expiry.isBefore(now)) {
      throw new IllegalArgumentException(
          "oidc: token is expired (Token Expiry: " + TIME.format(expiry) + ")");
    }
    if (claims.hasNonNull("nbf")) {
      Instant begins = moment(claims.path("nbf"));
      if (now.plus(CLOCK_SKEW_MAX).isBefore(begins)) {
        throw new IllegalArgumentException(
            "oidc: current time %s before the nbf (not before) time: %s"
                .formatted(TIME.format(now), TIME.format(begins)));
      }
    }
  }

  /// Seconds since 1970, also with a fraction; a claim that is not there is long over.
  private static Instant moment(JsonNode claim) {
    if (claim.isMissingNode() || claim.isNull()) {
      return NEVER;
    }
    if (!claim.isNumber() || !claim.canConvertToLong()) {
      throw new IllegalArgumentException(
          "oidc: failed to unmarshal claims: json: invalid number literal, trying to unmarshal %s into Number"
              .formatted(FieldError.quote(claim.toString())));
    }
    return Instant.ofEpochSecond(
        Math.clamp(claim.longValue(), NEVER.getEpochSecond(), LATEST.getEpochSecond()));
  }
}
