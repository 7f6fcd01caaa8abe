// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Extra;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Mapping;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Requirement;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Rule;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.expression.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes a user of claims, or says why there is none.
final class ClaimMapper {
  private final JwtSettings settings;

  ClaimMapper(JwtSettings settings) {
    this.settings = settings;
  }

  /// @throws IllegalArgumentException in Kubernetes' words
  UserInfo user(ObjectNode claims) {
    Map<String, Object> variables = Map.of("claims", Values.of(claims));
    String name = name(claims, variables);
    List<String> groups = groups(claims, variables);
    String uid = uid(claims, variables);
    UserInfo user = new UserInfo(name, uid, groups, extra(claims, variables));
    settings.requirements().forEach(each -> require(claims, each));
    check(settings.rules(), variables, "claim validation expression");
    if (!settings.userRules().isEmpty()) {
      check(settings.userRules(), Map.of("user", shown(user)), "user info validation rule");
    }
    return user;
  }

  private static Map<String, Object> shown(UserInfo user) {
    return Map.of(
        "username", user.name(),
        "uid", user.uid(),
        "groups", user.groups(),
        "extra", user.extra());
  }

  private static IllegalArgumentException failure(String doing, IllegalArgumentException e) {
    return new IllegalArgumentException("oidc: " + doing + ": " + e.getMessage(), e);
  }

  private String name(ObjectNode claims, Map<String, ?> variables) {
    Mapping mapping = settings.username();
    @Nullable ClaimExpression expression = mapping.expression();
    if (expression != null) {
      String name = single(expression, variables, "username claim expression");
      if (name.isEmpty()) {
        throw new IllegalArgumentException(
            "oidc: empty username via CEL expression is not allowed");
      }
      return name;
    }
    String name;
    try {
      name = claim(claims, mapping.claim());
    } catch (IllegalArgumentException e) {
      throw failure("parse username claims \"" + mapping.claim() + "\"", e);
    }
    if (mapping.claim().equals("email") && claims.has("email_verified")) {
      checkVerified(claims.path("email_verified"));
    }
    return mapping.prefix() + name;
  }

  private static void checkVerified(JsonNode claim) {
    boolean verified;
    try {
      verified = GoJson.flag(claim);
    } catch (IllegalArgumentException e) {
      throw failure("parse 'email_verified' claim", e);
    }
    if (!verified) {
      throw new IllegalArgumentException("oidc: email not verified");
    }
  }

  private static String claim(ObjectNode claims, String name) {
    if (!claims.has(name)) {
      throw new IllegalArgumentException("claim not present");
    }
    return GoJson.text(claims.path(name));
  }

  private static String single(ClaimExpression expression, Map<String, ?> variables, String what) {
    Object value;
    try {
      value = expression.evaluate(variables);
    } catch (IllegalArgumentException e) {
      throw failure("error evaluating " + what, e);
    }
    if (value instanceof String text) {
      return text;
    }
    throw new IllegalArgumentException(
        "oidc: error evaluating %s: %s must return a string".formatted(what, what));
  }

  private List<String> groups(ObjectNode claims, Map<String, ?> variables) {
    Mapping mapping = settings.groups();
    if (!mapping.claim().isEmpty() && claims.path("_claim_names").has(mapping.claim())) {
      // Taken for no groups, rules that keep some group out would let it in.
      throw new IllegalArgumentException(
          "oidc: could not expand distributed claims: \"%s\" stands elsewhere"
              .formatted(mapping.claim()));
    }
    if (!mapping.claim().isEmpty() && claims.has(mapping.claim())) {
      try {
        return texts(claims.path(mapping.claim())).stream()
            .map(group -> mapping.prefix() + group)
            .toList();
      } catch (IllegalArgumentException e) {
        throw failure("parse groups claim \"" + mapping.claim() + "\"", e);
      }
    }
    @Nullable ClaimExpression expression = mapping.expression();
    if (expression == null) {
      return List.of();
    }
    try {
      return ClaimExpression.texts(expression.evaluate(variables));
    } catch (IllegalArgumentException e) {
      throw failure("error evaluating group claim expression", e);
    }
  }

  /// A list of texts, or one.
  private static List<String> texts(JsonNode claim) {
    if (claim.isArray()) {
      List<String> texts = new ArrayList<>();
      for (JsonNode each : claim) {
        if (!each.isTextual() && !each.isNull()) {
          // Neither a list of texts nor a text.
          return List.of(GoJson.text(claim));
        }
        texts.add(each.asText(""));
      }
      return texts;
    }
    return claim.isNull() ? List.of() : List.of(GoJson.text(claim));
  }

  private String uid(ObjectNode claims, Map<String, ?> variables) {
    Mapping mapping = settings.uid();
    if (!mapping.claim().isEmpty()) {
      try {
        return claim(claims, mapping.claim());
      } catch (IllegalArgumentException e) {
        throw failure("parse uid claim \"" + mapping.claim() + "\"", e);
      }
    }
    @Nullable ClaimExpression expression = mapping.expression();
    return expression == null ? "" : single(expression, variables, "uid claim expression");
  }

  private Map<String, List<String>> extra(ObjectNode claims, Map<String, ?> variables) {
    Map<String, List<String>> extra = new LinkedHashMap<>();
    String id = claims.path("jti").asText("");
    if (claims.path("jti").isTextual() && !id.isEmpty()) {
      extra.put(UserInfo.CREDENTIAL_ID, List.of("JTI=" + id));
    }
    for (Extra each : settings.extra()) {
      // Kubernetes says nothing before this one.
      Object value = each.values().evaluate(variables);
      try {
        List<String> values = ClaimExpression.texts(value);
        if (!values.isEmpty()) {
          extra.put(each.key(), values);
        }
      } catch (IllegalArgumentException e) {
        throw failure("error evaluating extra claim expression: " + each.values().text(), e);
      }
    }
    return extra;
  }

  private static void require(ObjectNode claims, Requirement requirement) {
    String claim = requirement.claim();
    if (!claims.has(claim)) {
      throw new IllegalArgumentException(
          "oidc: required claim " + claim + " not present in ID token");
    }
    String value;
    try {
      value = GoJson.text(claims.path(claim));
    } catch (IllegalArgumentException e) {
      throw failure("parse claim " + claim, e);
    }
    if (!value.equals(requirement.value())) {
      throw new IllegalArgumentException(
          "oidc: required claim %s value does not match. Got = %s, want = %s"
              .formatted(claim, value, requirement.value()));
    }
  }

  private static void check(List<Rule> rules, Map<String, ?> variables, String what) {
    List<Object> results = new ArrayList<>();
    try {
      for (Rule each : rules) {
        results.add(each.expression().evaluate(variables));
      }
    } catch (IllegalArgumentException e) {
      throw failure("error evaluating " + what, e);
    }
    for (int i = 0; i < results.size(); i++) {
      Rule rule = rules.get(i);
      if (!results.get(i).equals(true)) {
        throw new IllegalArgumentException(
            "oidc: error evaluating %s: validation expression '%s' failed: %s"
                .formatted(what, rule.expression().text(), rule.message()));
      }
    }
  }
}
