// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.configuration.ConfigurationObject;
import dev.havn.apiserver.configuration.Shape;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// An `AuthorizationConfiguration` of `apiserver.config.k8s.io/v1` (KEP-3221): who is asked, in
/// which order, whether somebody may do something.
record AuthorizationConfiguration(List<Entry> authorizers) {
  private static final List<String> TYPES =
      List.of("ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook");
  private static final Map<String, Shape> SHAPE =
      Map.of(
          "authorizers",
          Shape.several(
              Shape.fields(
                  "AuthorizerConfiguration",
                  Map.of("type", Shape.TEXT, "name", Shape.TEXT, "webhook", WebhookFields.SHAPE))));

  /// As Kubernetes does it with `--authorization-mode=Node,RBAC`.
  static final AuthorizationConfiguration STANDARD =
      new AuthorizationConfiguration(List.of(Entry.NODE, Entry.RBAC));

  /// One who is asked.
  sealed interface Entry {
    Entry NODE = new Known("Node");
    Entry RBAC = new Known("RBAC");

    /// One of the authorizers of this server.
    record Known(String type) implements Entry {}

    /// A server of the users' own.
    record Webhook(WebhookSettings settings) implements Entry {}
  }

  /// Reads a file.
  ///
  /// @param required types that must be in it, since they were when the server began
  /// @throws IllegalArgumentException with all that is wrong, in Kubernetes' words
  static AuthorizationConfiguration parse(byte[] bytes, Set<String> required) {
    ObjectNode object;
    List<FieldError> errors = new ArrayList<>();
    List<Entry> entries;
    try {
      object = ConfigurationObject.read(bytes, "AuthorizationConfiguration", SHAPE);
      entries = entries(object.path("authorizers"), errors);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "failed to load AuthorizationConfiguration from file: " + e.getMessage(), e);
    }
    if (!errors.isEmpty()) {
      throw new IllegalArgumentException(FieldError.aggregate(errors));
    }
    checkNames(object.path("authorizers"), required);
    return new AuthorizationConfiguration(entries);
  }

  /// Those of this server.
  Set<String> types() {
    Set<String> types = new HashSet<>();
    for (Entry each : authorizers) {
      if (each instanceof Entry.Known(String type)) {
        types.add(type);
      }
    }
    return types;
  }

  private static List<Entry> entries(JsonNode list, List<FieldError> errors) {
    if (list.isEmpty()) {
      errors.add(
          FieldError.required("authorizers", "at least one authorization mode must be defined"));
    }
    List<Entry> entries = new ArrayList<>();
    Set<String> types = new HashSet<>();
    Set<String> names = new HashSet<>();
    int index = 0;
    for (JsonNode each : list) {
      String path = "authorizers[" + index++ + "]";
      String type = each.path("type").asText("");
      if (!checkType(type, path + ".type", types, errors)) {
        continue;
      }
      checkName(each.path("name").asText(""), path + ".name", names, errors);
      JsonNode webhook = each.path("webhook");
      if (!type.equals("Webhook")) {
        if (webhook.isObject()) {
          errors.add(
              FieldError.invalid(
                  path + ".webhook", "non-null", "may only be specified when type=Webhook"));
        }
        entries.add(new Entry.Known(type));
      } else if (webhook.isObject()) {
        String name = each.path("name").asText("");
        entries.add(new Entry.Webhook(new WebhookFields(path, errors).read(name, webhook)));
      } else {
        errors.add(FieldError.required(path + ".webhook", "required when type=Webhook"));
      }
    }
    return entries;
  }

  private static boolean checkType(
      String type, String path, Set<String> seen, List<FieldError> errors) {
    if (type.isEmpty()) {
      errors.add(FieldError.required(path, ""));
    } else if (!TYPES.contains(type)) {
      errors.add(FieldError.notSupported(path, type, TYPES));
    } else if (type.equals("ABAC")) {
      errors.add(FieldError.forbidden(path, "there is no attribute-based access control here"));
    } else if (!seen.add(type) && !type.equals("Webhook")) {
      errors.add(FieldError.duplicate(path, type));
    } else {
      return true;
    }
    return false;
  }

  private static void checkName(
      String name, String path, Set<String> seen, List<FieldError> errors) {
    if (name.isEmpty()) {
      errors.add(FieldError.required(path, ""));
    } else if (!seen.add(name)) {
      errors.add(FieldError.duplicate(path, name));
    } else {
      List<String> problems = LabelSyntax.subdomainProblems(name);
      if (!problems.isEmpty()) {
        errors.add(
            FieldError.invalid(
                path, name, "authorizer name is invalid: " + String.join(", ", problems)));
      }
    }
  }

  private static void checkNames(JsonNode list, Set<String> required) {
    List<String> problems = new ArrayList<>();
    Set<String> missing = new java.util.TreeSet<>(required);
    for (JsonNode each : list) {
      String type = each.path("type").asText();
      String expected = type.toLowerCase(Locale.ROOT);
      missing.remove(type);
      if (!type.equals("Webhook") && !each.path("name").asText().equals(expected)) {
        problems.add(
            "expected name %s for authorizer %s instead of %s"
                .formatted(expected, type, each.path("name").asText()));
      }
    }
    if (!missing.isEmpty()) {
      problems.add("missing required types: [" + String.join(" ", missing) + "]");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          problems.size() == 1 ? problems.getFirst() : "[" + String.join(", ", problems) + "]");
    }
  }
}
