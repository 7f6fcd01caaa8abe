// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.jwt.JwtFields;
import dev.havn.apiserver.authentication.jwt.JwtSettings;
import dev.havn.apiserver.configuration.ConfigurationObject;
import dev.havn.apiserver.configuration.Shape;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// An `AuthenticationConfiguration` of `apiserver.config.k8s.io/v1` (KEP-3331, KEP-4633).
///
/// @param anonymous empty when the file says nothing of it
public record AuthenticationConfiguration(
    List<JwtSettings> jwt, Optional<AnonymousAccess> anonymous) {
  public static final AuthenticationConfiguration NONE =
      new AuthenticationConfiguration(List.of(), Optional.empty());

  private static final int ISSUERS_MAX = 64;
  private static final Shape ANONYMOUS =
      Shape.fields(
          "AnonymousAuthConfig",
          Map.of(
              "enabled",
              Shape.FLAG,
              "conditions",
              Shape.several(Shape.fields("AnonymousAuthCondition", Map.of("path", Shape.TEXT)))));
  private static final Map<String, Shape> SHAPE =
      Map.of("jwt", Shape.several(JwtFields.SHAPE), "anonymous", ANONYMOUS);

  /// Reads a file.
  ///
  /// @throws IllegalArgumentException with all that is wrong, in Kubernetes' words
  public static AuthenticationConfiguration parse(byte[] bytes) {
    if (bytes.length == 0) {
      throw new IllegalArgumentException("empty config data");
    }
    ObjectNode object = ConfigurationObject.read(bytes, "AuthenticationConfiguration", SHAPE);
    List<FieldError> errors = new ArrayList<>();
    List<JwtSettings> issuers = issuers(object.path("jwt"), errors);
    Optional<AnonymousAccess> anonymous = anonymous(object.path("anonymous"), errors);
    if (!errors.isEmpty()) {
      throw new IllegalArgumentException(
          "invalid authentication configuration: " + FieldError.aggregate(errors));
    }
    return new AuthenticationConfiguration(issuers, anonymous);
  }

  private static List<JwtSettings> issuers(JsonNode list, List<FieldError> errors) {
    if (list.size() > ISSUERS_MAX) {
      errors.add(FieldError.tooMany("jwt", list.size(), ISSUERS_MAX));
      return List.of();
    }
    List<JwtSettings> issuers = new ArrayList<>();
    Set<String> urls = new HashSet<>();
    Set<String> discoveryUrls = new HashSet<>();
    for (JsonNode each : list) {
      String path = "jwt[" + issuers.size() + "]";
      JwtSettings read =
          new JwtFields(path, errors).read(each, List.of(ServiceAccountTokens.ISSUER));
      JwtSettings.Issuer issuer = read.issuer();
      if (!urls.add(issuer.url())) {
        errors.add(FieldError.duplicate(path + ".issuer.url", issuer.url()));
      }
      if (!issuer.discoveryUrl().isEmpty() && !discoveryUrls.add(issuer.discoveryUrl())) {
        errors.add(FieldError.duplicate(path + ".issuer.discoveryURL", issuer.discoveryUrl()));
      }
      issuers.add(read);
    }
    return issuers;
  }

  private static Optional<AnonymousAccess> anonymous(JsonNode given, List<FieldError> errors) {
    if (!given.isObject()) {
      return Optional.empty();
    }
    boolean enabled = given.path("enabled").asBoolean();
    Set<String> paths = new LinkedHashSet<>();
    given.path("conditions").forEach(each -> paths.add(each.path("path").asText("")));
    if (!enabled && !paths.isEmpty()) {
      JsonNode shown =
          JsonNodeFactory.instance
              .arrayNode()
              .addAll(
                  paths.stream()
                      .map(path -> JsonNodeFactory.instance.objectNode().put("Path", path))
                      .toList());
      errors.add(
          FieldError.invalid(
              "anonymous.conditions",
              shown,
              "enabled should be set to true when conditions are defined"));
    }
    return Optional.of(new AnonymousAccess(enabled, paths));
  }
}
