// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Registry;
import dev.havn.schema.ResourceType;
import dev.havn.schema.expression.Scope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What the author of a ValidatingAdmissionPolicy is warned of: expressions that do not fit the
/// types of the objects that the policy names. Without wildcards only, since there the types are
/// known.
final class TypeCheck {
  private static final int TYPES_MAX = 10;

  private final Registry registry;

  TypeCheck(Registry registry) {
    this.registry = registry;
  }

  /// `status.typeChecking.expressionWarnings`.
  ArrayNode warnings(JsonNode spec) {
    ArrayNode warnings = JsonNodeFactory.instance.arrayNode();
    List<ResourceType> types = types(spec.path("matchConstraints").path("resourceRules"));
    if (types.isEmpty()) {
      return warnings;
    }
    JsonNode validations = spec.path("validations");
    for (int i = 0; i < validations.size(); i++) {
      for (String field : List.of("expression", "messageExpression")) {
        String text = validations.get(i).path(field).asText("");
        String warning = text.isEmpty() ? "" : warning(spec, types, text);
        if (!warning.isEmpty()) {
          ObjectNode entry = warnings.addObject();
          entry.put("fieldRef", "spec.validations[%d].%s".formatted(i, field));
          entry.put("warning", warning);
        }
      }
    }
    return warnings;
  }

  private String warning(JsonNode spec, List<ResourceType> types, String expression) {
    List<String> warnings = new ArrayList<>();
    boolean hasParameters = spec.path("paramKind").isObject();
    @Nullable ResourceType parameters = hasParameters ? kind(spec.path("paramKind")) : null;
    for (ResourceType each : types) {
      Scope scope = Scope.typed(each, hasParameters, parameters);
      for (JsonNode variable : spec.path("variables")) {
        scope.define(variable.path("name").asText(), variable.path("expression").asText());
      }
      scope
          .typeProblem(expression)
          .ifPresent(
              problem ->
                  warnings.add(
                      "%s, Kind=%s: %s\n".formatted(groupVersion(each), each.kind(), problem)));
    }
    return String.join("\n", warnings);
  }

  /// As Kubernetes prints it: the core group has no name before the slash.
  private static String groupVersion(ResourceType type) {
    return type.group() + "/" + type.version();
  }

  private @Nullable ResourceType kind(JsonNode kind) {
    for (ResourceType each : registry.all()) {
      if (each.kind().equals(kind.path("kind").asText())
          && each.apiVersion().equals(kind.path("apiVersion").asText())) {
        return each;
      }
    }
    return null;
  }

  /// The types that rules name one by one, no more than some.
  private List<ResourceType> types(JsonNode rules) {
    List<ResourceType> types = new ArrayList<>();
    for (JsonNode rule : rules) {
      Set<String> groups = words(rule.path("apiGroups"));
      Set<String> versions = words(rule.path("apiVersions"));
      if (isOpen(groups) || isOpen(versions)) {
        continue;
      }
      int found = 0;
      for (String group : groups) {
        for (String version : versions) {
          for (String resource : words(rule.path("resources"))) {
            @Nullable ResourceType type = registry.find(group, version, resource);
            if (type != null && found++ < TYPES_MAX && !types.contains(type)) {
              types.add(type);
            }
          }
        }
      }
      if (found >= TYPES_MAX) {
        break;
      }
    }
    types.sort(
        Comparator.comparing(ResourceType::group)
            .thenComparing(ResourceType::version)
            .thenComparing(ResourceType::kind));
    return types;
  }

  private static Set<String> words(JsonNode list) {
    Set<String> words = new TreeSet<>();
    list.forEach(each -> words.add(each.asText()));
    return words;
  }

  private static boolean isOpen(Set<String> words) {
    return words.stream().anyMatch(each -> each.contains("*"));
  }
}
