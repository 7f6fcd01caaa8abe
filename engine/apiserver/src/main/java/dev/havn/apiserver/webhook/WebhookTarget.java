// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// Where a webhook is and whom it is trusted to be.
///
/// @param authorities certificates as PEM that may have signed the server's; empty for those that
///   the machine trusts
public record WebhookTarget(Location location, String authorities) {
  private static final int HTTPS_PORT = 443;

  /// Where it is.
  public sealed interface Location {
    /// An address that is looked up as the machine does.
    record Url(URI url) implements Location {}

    /// A port of a Service; the server's certificate is one for `name.namespace.svc`.
    ///
    /// @param path with the slash before it, or empty
    record Service(String namespace, String name, int port, String path) implements Location {
      String host() {
        return name + "." + namespace + ".svc";
      }
    }
  }

  /// Of a `clientConfig` as webhook configurations and custom resources have it: `url` or
  /// `service`, and `caBundle`.
  ///
  /// @throws WebhookException when it has neither, or no URL in `url`
  public static WebhookTarget of(JsonNode clientConfig) {
    String authorities =
        new String(
            Base64.getMimeDecoder().decode(clientConfig.path("caBundle").asText("")),
            StandardCharsets.ISO_8859_1);
    JsonNode service = clientConfig.path("service");
    if (service.isObject()) {
      return new WebhookTarget(
          new Location.Service(
              service.path("namespace").asText(),
              service.path("name").asText(),
              service.path("port").asInt(HTTPS_PORT),
              service.path("path").asText("")),
          authorities);
    }
    String url = clientConfig.path("url").asText("");
    if (url.isEmpty()) {
      throw new WebhookException("webhook configuration must have either service or URL");
    }
    try {
      return new WebhookTarget(new Location.Url(URI.create(url)), authorities);
    } catch (IllegalArgumentException e) {
      throw new WebhookException("Unparsable URL: " + e.getMessage(), e);
    }
  }

  /// Host and port as they are asked for, before anything is resolved.
  String authority() {
    return switch (location) {
      case Location.Url(URI url) -> url.getRawAuthority();
      case Location.Service service -> service.host() + ":" + service.port();
    };
  }

  /// The name that the server's certificate must have.
  String serverName() {
    return switch (location) {
      case Location.Url(URI url) -> url.getHost().replaceAll("[\\[\\]]", "");
      case Location.Service service -> service.host();
    };
  }

  /// @param timeoutSeconds what the server is told about the caller's patience
  String pathAndQuery(long timeoutSeconds) {
    String path =
        switch (location) {
          case Location.Url(URI url) -> url.getRawPath();
          case Location.Service service -> service.path();
        };
    String absolute = path == null || path.isEmpty() ? "/" : path;
    return absolute + "?timeout=" + timeoutSeconds + "s";
  }
}
