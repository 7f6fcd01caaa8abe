// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.havn.schema.validate.FieldError;

/// Rules of the group `rbac.authorization.k8s.io`.
final class RbacRules {
  private static final String GROUP = "rbac.authorization.k8s.io";

  private RbacRules() {}

  static void role(At object) {
    object.at("rules").items().forEach(rule -> rule(rule, true));
  }

  static void clusterRole(At object) {
    object.at("rules").items().forEach(rule -> rule(rule, false));
    At aggregation = object.at("aggregationRule");
    if (aggregation.isThere()) {
      At selectors = aggregation.at("clusterRoleSelectors");
      if (selectors.isEmpty()) {
        selectors.required(
            "at least one clusterRoleSelector required if aggregationRule is non-nil");
      }
      for (At selector : selectors.items()) {
        int before = selector.errors().size();
        SelectorRules.check(selector);
        if (selector.errors().size() > before) {
          selector
              .errors()
              .add(
                  FieldError.invalid(
                      selector.path(), NullNode.getInstance(), "invalid label selector."));
        }
      }
    }
  }

  private static void rule(At rule, boolean namespaced) {
    rule.at("verbs").needs("verbs must contain at least one value");
    At urls = rule.at("nonResourceURLs");
    boolean resources =
        !rule.at("apiGroups").isEmpty()
            || !rule.at("resources").isEmpty()
            || !rule.at("resourceNames").isEmpty();
    if (!urls.isEmpty()) {
      if (namespaced) {
        urls.invalid("namespaced rules cannot apply to non-resource URLs");
      }
      if (resources) {
        urls.invalid("rules cannot apply to both regular resources and non-resource URLs");
      }
      return;
    }
    rule.at("apiGroups").needs("resource rules must supply at least one api group");
    rule.at("resources").needs("resource rules must supply at least one resource");
  }

  static void roleBinding(At object) {
    binding(object, false, "Role", "ClusterRole");
  }

  static void clusterRoleBinding(At object) {
    binding(object, true, "ClusterRole");
  }

  /// @param everywhere whether a service account must say of which namespace it is
  private static void binding(At object, boolean everywhere, String... kinds) {
    At role = object.at("roleRef");
    At group = role.at("apiGroup");
    if (!group.is(GROUP)) {
      group.notSupported(GROUP);
    }
    role.at("kind").oneOf(kinds);
    if (role.at("name").needs()) {
      role.at("name").has(Formats::pathSegment);
    }
    for (At subject : object.at("subjects").items()) {
      subject(subject);
      if (everywhere && subject.at("kind").is("ServiceAccount")) {
        subject.at("namespace").needs();
      }
    }
  }

  private static void subject(At subject) {
    subject.at("name").needs();
    At group = subject.at("apiGroup");
    switch (subject.at("kind").text()) {
      case "ServiceAccount" -> {
        if (!subject.at("name").isEmpty()) {
          subject.at("name").has(Formats::subdomain);
        }
        if (!group.isEmpty()) {
          group.notSupported("");
        }
      }
      case "User", "Group" -> {
        if (!group.is(GROUP)) {
          group.notSupported(GROUP);
        }
      }
      default -> subject.at("kind").notSupported("ServiceAccount", "User", "Group");
    }
  }
}
