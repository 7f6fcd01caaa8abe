// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Equivalents;
import dev.havn.apiserver.resource.LabelSelection;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which writes somebody wants to see: rules, selectors and how they are meant.
///
/// @param excluded rules that take back what others take in
/// @param equivalent whether a rule for another version of the same objects counts
record Matching(
    List<Rule> rules,
    List<Rule> excluded,
    boolean equivalent,
    JsonNode namespaces,
    JsonNode objects) {

  /// One of the `rules`.
  ///
  /// @param scope `*`, `Cluster` or `Namespaced`
  /// @param names those meant, empty for all
  record Rule(
      Set<String> operations,
      Set<String> groups,
      Set<String> versions,
      List<String> resources,
      String scope,
      Set<String> names) {

    private static final Set<String> ALL = Set.of("*");
    static final Rule ANY = new Rule(ALL, ALL, ALL, List.of("*/*"), "*", Set.of());

    static Rule of(JsonNode json) {
      return new Rule(
          set(json.path("operations")),
          set(json.path("apiGroups")),
          set(json.path("apiVersions")),
          List.copyOf(set(json.path("resources"))),
          json.path("scope").asText("*"),
          set(json.path("resourceNames")));
    }

    private static Set<String> set(JsonNode list) {
      Set<String> set = new HashSet<>();
      list.forEach(each -> set.add(each.asText()));
      return set;
    }

    boolean matches(Write write, ResourceType type) {
      return isInScope(write)
          && has(operations, write.operation().name())
          && has(groups, type.group())
          && has(versions, type.version())
          && resources.stream().anyMatch(each -> isMeant(each, type, write.subresource()))
          && (names.isEmpty() || names.contains(write.name()));
    }

    private static boolean has(Set<String> set, String value) {
      return set.contains("*") || set.contains(value);
    }

    private boolean isInScope(Write write) {
      boolean inNamespace = !isNamespace(write.type()) && !write.namespace().isEmpty();
      return switch (scope) {
        case "Namespaced" -> inNamespace;
        case "Cluster" -> !inNamespace;
        default -> true;
      };
    }

    private static boolean isMeant(String pattern, ResourceType type, String subresource) {
      int slash = pattern.indexOf('/');
      String resource = slash < 0 ? pattern : pattern.substring(0, slash);
      String below = slash < 0 ? "" : pattern.substring(slash + 1);
      return (resource.equals("*") || resource.equals(type.plural()))
          && (below.equals("*") || below.equals(subresource));
    }
  }

  /// @param json with `namespaceSelector`, `objectSelector`, `matchPolicy`
  /// @param rules the field of the rules
  static Matching of(JsonNode json, String rules) {
    return new Matching(
        rules(json.path(rules)),
        rules(json.path("excludeResourceRules")),
        json.path("matchPolicy").asText("Equivalent").equals("Equivalent"),
        json.path("namespaceSelector"),
        json.path("objectSelector"));
  }

  private static List<Rule> rules(JsonNode json) {
    List<Rule> rules = new ArrayList<>();
    json.forEach(each -> rules.add(Rule.of(each)));
    return rules;
  }

  private static boolean isNamespace(ResourceType type) {
    return type.group().isEmpty() && type.plural().equals("namespaces");
  }

  /// The type as which the write is to be shown; empty when it is none of theirs.
  ///
  /// @throws ApiException when it would be theirs and its namespace is not there
  Optional<ResourceType> match(Write write, Objects stored) {
    if (!matchesObject(write)) {
      return Optional.empty();
    }
    if (!isEverything(namespaces) && isNamespaced(write)) {
      @Nullable JsonNode labels = namespaceLabels(write, stored);
      if (labels == null) {
        if (type(rules, write, stored).isEmpty()) {
          return Optional.empty();
        }
        throw ApiException.notFound(stored.registry().get("v1", "namespaces"), write.namespace());
      }
      if (!LabelSelection.matches(namespaces, labels)) {
        return Optional.empty();
      }
    }
    if (!excluded.isEmpty() && type(excluded, write, stored).isPresent()) {
      return Optional.empty();
    }
    return type(rules, write, stored);
  }

  /// Whether a binding, which may narrow what its policy matches, leaves the write in.
  boolean leavesIn(Write write, Objects stored) {
    return rules.isEmpty()
        ? new Matching(List.of(Rule.ANY), excluded, equivalent, namespaces, objects)
            .match(write, stored)
            .isPresent()
        : match(write, stored).isPresent();
  }

  private Optional<ResourceType> type(List<Rule> rules, Write write, Objects stored) {
    if (rules.stream().anyMatch(each -> each.matches(write, write.type()))) {
      return Optional.of(write.type());
    }
    if (!equivalent) {
      return Optional.empty();
    }
    List<ResourceType> others = Equivalents.of(stored.registry(), write.type());
    for (Rule rule : rules) {
      for (ResourceType other : others) {
        if (rule.matches(write, other)) {
          return Optional.of(other);
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isEverything(JsonNode selector) {
    return selector.path("matchLabels").isEmpty() && selector.path("matchExpressions").isEmpty();
  }

  private static boolean isNamespaced(Write write) {
    return !write.namespace().isEmpty() || isNamespace(write.type());
  }

  private boolean matchesObject(Write write) {
    if (isEverything(objects)) {
      return true;
    }
    boolean now = write.operation() != Operation.DELETE && matchesObject(write.object());
    return now || (write.before() != null && matchesObject(write.before()));
  }

  private boolean matchesObject(ObjectNode object) {
    return LabelSelection.matches(objects, object.path("metadata").path("labels"));
  }

  /// Of a namespace that comes to be or changes, its own.
  private static @Nullable JsonNode namespaceLabels(Write write, Objects stored) {
    boolean itself =
        isNamespace(write.type())
            && write.subresource().isEmpty()
            && write.operation() != Operation.DELETE;
    if (itself) {
      return write.object().path("metadata").path("labels");
    }
    @Nullable ObjectNode namespace = stored.read("v1", "namespaces", "", write.namespace());
    return namespace == null ? null : namespace.path("metadata").path("labels");
  }
}
