// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.util.List;

/// Rules of the group `flowcontrol.apiserver.k8s.io`.
final class FlowControlRules {
  private static final int PRECEDENCE_MAX = 10_000;
  private static final int QUEUES_MAX = 10_000_000;
  private static final int HASH_BITS_MAX = 60;
  private static final List<String> VERBS =
      List.of(
          "create",
          "delete",
          "deletecollection",
          "get",
          "list",
          "patch",
          "proxy",
          "update",
          "watch");

  private FlowControlRules() {}

  static void flowSchema(At object) {
    At spec = object.at("spec");
    At precedence = spec.at("matchingPrecedence");
    if (precedence.number() <= 0) {
      precedence.invalid("must be a positive value");
    }
    if (precedence.number() > PRECEDENCE_MAX) {
      precedence.invalid("must not be greater than " + PRECEDENCE_MAX);
    }
    if (precedence.number() == 1 && !object.at("metadata").at("name").is("exempt")) {
      precedence.invalid("only the schema named 'exempt' may have matchingPrecedence 1");
    }
    At method = spec.at("distinguisherMethod");
    if (method.isThere() && !List.of("ByNamespace", "ByUser").contains(method.at("type").text())) {
      method
          .errors()
          .add(
              new FieldError(
                  FieldError.Type.NOT_SUPPORTED,
                  method.path() + ".type",
                  "{\"Type\":\"%s\"}".formatted(method.at("type").text()),
                  "supported values: \"ByNamespace\", \"ByUser\""));
    }
    At level = spec.at("priorityLevelConfiguration").at("name");
    if (level.needs("must reference a priority level")) {
      level.has(Formats::subdomain);
    }
    spec.at("rules").items().forEach(FlowControlRules::rule);
  }

  private static void rule(At rule) {
    rule.at("subjects").needs("subjects must contain at least one value");
    rule.at("subjects").items().forEach(FlowControlRules::subject);
    if (rule.at("resourceRules").isEmpty() && rule.at("nonResourceRules").isEmpty()) {
      rule.required("at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    rule.at("resourceRules").items().forEach(FlowControlRules::resources);
    rule.at("nonResourceRules").items().forEach(FlowControlRules::paths);
  }

  private static void subject(At subject) {
    List<String> fields = List.of("user", "group", "serviceAccount");
    String own =
        switch (subject.at("kind").text()) {
          case "User" -> "user";
          case "Group" -> "group";
          case "ServiceAccount" -> "serviceAccount";
          default -> "";
        };
    if (own.isEmpty()) {
      subject.at("kind").notSupported("Group", "ServiceAccount", "User");
      return;
    }
    At named = subject.at(own);
    if (!named.isThere()) {
      named.required("%s is required when subject kind is '%s'".formatted(own, kind(own)));
    } else if (own.equals("serviceAccount")) {
      account(named);
    } else {
      named.at("name").needs();
    }
    for (String other :
        own.equals("serviceAccount") ? fields : List.of("serviceAccount", "user", "group")) {
      At each = subject.at(other);
      if (!other.equals(own) && each.isThere()) {
        each.forbidden(
            "%s is forbidden when subject kind is not '%s'".formatted(other, kind(other)));
      }
    }
  }

  private static String kind(String field) {
    return Character.toUpperCase(field.charAt(0)) + field.substring(1);
  }

  private static void account(At account) {
    At name = account.at("name");
    if (name.needs() && !name.is("*")) {
      name.has(Formats::subdomain);
    }
    At namespace = account.at("namespace");
    if (namespace.needs("must specify namespace for service account")) {
      namespace.has(each -> Names.problems("Namespace", each));
    }
  }

  private static void resources(At rule) {
    verbs(rule.at("verbs"));
    At groups = rule.at("apiGroups");
    groups.needs("resource rules must supply at least one api group");
    alone(groups, "other api groups");
    At resources = rule.at("resources");
    resources.needs("resource rules must supply at least one resource");
    alone(resources, "other resources");
    At namespaces = rule.at("namespaces");
    if (namespaces.isEmpty() && !rule.at("clusterScope").flag()) {
      namespaces.required(
          "resource rules that are not cluster scoped must supply at least one namespace");
    } else if (!alone(namespaces, "other namespaces")) {
      for (At each : namespaces.items()) {
        for (String problem : Names.problems("Namespace", each.text())) {
          each.invalidText("each member of this list must be '*' or a DNS-1123 label; " + problem);
        }
      }
    }
  }

  private static void verbs(At verbs) {
    if (!verbs.needs("verbs must contain at least one value") || alone(verbs, "other verbs")) {
      return;
    }
    if (verbs.items().stream().anyMatch(each -> !VERBS.contains(each.text()))) {
      verbs.notSupported(VERBS.toArray(String[]::new));
    }
  }

  /// Whether `*` is among the values; says so when it is not the only one.
  private static boolean alone(At list, String others) {
    boolean all = list.items().stream().anyMatch(each -> each.is("*"));
    if (all && list.value().size() > 1) {
      list.invalid("if '*' is present, must not specify " + others);
    }
    return all;
  }

  private static void paths(At rule) {
    verbs(rule.at("verbs"));
    At paths = rule.at("nonResourceURLs");
    if (!paths.needs("nonResourceURLs must contain at least one value")
        || alone(paths, "other non-resource URLs")) {
      return;
    }
    paths.items().forEach(FlowControlRules::path);
  }

  private static void path(At path) {
    String text = path.text();
    int stars = text.length() - text.replace("*", "").length();
    if (text.isEmpty()) {
      path.invalidText("must not be empty");
    } else if (!text.startsWith("/")) {
      path.invalidText("must start with slash");
    } else if (text.contains(" ")) {
      path.invalidText("must not contain white-space");
    } else if (text.contains("//")) {
      path.invalidText("must not contain double slash");
    } else if (stars > 1 || stars == 1 && !text.endsWith("/*")) {
      path.invalidText("wildcard can only do suffix matching");
    }
  }

  static void priorityLevel(At object) {
    At spec = object.at("spec");
    At type = spec.at("type");
    At limited = spec.at("limited");
    At exempt = spec.at("exempt");
    if (object.at("metadata").at("name").is("exempt") != type.is("Exempt")) {
      type.invalidText("must be 'Exempt' if and only if `name` is 'exempt'");
    }
    switch (type.text()) {
      case "Exempt" -> {
        if (limited.isThere()) {
          limited.forbidden("must be nil if the type is not Limited");
        }
        exempt.ifThere(FlowControlRules::shares);
      }
      case "Limited" -> {
        if (exempt.isThere()) {
          exempt.forbidden("must be nil if the type is Limited");
        }
        if (!limited.isThere()) {
          limited.required("must not be empty when type is Limited");
        } else {
          limited(limited);
        }
      }
      default -> type.needsOneOf("Exempt", "Limited");
    }
  }

  private static void shares(At level) {
    if (level.at("nominalConcurrencyShares").number() < 0) {
      level.at("nominalConcurrencyShares").invalid("must be a non-negative integer");
    }
    level.at("lendablePercent").ifThere(percent -> percent.between(0, 100));
  }

  private static void limited(At limited) {
    if (limited.at("nominalConcurrencyShares").number() < 0) {
      limited.at("nominalConcurrencyShares").invalid("must be a non-negative integer");
    }
    At response = limited.at("limitResponse");
    At queuing = response.at("queuing");
    switch (response.at("type").text()) {
      case "Reject" -> {
        if (queuing.isThere()) {
          queuing.forbidden("must be nil if limited.limitResponse.type is not Limited");
        }
      }
      case "Queue" -> {
        if (!queuing.isThere()) {
          queuing.required("must not be empty if limited.limitResponse.type is Limited");
        } else {
          queuing(queuing);
        }
      }
      default -> response.at("type").needsOneOf("Queue", "Reject");
    }
    limited.at("lendablePercent").ifThere(percent -> percent.between(0, 100));
    At borrowing = limited.at("borrowingLimitPercent");
    if (borrowing.number() < 0) {
      borrowing.invalid("if specified, must be a non-negative integer");
    }
  }

  private static void queuing(At queuing) {
    At queues = queuing.at("queues");
    At hand = queuing.at("handSize");
    if (queuing.at("queueLengthLimit").number() <= 0) {
      queuing.at("queueLengthLimit").invalid("must be positive");
    }
    if (queues.number() <= 0) {
      queues.invalid("must be positive");
    } else if (queues.number() > QUEUES_MAX) {
      queues.invalid("must not be greater than " + QUEUES_MAX);
    }
    if (hand.number() <= 0) {
      hand.invalid("must be positive");
    } else if (hand.number() > queues.number()) {
      hand.invalid("should not be greater than queues (%d)".formatted(queues.number()));
    } else if (entropyBits(queues.number(), hand.number()) > HASH_BITS_MAX) {
      hand.invalid(
          "required entropy bits of deckSize %d and handSize %d should not be greater than %d"
              .formatted(queues.number(), hand.number(), HASH_BITS_MAX));
    }
  }

  /// How many bits it takes to deal a hand of queues (shuffle sharding).
  private static long entropyBits(long queues, long hand) {
    return (long) Math.ceil(hand * Math.log(queues) / Math.log(2));
  }
}
