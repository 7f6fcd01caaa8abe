// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Role-based access control: what roles and bindings allow, compiled by subject. Immutable; made
/// anew when a role or a binding changes.
public final class Rbac {
  static final String MASTERS = "system:masters";

  private final Map<String, List<Grant>> bySubject = new HashMap<>();

  /// A rule of a role.
  public record Rule(
      Set<String> verbs,
      Set<String> groups,
      Set<String> resources,
      Set<String> names,
      Set<String> paths) {

    static Rule of(JsonNode json) {
      return new Rule(
          set(json.path("verbs")),
          set(json.path("apiGroups")),
          set(json.path("resources")),
          set(json.path("resourceNames")),
          set(json.path("nonResourceURLs")));
    }

    private static Set<String> set(JsonNode list) {
      Set<String> set = new LinkedHashSet<>();
      list.forEach(each -> set.add(each.asText()));
      return set;
    }

    boolean allows(Attributes wish) {
      if (!verbs.contains("*") && !verbs.contains(wish.verb())) {
        return false;
      }
      if (wish.resource().isEmpty()) {
        return paths.stream().anyMatch(path -> covers(path, wish.path()));
      }
      return (groups.contains("*") || groups.contains(wish.group()))
          && (resources.contains("*")
              || resources.contains(wish.combined())
              || (!wish.subresource().isEmpty() && resources.contains("*/" + wish.subresource())))
          && (names.isEmpty() || names.contains(wish.name()));
    }

    private static boolean covers(String pattern, String path) {
      return pattern.equals("*")
          || (pattern.endsWith("*")
              ? path.startsWith(pattern.substring(0, pattern.length() - 1))
              : pattern.equals(path));
    }
  }

  /// @param namespace where the rules hold, empty for everywhere
  /// @param words which binding gives which role to whom
  /// @param decision what it says to whoever asks for what a rule allows
  record Grant(String namespace, List<Rule> rules, String words, Decision decision) {
    static Grant of(String namespace, List<Rule> rules, String words) {
      return new Grant(namespace, rules, words, Decision.allowed("RBAC: allowed by " + words));
    }

    boolean allows(Attributes wish) {
      if (!namespace.isEmpty() && !namespace.equals(wish.namespace())) {
        return false;
      }
      for (Rule rule : rules) {
        if (rule.allows(wish)) {
          return true;
        }
      }
      return false;
    }
  }

  /// The four kinds of objects, all of them.
  public record Objects(
      List<ObjectNode> roles,
      List<ObjectNode> clusterRoles,
      List<ObjectNode> roleBindings,
      List<ObjectNode> clusterRoleBindings) {}

  public Rbac(Objects objects) {
    Map<String, List<Rule>> rules = new HashMap<>();
    for (ObjectNode role : objects.roles()) {
      JsonNode metadata = role.path("metadata");
      String key =
          "Role/" + metadata.path("namespace").asText() + "/" + metadata.path("name").asText();
      rules.put(key, rules(role));
    }
    for (ObjectNode role : objects.clusterRoles()) {
      rules.put("ClusterRole/" + role.path("metadata").path("name").asText(), rules(role));
    }
    for (ObjectNode binding : objects.roleBindings()) {
      bind(binding, binding.path("metadata").path("namespace").asText(), rules);
    }
    for (ObjectNode binding : objects.clusterRoleBindings()) {
      bind(binding, "", rules);
    }
  }

  static List<Rule> rules(ObjectNode role) {
    List<Rule> rules = new ArrayList<>();
    role.path("rules").forEach(rule -> rules.add(Rule.of(rule)));
    return rules;
  }

  private void bind(ObjectNode binding, String namespace, Map<String, List<Rule>> rules) {
    JsonNode reference = binding.path("roleRef");
    String name = reference.path("name").asText();
    String key =
        reference.path("kind").asText().equals("Role")
            ? "Role/" + namespace + "/" + name
            : "ClusterRole/" + name;
    List<Rule> given = rules.getOrDefault(key, List.of());
    String words =
        "%s \"%s\" of %s \"%s\" to "
            .formatted(
                namespace.isEmpty() ? "ClusterRoleBinding" : "RoleBinding",
                binding.path("metadata").path("name").asText()
                    + (namespace.isEmpty() ? "" : "/" + namespace),
                reference.path("kind").asText(),
                name);
    for (JsonNode subject : binding.path("subjects")) {
      Grant grant = Grant.of(namespace, given, words + words(subject));
      bySubject.computeIfAbsent(key(subject, namespace), _ -> new ArrayList<>()).add(grant);
    }
  }

  private static String key(JsonNode subject, String namespace) {
    String name = subject.path("name").asText();
    return switch (subject.path("kind").asText()) {
      case "Group" -> "g:" + name;
      case "ServiceAccount" ->
          "u:system:serviceaccount:" + subject.path("namespace").asText(namespace) + ":" + name;
      default -> "u:" + name;
    };
  }

  private static String words(JsonNode subject) {
    String kind = subject.path("kind").asText();
    String name = subject.path("name").asText();
    String whole =
        kind.equals("ServiceAccount") ? name + "/" + subject.path("namespace").asText() : name;
    return "%s \"%s\"".formatted(kind, whole);
  }

  public boolean allows(Attributes wish) {
    return allowedBy(wish) != null;
  }

  /// Why something is allowed, as Kubernetes says it; null when it is not.
  @Nullable Decision allowedBy(Attributes wish) {
    if (wish.user().groups().contains(MASTERS)) {
      return Decision.ALLOWED;
    }
    @Nullable Decision given = allowedBy("u:" + wish.user().name(), wish);
    for (String group : wish.user().groups()) {
      if (given != null) {
        return given;
      }
      given = allowedBy("g:" + group, wish);
    }
    return given;
  }

  private @Nullable Decision allowedBy(String subject, Attributes wish) {
    for (Grant grant : bySubject.getOrDefault(subject, List.of())) {
      if (grant.allows(wish)) {
        return grant.decision();
      }
    }
    return null;
  }

  /// All that is given to a user, by name or by a group.
  List<Grant> grantsOf(UserInfo user) {
    List<Grant> grants = new ArrayList<>(bySubject.getOrDefault("u:" + user.name(), List.of()));
    for (String group : user.groups()) {
      grants.addAll(bySubject.getOrDefault("g:" + group, List.of()));
    }
    return grants;
  }

  /// All rules a user has in a namespace, for `SelfSubjectRulesReview`.
  public List<Rule> rulesOf(UserInfo user, String namespace) {
    List<Rule> rules = new ArrayList<>();
    for (Grant grant : grantsOf(user)) {
      if (grant.namespace().isEmpty() || grant.namespace().equals(namespace)) {
        rules.addAll(grant.rules());
      }
    }
    return rules;
  }
}
