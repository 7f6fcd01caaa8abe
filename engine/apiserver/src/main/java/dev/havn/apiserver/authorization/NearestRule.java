// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Which of the rules that a user has comes nearest to something that none of them allows, and what
/// is wrong with it: the shortest way to the missing right.
final class NearestRule {
  private NearestRule() {}

  /// A rule and what it lacks.
  private record Near(Rbac.Grant grant, Rbac.Rule rule, List<String> lacks) {}

  static String of(Rbac rules, Attributes wish) {
    List<Near> all = new ArrayList<>();
    for (Rbac.Grant grant : rules.grantsOf(wish.user())) {
      for (Rbac.Rule rule : grant.rules()) {
        List<String> lacks = lacks(grant, rule, wish);
        boolean related = isRelated(rule, wish);
        if (related && !lacks.isEmpty()) {
          all.add(new Near(grant, rule, lacks));
        }
      }
    }
    return all.stream()
        .min(Comparator.comparingInt((Near near) -> near.lacks.size()))
        .map(near -> words(near, wish))
        .orElse("no rule that the user has is about " + what(wish));
  }

  private static String what(Attributes wish) {
    return wish.resource().isEmpty()
        ? "the path " + wish.path()
        : wish.combined() + (wish.group().isEmpty() ? "" : "." + wish.group());
  }

  /// Whether a rule is about the resource at all, or about its object without the subresource.
  private static boolean isRelated(Rbac.Rule rule, Attributes wish) {
    if (wish.resource().isEmpty()) {
      return !rule.paths().isEmpty();
    }
    return holds(rule.groups(), wish.group())
        && (isOfResource(rule, wish) || rule.resources().contains(wish.resource()));
  }

  private static boolean isOfResource(Rbac.Rule rule, Attributes wish) {
    return holds(rule.resources(), wish.combined())
        || (!wish.subresource().isEmpty() && rule.resources().contains("*/" + wish.subresource()));
  }

  private static boolean holds(Set<String> all, String one) {
    return all.contains("*") || all.contains(one);
  }

  private static List<String> lacks(Rbac.Grant grant, Rbac.Rule rule, Attributes wish) {
    List<String> lacks = new ArrayList<>();
    if (!grant.namespace().isEmpty() && !grant.namespace().equals(wish.namespace())) {
      lacks.add(
          wish.namespace().isEmpty()
              ? "it holds in the namespace \"" + grant.namespace() + "\" only"
              : "it holds in the namespace \"%s\", not in \"%s\""
                  .formatted(grant.namespace(), wish.namespace()));
    }
    if (!holds(rule.verbs(), wish.verb())) {
      lacks.add("it does not name the verb \"" + wish.verb() + "\"");
    }
    if (wish.resource().isEmpty()) {
      lacks.add("it does not name the path");
      return lacks;
    }
    if (!isOfResource(rule, wish)) {
      lacks.add("it does not name the subresource \"" + wish.combined() + "\"");
    }
    if (!rule.names().isEmpty() && !rule.names().contains(wish.name())) {
      lacks.add("it names only " + String.join(", ", new TreeSet<>(rule.names())));
    }
    return lacks;
  }

  private static String words(Near near, Attributes wish) {
    String verbs = String.join(",", near.rule.verbs());
    String of =
        wish.resource().isEmpty()
            ? String.join(",", near.rule.paths())
            : String.join(",", near.rule.resources());
    return "nearest is %s, which allows %s on %s: %s"
        .formatted(near.grant.words(), verbs, of, String.join("; ", near.lacks));
  }
}
