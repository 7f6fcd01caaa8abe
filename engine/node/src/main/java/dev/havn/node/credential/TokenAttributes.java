// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What a plugin is told of the service account of the pod for which it is asked (KEP-4412).
///
/// @param audience of the account's token
/// @param byToken whether answers are kept for the token alone; else for the account
/// @param isRequired whether the plugin is not asked for pods without an account
/// @param required annotations without which it is not asked
/// @param optional annotations that it is told, too
record TokenAttributes(
    String audience,
    boolean byToken,
    boolean isRequired,
    List<String> required,
    List<String> optional) {
  private static final List<String> FIELDS =
      List.of(
          "serviceAccountTokenAudience",
          "cacheType",
          "requireServiceAccount",
          "requiredServiceAccountAnnotationKeys",
          "optionalServiceAccountAnnotationKeys");

  /// @throws IllegalArgumentException says what is wrong
  static TokenAttributes of(JsonNode json) {
    for (Map.Entry<String, JsonNode> each : json.properties()) {
      if (!FIELDS.contains(each.getKey())) {
        throw new IllegalArgumentException(
            "tokenAttributes: field \"%s\" is not followed: those are %s"
                .formatted(each.getKey(), FIELDS));
      }
    }
    String audience = json.path("serviceAccountTokenAudience").asText("");
    if (audience.isEmpty()) {
      throw new IllegalArgumentException(
          "tokenAttributes: serviceAccountTokenAudience is required");
    }
    String cache = json.path("cacheType").asText("");
    if (!cache.matches("Token|ServiceAccount")) {
      throw new IllegalArgumentException(
          "tokenAttributes: cacheType must be Token or ServiceAccount, not '%s'".formatted(cache));
    }
    if (!json.path("requireServiceAccount").isBoolean()) {
      throw new IllegalArgumentException("tokenAttributes: requireServiceAccount is required");
    }
    boolean isRequired = json.path("requireServiceAccount").booleanValue();
    List<String> required = keys(json, "requiredServiceAccountAnnotationKeys");
    List<String> optional = keys(json, "optionalServiceAccountAnnotationKeys");
    if (!required.isEmpty() && !isRequired) {
      throw new IllegalArgumentException(
          "tokenAttributes: requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set");
    }
    Set<String> all = new HashSet<>(required);
    all.addAll(optional);
    if (all.size() < required.size() + optional.size()) {
      throw new IllegalArgumentException("tokenAttributes: an annotation key is there twice");
    }
    return new TokenAttributes(audience, cache.equals("Token"), isRequired, required, optional);
  }

  private static List<String> keys(JsonNode json, String field) {
    List<String> all = new ArrayList<>();
    json.path(field).forEach(each -> all.add(each.asText()));
    return List.copyOf(all);
  }

  /// The annotations that the plugin is told.
  Map<String, String> told(PodAccount account) {
    Map<String, String> told = new TreeMap<>(account.annotations());
    told.keySet().removeIf(each -> !required.contains(each) && !optional.contains(each));
    return told;
  }
}
