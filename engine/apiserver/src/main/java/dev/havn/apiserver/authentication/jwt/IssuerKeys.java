// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Issuer;
import dev.havn.apiserver.transport.Connections;
import dev.havn.apiserver.transport.Connections.Answer;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.apiserver.transport.UnreachableException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The keys with which an issuer signs: found by its configuration (OpenID Connect Discovery 1.0)
/// when the first token of its comes, and fetched anew when a token is signed with another, but not
/// more often than every few seconds, so that forged tokens do not make this server a burden on the
/// issuer. For many threads; one of them fetches, on its own.
final class IssuerKeys {
  private static final Logger LOG = LoggerFactory.getLogger(IssuerKeys.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
  private static final Duration FETCHED_AT_MOST_EVERY = Duration.ofSeconds(5);
  private static final Duration AGAIN_AFTER_FAILURE = Duration.ofSeconds(10);
  private static final int DOCUMENT_BYTES_MAX = 1 << 20;
  private static final int KEYS_MAX = 256;
  private static final int SHOWN_BYTES_MAX = 1_024;

  private final Issuer issuer;
  private final Connections connections;
  private final Trusts trusts;
  private final InstantSource clock;
  private volatile List<JWK> keys = List.of();
  private volatile @Nullable URI place;
  private Instant fetched = Instant.MIN;
  private Instant failed = Instant.MIN;

  IssuerKeys(Issuer issuer, Connections connections, Trusts trusts, InstantSource clock) {
    this.issuer = issuer;
    this.connections = connections;
    this.trusts = trusts;
    this.clock = clock;
  }

  /// Whether it is known where the keys are; finds out when it is not.
  boolean isReady() {
    return place != null || discover();
  }

  /// As they were fetched last.
  List<JWK> known() {
    return keys;
  }

  private synchronized boolean discover() {
    if (place != null) {
      return true;
    }
    if (clock.instant().isBefore(after(failed, AGAIN_AFTER_FAILURE))) {
      return false;
    }
    String base = issuer.url().replaceFirst("/$", "") + "/.well-known/openid-configuration";
    try {
      JsonNode found = document(issuer.discoveryUrl().isEmpty() ? base : issuer.discoveryUrl());
      String named = found.path("issuer").asText("");
      if (!named.equals(issuer.url())) {
        throw new IOException(
            "oidc: issuer did not match the issuer returned by provider, expected \"%s\" got \"%s\""
                .formatted(issuer.url(), named));
      }
      String url = found.path("jwks_uri").asText("");
      if (url.isEmpty()) {
        throw new IOException("provider did not return JWKS URL");
      }
      place = https(url);
      return true;
    } catch (IOException e) {
      failed = clock.instant();
      LOG.error("oidc authenticator: initializing plugin: {}", e.getMessage());
      return false;
    }
  }

  /// Fetches the keys unless that was done a moment ago.
  ///
  /// @throws IOException when they cannot be had
  synchronized List<JWK> fresh() throws IOException {
    URI url = place;
    if (url == null || clock.instant().isBefore(after(fetched, FETCHED_AT_MOST_EVERY))) {
      return keys;
    }
    try {
      keys = fetch(url);
      return keys;
    } finally {
      // Also when it failed, and from its end on: others wait for this.
      fetched = clock.instant();
    }
  }

  private List<JWK> fetch(URI url) throws IOException {
    Answer answer = get(url);
    if (answer.status() != 200) {
      throw new IOException("oidc: get keys failed: " + answer.status() + " " + shown(answer));
    }
    String body = new String(answer.body(), StandardCharsets.UTF_8);
    try {
      List<JWK> found = JWKSet.parse(body).getKeys();
      if (found.size() > KEYS_MAX) {
        throw new IOException("oidc: get keys failed: there are more than " + KEYS_MAX);
      }
      return List.copyOf(found);
    } catch (ParseException | IllegalArgumentException e) {
      throw new IOException("oidc: failed to decode keys: " + e.getMessage(), e);
    }
  }

  /// The beginning of a body, in one line.
  private static String shown(Answer answer) {
    int length = Math.min(answer.body().length, SHOWN_BYTES_MAX);
    return new String(answer.body(), 0, length, StandardCharsets.UTF_8)
        .replaceAll("\\p{Cntrl}+", " ");
  }

  private static Instant after(Instant moment, Duration delay) {
    return moment.equals(Instant.MIN) ? moment : moment.plus(delay);
  }

  private JsonNode document(String url) throws IOException {
    Answer answer = get(https(url));
    if (answer.status() != 200) {
      throw new IOException(answer.status() + ": " + shown(answer));
    }
    try {
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new IOException("oidc: failed to decode provider discovery object: " + e, e);
    }
  }

  private static URI https(String url) throws IOException {
    try {
      URI parsed = URI.create(url);
      if ("https".equals(parsed.getScheme())) {
        return parsed;
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("parse \"" + url + "\": " + e.getMessage(), e);
    }
    throw new IOException("\"" + url + "\" is no https URL");
  }

  private Answer get(URI url) throws IOException {
    try {
      Answer answer = connections.get(url, trusts.of(issuer.authority()), ANSWER_WITHIN);
      if (answer.body().length > DOCUMENT_BYTES_MAX) {
        throw new IOException("what stands at " + url + " is too large");
      }
      return answer;
    } catch (UnreachableException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
