// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.credential.Credential;
import dev.havn.node.registry.RegistryHosts.Endpoint;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The `Authorization` of requests for one repository: none until the registry asks, then what it
/// asks for, `Basic` or a token of the server that it names. For many threads.
final class Authorization {
  private static final Duration WITHIN = Duration.ofSeconds(60);
  private static final int TOKEN_BYTES_MAX = 1 << 20;

  private final Http http;
  private final Endpoint endpoint;
  private final String repository;
  private final Optional<Credential> credential;
  private String header = "";

  Authorization(Http http, Endpoint endpoint, String repository, Optional<Credential> credential) {
    this.http = http;
    this.endpoint = endpoint;
    this.repository = repository;
    this.credential = credential;
  }

  /// Empty when nothing is known yet.
  synchronized String header() {
    return header;
  }

  /// Answers a registry that refused a request.
  ///
  /// @param refused the header that was refused
  /// @return whether there is another one now
  synchronized boolean answer(String refused, List<Challenge> challenges) throws IOException {
    if (!header.equals(refused)) {
      return true;
    }
    for (Challenge each : challenges) {
      String answer =
          switch (each.scheme()) {
            case "bearer" -> "Bearer " + token(each.parameters());
            case "basic" -> credential.map(Authorization::basic).orElse("");
            default -> "";
          };
      if (!answer.isEmpty()) {
        boolean other = !answer.equals(header);
        header = answer;
        return other;
      }
    }
    return false;
  }

  private static String basic(Credential credential) {
    String both = credential.user() + ":" + credential.password();
    return "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
  }

  private String token(Map<String, String> parameters) throws IOException {
    URI realm = realm(parameters.getOrDefault("realm", ""));
    Map<String, String> query = new LinkedHashMap<>();
    if (parameters.containsKey("service")) {
      query.put("service", parameters.getOrDefault("service", ""));
    }
    query.put("scope", parameters.getOrDefault("scope", "repository:" + repository + ":pull"));
    boolean refresh = credential.isPresent() && !credential.get().identityToken().isEmpty();
    HttpRequest.Builder request = HttpRequest.newBuilder().timeout(WITHIN);
    if (refresh) {
      query.put("client_id", "havn");
      query.put("grant_type", "refresh_token");
      query.put("refresh_token", credential.get().identityToken());
      request.uri(realm).header("Content-Type", "application/x-www-form-urlencoded");
      request.POST(HttpRequest.BodyPublishers.ofString(form(query)));
    } else {
      String separator = realm.getRawQuery() == null ? "?" : "&";
      request.uri(URI.create(realm + separator + form(query)));
      credential.ifPresent(each -> request.header("Authorization", basic(each)));
    }
    HttpResponse<InputStream> answer = http.send(endpoint.authority(), request.build());
    if (answer.statusCode() != 200) {
      Bodies.close(answer.body());
      throw new RegistryException(
          "failed to authorize: failed to fetch %s token: %s"
              .formatted(
                  credential.isPresent() ? "oauth" : "anonymous",
                  Bodies.unexpected(answer).getMessage()));
    }
    JsonNode token =
        Bodies.json(
            Bodies.read(http, answer, TOKEN_BYTES_MAX), "the token of " + Bodies.shown(realm));
    String text = token.path("token").asText(token.path("access_token").asText(""));
    if (!text.matches("[!-~]+")) {
      throw new RegistryException(
          "failed to authorize: " + Bodies.shown(realm) + " gives no token");
    }
    return text;
  }

  /// A credential goes to no server in plain text unless the registry itself is asked in plain
  /// text, and only registries of this machine or link send the node to services there.
  private URI realm(String text) throws IOException {
    try {
      URI realm = URI.create(text);
      boolean plain =
          "http".equals(realm.getScheme()) && "http".equals(endpoint.base().getScheme());
      boolean reachable =
          realm.getHost() != null
              && realm.getRawUserInfo() == null
              && (!isNear(realm.getHost()) || isNear(endpoint.base().getHost()));
      if (reachable && ("https".equals(realm.getScheme()) || plain)) {
        return realm;
      }
    } catch (IllegalArgumentException e) {
      throw new RegistryException("failed to authorize: no address of tokens: " + text, e);
    }
    throw new RegistryException("failed to authorize: tokens at " + text + " are not asked for");
  }

  private static boolean isNear(@Nullable String host) {
    if (host == null || RegistryHosts.isLoopback(host)) {
      return host != null;
    }
    if (!host.startsWith("[") && !host.matches("[0-9.]+")) {
      return false;
    }
    InetAddress address = InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", ""));
    return address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isAnyLocalAddress();
  }

  private static String form(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(
            each ->
                each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }
}
