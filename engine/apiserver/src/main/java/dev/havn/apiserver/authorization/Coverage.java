// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Whether rules allow everything that other rules allow, decided grain by grain: one verb on one
/// resource, or on one path.
final class Coverage {
  private Coverage() {}

  /// What `held` does not allow of `wanted`, in grains joined again where only the verb differs.
  static List<Rbac.Rule> missing(Collection<Rbac.Rule> held, Collection<Rbac.Rule> wanted) {
    List<Rbac.Rule> missing = new ArrayList<>();
    for (Rbac.Rule rule : wanted) {
      for (Rbac.Rule grain : grains(rule)) {
        if (held.stream().noneMatch(each -> covers(each, grain))) {
          join(missing, grain);
        }
      }
    }
    return missing;
  }

  private static List<Rbac.Rule> grains(Rbac.Rule rule) {
    List<Rbac.Rule> grains = new ArrayList<>();
    for (String verb : rule.verbs()) {
      for (String path : new TreeSet<>(rule.paths())) {
        grains.add(new Rbac.Rule(Set.of(verb), Set.of(), Set.of(), Set.of(), Set.of(path)));
      }
      for (String group : new TreeSet<>(rule.groups())) {
        for (String resource : new TreeSet<>(rule.resources())) {
          if (rule.names().isEmpty()) {
            grains.add(grain(verb, group, resource, Set.of()));
          }
          for (String name : new TreeSet<>(rule.names())) {
            grains.add(grain(verb, group, resource, Set.of(name)));
          }
        }
      }
    }
    return grains;
  }

  private static Rbac.Rule grain(String verb, String group, String resource, Set<String> names) {
    return new Rbac.Rule(Set.of(verb), Set.of(group), Set.of(resource), names, Set.of());
  }

  private static boolean covers(Rbac.Rule rule, Rbac.Rule grain) {
    if (!has(rule.verbs(), grain.verbs())) {
      return false;
    }
    if (!grain.paths().isEmpty()) {
      String path = grain.paths().iterator().next();
      return rule.paths().stream().anyMatch(pattern -> coversPath(pattern, path));
    }
    return has(rule.groups(), grain.groups())
        && coversResource(rule.resources(), grain.resources().iterator().next())
        && (rule.names().isEmpty()
            || (!grain.names().isEmpty() && rule.names().containsAll(grain.names())));
  }

  private static boolean has(Set<String> held, Set<String> wanted) {
    return held.contains("*") || held.containsAll(wanted);
  }

  private static boolean coversPath(String pattern, String path) {
    return pattern.equals(path)
        || (pattern.endsWith("*") && path.startsWith(pattern.substring(0, pattern.length() - 1)));
  }

  private static boolean coversResource(Set<String> held, String wanted) {
    int slash = wanted.indexOf('/');
    return held.contains("*")
        || held.contains(wanted)
        || (slash >= 0 && held.contains("*" + wanted.substring(slash)));
  }

  private static void join(List<Rbac.Rule> rules, Rbac.Rule grain) {
    for (int i = 0; i < rules.size(); i++) {
      Rbac.Rule each = rules.get(i);
      if (each.groups().equals(grain.groups())
          && each.resources().equals(grain.resources())
          && each.names().equals(grain.names())
          && each.paths().equals(grain.paths())) {
        Set<String> verbs = new LinkedHashSet<>(each.verbs());
        verbs.addAll(grain.verbs());
        rules.set(
            i, new Rbac.Rule(verbs, each.groups(), each.resources(), each.names(), each.paths()));
        return;
      }
    }
    rules.add(grain);
  }

  /// As Kubernetes prints a rule: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`.
  static String text(Rbac.Rule rule) {
    List<String> parts = new ArrayList<>();
    part(parts, "APIGroups", rule.groups());
    part(parts, "Resources", rule.resources());
    part(parts, "NonResourceURLs", rule.paths());
    part(parts, "ResourceNames", rule.names());
    part(parts, "Verbs", rule.verbs());
    return "{" + String.join(", ", parts) + "}";
  }

  private static void part(List<String> parts, String name, Set<String> values) {
    if (!values.isEmpty()) {
      parts.add(name + ":" + quoted(values));
    }
  }

  static String quoted(Collection<String> values) {
    return "[" + String.join(" ", values.stream().map(each -> "\"" + each + "\"").toList()) + "]";
  }
}
