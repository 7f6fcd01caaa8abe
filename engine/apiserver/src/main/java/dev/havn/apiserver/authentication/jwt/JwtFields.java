// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.authentication.jwt.ClaimExpression.About;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Extra;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Mapping;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Requirement;
import dev.havn.apiserver.authentication.jwt.JwtSettings.Rule;
import dev.havn.apiserver.configuration.Shape;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads one entry of `jwt` and says all that is wrong with it, in Kubernetes' words.
public final class JwtFields {
  private static final String BOTH = "claim and expression can't both be set";
  private static final String NEITHER = "claim or expression is required";
  private static final Pattern DOMAIN_PATH =
      Pattern.compile(
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+");
  private static final Pattern RESERVED = Pattern.compile("(.*\\.)?(kubernetes|k8s)\\.io/.*");

  /// Of the entry.
  public static final Shape SHAPE = shape();

  private final String path;
  private final List<FieldError> errors;
  private boolean readsEmail;
  private boolean readsVerified;

  /// @param path such as `jwt[0]`
  /// @param errors gets what is wrong
  public JwtFields(String path, List<FieldError> errors) {
    this.path = path;
    this.errors = errors;
  }

  private static Shape shape() {
    Shape prefixed =
        Shape.fields(
            "PrefixedClaimOrExpression",
            Map.of("claim", Shape.TEXT, "prefix", Shape.TEXT, "expression", Shape.TEXT));
    Shape plain =
        Shape.fields("ClaimOrExpression", Map.of("claim", Shape.TEXT, "expression", Shape.TEXT));
    Shape extra =
        Shape.fields("ExtraMapping", Map.of("key", Shape.TEXT, "valueExpression", Shape.TEXT));
    Shape rule =
        Shape.fields(
            "ClaimValidationRule",
            Map.of(
                "claim", Shape.TEXT,
                "requiredValue", Shape.TEXT,
                "expression", Shape.TEXT,
                "message", Shape.TEXT));
    Shape userRule =
        Shape.fields("UserValidationRule", Map.of("expression", Shape.TEXT, "message", Shape.TEXT));
    Shape mappings =
        Shape.fields(
            "ClaimMappings",
            Map.of(
                "username",
                prefixed,
                "groups",
                prefixed,
                "uid",
                plain,
                "extra",
                Shape.several(extra)));
    return Shape.fields(
        "JWTAuthenticator",
        Map.of(
            "issuer",
            IssuerFields.SHAPE,
            "claimValidationRules",
            Shape.several(rule),
            "claimMappings",
            mappings,
            "userValidationRules",
            Shape.several(userRule)));
  }

  /// The settings, to be used only when no errors were found.
  ///
  /// @param disallowed issuers that this server is itself
  public JwtSettings read(JsonNode entry, List<String> disallowed) {
    JwtSettings.Issuer issuer =
        new IssuerFields(path + ".issuer", errors).read(entry.path("issuer"), disallowed);
    List<Requirement> requirements = new ArrayList<>();
    List<Rule> rules = rules(entry.path("claimValidationRules"), requirements);
    String mappings = path + ".claimMappings";
    JsonNode given = entry.path("claimMappings");
    JsonNode username = given.path("username");
    Mapping name = prefixed(username, mappings + ".username", true);
    readsEmail = ClaimExpression.reads(text(username, "expression"), "email");
    readsVerified |= ClaimExpression.reads(text(username, "expression"), "email_verified");
    Mapping groups = prefixed(given.path("groups"), mappings + ".groups", false);
    Mapping uid = uid(given.path("uid"), mappings + ".uid");
    List<Extra> extra = extra(given.path("extra"), mappings + ".extra");
    if (readsEmail && !readsVerified && name.expression() != null) {
      errors.add(
          FieldError.invalid(
              mappings + ".username.expression",
              text(username, "expression"),
              "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression"));
    }
    List<Rule> userRules = userRules(entry.path("userValidationRules"));
    return new JwtSettings(issuer, requirements, rules, name, groups, uid, extra, userRules);
  }

  static String text(JsonNode object, String field) {
    return object.path(field).asText("");
  }

  private List<Rule> rules(JsonNode list, List<Requirement> requirements) {
    List<Rule> rules = new ArrayList<>();
    Set<String> claims = new HashSet<>();
    Set<String> expressions = new HashSet<>();
    int index = 0;
    for (JsonNode each : list) {
      String at = path + ".claimValidationRules[" + index++ + "]";
      String claim = text(each, "claim");
      String expression = text(each, "expression");
      if (!claim.isEmpty() && !expression.isEmpty()) {
        errors.add(FieldError.invalid(at, claim, BOTH));
      } else if (!claim.isEmpty()) {
        requireClaim(each, at, claims);
        requirements.add(new Requirement(claim, text(each, "requiredValue")));
      } else if (expression.isEmpty()) {
        errors.add(FieldError.required(at, NEITHER));
      } else {
        rule(each, at, expressions).ifPresent(rules::add);
      }
    }
    return rules;
  }

  private void requireClaim(JsonNode rule, String at, Set<String> seen) {
    if (!text(rule, "message").isEmpty()) {
      errors.add(
          FieldError.invalid(
              at + ".message", text(rule, "message"), "may not be specified when claim is set"));
    }
    if (!seen.add(text(rule, "claim"))) {
      errors.add(FieldError.duplicate(at + ".claim", text(rule, "claim")));
    }
  }

  private Optional<Rule> rule(JsonNode rule, String at, Set<String> seen) {
    String expression = text(rule, "expression");
    if (!text(rule, "requiredValue").isEmpty()) {
      errors.add(
          FieldError.invalid(
              at + ".requiredValue",
              text(rule, "requiredValue"),
              "may not be specified when expression is set"));
    }
    if (!seen.add(expression)) {
      errors.add(FieldError.duplicate(at + ".expression", expression));
      return Optional.empty();
    }
    readsVerified |= ClaimExpression.reads(expression, "email_verified");
    return Optional.ofNullable(
            compile(expression, at + ".expression", About.CLAIMS, Scope.Result.BOOL))
        .map(compiled -> new Rule(compiled, text(rule, "message")));
  }

  private @Nullable ClaimExpression compile(
      String text, String at, About about, Scope.Result wanted) {
    Optional<String> problem = ClaimExpression.problem(text, about, wanted);
    if (problem.isPresent()) {
      errors.add(FieldError.invalid(at, text, problem.get()));
      return null;
    }
    return ClaimExpression.of(text, about, wanted);
  }

  private Mapping prefixed(JsonNode given, String at, boolean required) {
    String claim = text(given, "claim");
    String expression = text(given, "expression");
    boolean hasPrefix = given.hasNonNull("prefix");
    if (!claim.isEmpty() && !expression.isEmpty()) {
      errors.add(FieldError.invalid(at, "", BOTH));
    } else if (claim.isEmpty() && expression.isEmpty() && required) {
      errors.add(FieldError.required(at, NEITHER));
    } else if (!expression.isEmpty()) {
      if (hasPrefix) {
        errors.add(
            FieldError.invalid(
                at + ".prefix",
                text(given, "prefix"),
                "may not be specified when expression is set"));
      }
      return new Mapping(
          "", "", compile(expression, at + ".expression", About.CLAIMS, Scope.Result.ANY));
    } else if (!claim.isEmpty()) {
      if (!hasPrefix) {
        errors.add(
            FieldError.required(
                at + ".prefix",
                "prefix is required when claim is set. It can be set to an empty string to disable prefixing"));
      }
      return new Mapping(claim, text(given, "prefix"), null);
    }
    return Mapping.NONE;
  }

  private Mapping uid(JsonNode given, String at) {
    String claim = text(given, "claim");
    String expression = text(given, "expression");
    if (!claim.isEmpty() && !expression.isEmpty()) {
      errors.add(FieldError.invalid(at, "", BOTH));
      return Mapping.NONE;
    }
    return expression.isEmpty()
        ? new Mapping(claim, "", null)
        : new Mapping(
            "", "", compile(expression, at + ".expression", About.CLAIMS, Scope.Result.ANY));
  }

  private List<Extra> extra(JsonNode list, String at) {
    List<Extra> extra = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    int index = 0;
    for (JsonNode each : list) {
      String here = at + "[" + index++ + "]";
      String key = text(each, "key");
      checkKey(key, here + ".key");
      if (!seen.add(key)) {
        errors.add(FieldError.duplicate(here + ".key", key));
        continue;
      }
      String expression = text(each, "valueExpression");
      if (expression.isEmpty()) {
        errors.add(FieldError.required(here + ".valueExpression", ""));
        continue;
      }
      readsVerified |= ClaimExpression.reads(expression, "email_verified");
      @Nullable ClaimExpression compiled =
          compile(expression, here + ".valueExpression", About.CLAIMS, Scope.Result.ANY);
      if (compiled != null) {
        extra.add(new Extra(key, compiled));
      }
    }
    return extra;
  }

  private void checkKey(String key, String at) {
    if (key.isEmpty()) {
      errors.add(FieldError.required(at, ""));
    } else if (!DOMAIN_PATH.matcher(key).matches()) {
      errors.add(
          FieldError.invalid(at, key, "must be a domain-prefixed path (such as \"acme.io/foo\")"));
    }
    if (!key.equals(key.toLowerCase(Locale.ROOT))) {
      errors.add(FieldError.invalid(at, key, "must be lowercase"));
    }
    if (RESERVED.matcher(key).matches()) {
      errors.add(
          FieldError.invalid(
              at,
              key,
              "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"));
    }
  }

  private List<Rule> userRules(JsonNode list) {
    List<Rule> rules = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    int index = 0;
    for (JsonNode each : list) {
      String at = path + ".userValidationRules[" + index++ + "].expression";
      String expression = text(each, "expression");
      if (expression.isEmpty()) {
        errors.add(FieldError.required(at, ""));
      } else if (!seen.add(expression)) {
        errors.add(FieldError.duplicate(at, expression));
      } else {
        @Nullable ClaimExpression compiled = compile(expression, at, About.USER, Scope.Result.BOOL);
        if (compiled != null) {
          rules.add(new Rule(compiled, text(each, "message")));
        }
      }
    }
    return rules;
  }
}
