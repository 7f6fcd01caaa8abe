// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.configuration.Shape;
import dev.havn.schema.codec.GoDuration;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the field `webhook` of an authorizer, and says all that is wrong with it in Kubernetes'
/// words.
final class WebhookFields {
  private static final Duration TIMEOUT_MAX = Duration.ofSeconds(30);
  private static final Duration AUTHORIZED = Duration.ofMinutes(5);
  private static final Duration UNAUTHORIZED = Duration.ofSeconds(30);
  private static final int CONDITIONS_MAX = 64;
  private static final String IN_CLUSTER = "InClusterConfig";
  private static final String KUBECONFIG = "KubeConfigFile";

  static final Shape SHAPE =
      Shape.fields(
          "WebhookConfiguration",
          Map.of(
              "timeout", Shape.TEXT,
              "authorizedTTL", Shape.TEXT,
              "cacheAuthorizedRequests", Shape.FLAG,
              "unauthorizedTTL", Shape.TEXT,
              "cacheUnauthorizedRequests", Shape.FLAG,
              "subjectAccessReviewVersion", Shape.TEXT,
              "matchConditionSubjectAccessReviewVersion", Shape.TEXT,
              "failurePolicy", Shape.TEXT,
              "connectionInfo",
                  Shape.fields(
                      "WebhookConnectionInfo",
                      Map.of("type", Shape.TEXT, "kubeConfigFile", Shape.TEXT)),
              "matchConditions",
                  Shape.several(
                      Shape.fields("WebhookMatchCondition", Map.of("expression", Shape.TEXT)))));

  private final String path;
  private final List<FieldError> errors;

  /// @param path such as `authorizers[0]`
  WebhookFields(String path, List<FieldError> errors) {
    this.path = path;
    this.errors = errors;
  }

  WebhookSettings read(String name, JsonNode given) {
    Duration timeout = duration(given, "timeout", Duration.ZERO);
    if (timeout.isZero()) {
      errors.add(FieldError.required(path + ".timeout", ""));
    } else if (timeout.compareTo(TIMEOUT_MAX) > 0 || timeout.isNegative()) {
      errors.add(
          FieldError.invalid(
              path + ".timeout", GoDuration.words(timeout), "must be > 0s and <= 30s"));
    }
    Duration authorized = ttl(given, "authorizedTTL", AUTHORIZED);
    Duration unauthorized = ttl(given, "unauthorizedTTL", UNAUTHORIZED);
    String version = given.path("subjectAccessReviewVersion").asText("");
    oneOf("subjectAccessReviewVersion", version, List.of("v1", "v1beta1"), "");
    boolean conditioned = !given.path("matchConditions").isEmpty();
    String conditionVersion = given.path("matchConditionSubjectAccessReviewVersion").asText("");
    if (conditioned || !conditionVersion.isEmpty()) {
      oneOf(
          "matchConditionSubjectAccessReviewVersion",
          conditionVersion,
          List.of("v1"),
          "required if match conditions are specified");
    }
    String policy = given.path("failurePolicy").asText("");
    oneOf("failurePolicy", policy, List.of("NoOpinion", "Deny"), "");
    return new WebhookSettings(
        name,
        timeout,
        given.path("cacheAuthorizedRequests").asBoolean(true) ? authorized : Duration.ZERO,
        given.path("cacheUnauthorizedRequests").asBoolean(true) ? unauthorized : Duration.ZERO,
        version,
        policy.equals("Deny"),
        kubeconfig(given.path("connectionInfo")),
        conditions(given.path("matchConditions")));
  }

  private static Duration duration(JsonNode given, String field, Duration otherwise) {
    String text = given.path(field).asText("");
    Duration read =
        text.isEmpty()
            ? Duration.ZERO
            : GoDuration.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(unreadable(text)));
    return read.isZero() ? otherwise : read;
  }

  private static String unreadable(String text) {
    String unit = text.replaceFirst("^[-+]?[0-9.]+", "");
    if (unit.length() == text.length() || unit.matches(".*[0-9].*")) {
      return "time: invalid duration \"" + text + "\"";
    }
    return unit.isEmpty()
        ? "time: missing unit in duration \"" + text + "\""
        : "time: unknown unit \"" + unit + "\" in duration \"" + text + "\"";
  }

  private Duration ttl(JsonNode given, String field, Duration otherwise) {
    Duration ttl = duration(given, field, otherwise);
    if (ttl.isNegative()) {
      errors.add(FieldError.invalid(path + "." + field, GoDuration.words(ttl), "must be > 0s"));
    }
    return ttl;
  }

  private void oneOf(String field, String value, List<String> known, String required) {
    if (value.isEmpty()) {
      errors.add(FieldError.required(path + "." + field, required));
    } else if (!known.contains(value)) {
      errors.add(FieldError.notSupported(path + "." + field, value, known));
    }
  }

  private Path kubeconfig(JsonNode connection) {
    String type = connection.path("type").asText("");
    String file = connection.path("kubeConfigFile").asText("");
    String at = path + ".connectionInfo.kubeConfigFile";
    switch (type) {
      case "" -> errors.add(FieldError.required(path + ".connectionInfo.type", ""));
      case IN_CLUSTER -> {
        if (connection.hasNonNull("kubeConfigFile")) {
          errors.add(FieldError.invalid(at, file, "can only be set when type=KubeConfigFile"));
        } else {
          errors.add(
              FieldError.forbidden(
                  path + ".connectionInfo.type", "this is the API server: there is no other"));
        }
      }
      case KUBECONFIG -> {
        return existing(file, at);
      }
      default -> {
        ObjectNode shown = JsonNodeFactory.instance.objectNode().put("Type", type);
        shown.put("KubeConfigFile", file.isEmpty() ? null : file);
        errors.add(
            FieldError.notSupported(
                path + ".connectionInfo.type", shown, List.of(IN_CLUSTER, KUBECONFIG)));
      }
    }
    return Path.of(file);
  }

  private Path existing(String file, String at) {
    if (file.isEmpty()) {
      errors.add(FieldError.required(at, ""));
      return Path.of(file);
    }
    Path found = Path.of(file);
    if (!found.isAbsolute()) {
      errors.add(FieldError.invalid(at, file, "must be an absolute path"));
    } else if (!Files.exists(found)) {
      errors.add(
          FieldError.invalid(
              at, file, "error loading file: stat " + file + ": no such file or directory"));
    } else if (!Files.isRegularFile(found)) {
      errors.add(FieldError.invalid(at, file, "must be a regular file"));
    }
    return found;
  }

  private MatchConditions conditions(JsonNode list) {
    if (list.size() > CONDITIONS_MAX) {
      errors.add(FieldError.tooMany(path + ".matchConditions", list.size(), CONDITIONS_MAX));
      return new MatchConditions(List.of());
    }
    List<Expression> expressions = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    int index = 0;
    for (JsonNode each : list) {
      String at = path + ".matchConditions[" + index++ + "].expression";
      String text = each.path("expression").asText("");
      if (text.isBlank()) {
        errors.add(FieldError.required(at, ""));
      } else if (!seen.add(text)) {
        errors.add(FieldError.duplicate(at, text));
      } else {
        Optional<String> problem = Scope.accessReview().problem(text, Scope.Result.BOOL);
        problem.ifPresentOrElse(
            why -> errors.add(FieldError.invalid(at, text, why)),
            () -> expressions.add(MatchConditions.compile(text)));
      }
    }
    return new MatchConditions(expressions);
  }
}
