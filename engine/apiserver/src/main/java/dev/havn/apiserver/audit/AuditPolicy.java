// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which requests are kept and how much of them: `Policy` of `audit.k8s.io/v1`. The first rule that
/// matches decides; what no rule matches is not kept.
public final class AuditPolicy {
  public static final String API_VERSION = "audit.k8s.io/v1";

  /// Keeps nothing.
  public static final AuditPolicy NOTHING = new AuditPolicy(List.of(), Set.of());

  private static final List<String> STAGES =
      List.of("Panic", "RequestReceived", "ResponseComplete", "ResponseStarted");

  private final List<Rule> rules;
  private final Set<String> omittedStages;

  private AuditPolicy(List<Rule> rules, Set<String> omittedStages) {
    this.rules = rules;
    this.omittedStages = omittedStages;
  }

  /// What is kept of one request.
  record Choice(AuditLevel level, Set<String> omittedStages, boolean omitsManagedFields) {
    static final Choice NOTHING = new Choice(AuditLevel.NONE, Set.of(), false);
  }

  /// Resources of a group; all of them where none are named.
  private record Resources(String group, Set<String> patterns, Set<String> names) {
    boolean match(RequestInfo info) {
      if (!group.equals(info.group())) {
        return false;
      }
      boolean named = names.isEmpty() || names.contains(info.name());
      return patterns.isEmpty()
          || (named && patterns.stream().anyMatch(pattern -> matches(pattern, info)));
    }

    /// `pods` without subresources, `pods/log`, `pods/*`, `*/status`, `*`.
    private static boolean matches(String pattern, RequestInfo info) {
      String sub = info.subresource();
      String combined = sub.isEmpty() ? info.resource() : info.resource() + "/" + sub;
      return pattern.equals("*")
          || pattern.equals(combined)
          || pattern.equals(info.resource() + "/*")
          || (!sub.isEmpty() && pattern.equals("*/" + sub));
    }
  }

  private record Rule(
      Choice choice,
      Set<String> users,
      Set<String> groups,
      Set<String> verbs,
      List<Resources> resources,
      Set<String> namespaces,
      List<String> paths) {

    boolean match(UserInfo user, RequestInfo info) {
      boolean who =
          (users.isEmpty() || users.contains(user.name()))
              && (groups.isEmpty() || user.groups().stream().anyMatch(groups::contains));
      if (!who || !(verbs.isEmpty() || verbs.contains(info.verb()))) {
        return false;
      }
      if (!namespaces.isEmpty() || !resources.isEmpty()) {
        return info.isResource()
            && (namespaces.isEmpty() || namespaces.contains(info.namespace()))
            && (resources.isEmpty() || resources.stream().anyMatch(each -> each.match(info)));
      }
      return paths.isEmpty()
          || (!info.isResource() && paths.stream().anyMatch(path -> covers(path, info.path())));
    }

    private static boolean covers(String pattern, String path) {
      return pattern.endsWith("*")
          ? path.startsWith(pattern.substring(0, pattern.length() - 1))
          : pattern.equals(path);
    }
  }

  Choice choose(UserInfo user, RequestInfo info) {
    for (Rule rule : rules) {
      if (rule.match(user, info)) {
        Set<String> omitted = new LinkedHashSet<>(omittedStages);
        omitted.addAll(rule.choice.omittedStages);
        return new Choice(rule.choice.level, omitted, rule.choice.omitsManagedFields);
      }
    }
    return Choice.NOTHING;
  }

  boolean isEmpty() {
    return rules.isEmpty();
  }

  /// Reads a policy.
  ///
  /// @throws IllegalArgumentException in words that name the fields
  public static AuditPolicy of(JsonNode json) {
    String kind = json.path("kind").asText("");
    if (!json.path("apiVersion").asText("").equals(API_VERSION) || !kind.equals("Policy")) {
      throw new IllegalArgumentException(
          "expected kind Policy of %s, found kind \"%s\" of \"%s\""
              .formatted(API_VERSION, kind, json.path("apiVersion").asText("")));
    }
    List<FieldError> errors = new ArrayList<>();
    if (json.path("rules").isEmpty()) {
      errors.add(FieldError.required("rules", "a policy without rules keeps nothing"));
    }
    boolean omitsManagedFields = json.path("omitManagedFields").asBoolean();
    Set<String> stages = stages(json.path("omitStages"), "omitStages", errors);
    List<Rule> rules = new ArrayList<>();
    for (int i = 0; i < json.path("rules").size(); i++) {
      rules.add(rule(json.path("rules").path(i), "rules[" + i + "]", omitsManagedFields, errors));
    }
    if (!errors.isEmpty()) {
      throw new IllegalArgumentException(FieldError.aggregate(errors));
    }
    return new AuditPolicy(List.copyOf(rules), stages);
  }

  private static Rule rule(
      JsonNode json, String path, boolean omitsManagedFields, List<FieldError> errors) {
    String asked = json.path("level").asText("");
    Optional<AuditLevel> level =
        Arrays.stream(AuditLevel.values())
            .filter(each -> each.toString().equals(asked))
            .findFirst();
    if (asked.isEmpty()) {
      errors.add(FieldError.required(path + ".level", ""));
    } else if (level.isEmpty()) {
      errors.add(
          FieldError.notSupported(
              path + ".level",
              asked,
              Arrays.stream(AuditLevel.values()).map(AuditLevel::toString).sorted().toList()));
    }
    boolean resources = json.has("resources") || json.has("namespaces");
    if (resources && json.has("nonResourceURLs")) {
      errors.add(
          FieldError.invalid(
              path + ".nonResourceURLs",
              json.path("nonResourceURLs"),
              "rules cannot apply to both regular resources and non-resource URLs"));
    }
    List<Resources> groups = new ArrayList<>();
    for (JsonNode each : json.path("resources")) {
      groups.add(
          new Resources(
              each.path("group").asText(""),
              texts(each.path("resources")),
              texts(each.path("resourceNames"))));
    }
    return new Rule(
        new Choice(
            level.orElse(AuditLevel.NONE),
            stages(json.path("omitStages"), path + ".omitStages", errors),
            json.path("omitManagedFields").asBoolean(omitsManagedFields)),
        texts(json.path("users")),
        texts(json.path("userGroups")),
        texts(json.path("verbs")),
        groups,
        texts(json.path("namespaces")),
        List.copyOf(texts(json.path("nonResourceURLs"))));
  }

  private static Set<String> stages(JsonNode list, String path, List<FieldError> errors) {
    Set<String> stages = texts(list);
    int i = 0;
    for (String stage : stages) {
      if (!STAGES.contains(stage)) {
        errors.add(FieldError.notSupported(path + "[" + i + "]", stage, STAGES));
      }
      i++;
    }
    return stages;
  }

  private static Set<String> texts(JsonNode list) {
    Set<String> texts = new LinkedHashSet<>();
    list.forEach(each -> texts.add(each.asText()));
    return texts;
  }
}
