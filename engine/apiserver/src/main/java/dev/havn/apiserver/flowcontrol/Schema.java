// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Predicate;

/// A FlowSchema, ready to be asked.
///
/// @param distinguisher by what its flows differ: `ByUser`, `ByNamespace`, or empty for one flow
record Schema(
    String name,
    String uid,
    int precedence,
    String level,
    String distinguisher,
    List<Rule> rules,
    LongAdder dispatched) {
  private static final String ANY = "*";
  private static final String ACCOUNT = "system:serviceaccount:";

  /// One of its rules; subjects are asked first, since they decide most.
  record Rule(Predicate<Asking> subjects, Predicate<Asking> resources, Predicate<Asking> paths) {
    boolean matches(Asking asking) {
      return subjects.test(asking) && (asking.info().isResource() ? resources : paths).test(asking);
    }
  }

  static Schema of(ObjectNode flowSchema) {
    JsonNode spec = flowSchema.path("spec");
    List<Rule> rules = new ArrayList<>();
    for (JsonNode rule : spec.path("rules")) {
      rules.add(
          new Rule(
              any(rule.path("subjects"), Schema::subject),
              any(rule.path("resourceRules"), Schema::resources),
              any(rule.path("nonResourceRules"), Schema::paths)));
    }
    return new Schema(
        flowSchema.path("metadata").path("name").asText(),
        flowSchema.path("metadata").path("uid").asText(),
        spec.path("matchingPrecedence").asInt(),
        spec.path("priorityLevelConfiguration").path("name").asText(),
        spec.path("distinguisherMethod").path("type").asText(""),
        rules,
        new LongAdder());
  }

  boolean matches(Asking asking) {
    for (Rule rule : rules) {
      if (rule.matches(asking)) {
        return true;
      }
    }
    return false;
  }

  /// The flow of a request that matches.
  String flow(Asking asking) {
    return switch (distinguisher) {
      case "ByUser" -> asking.user().name();
      case "ByNamespace" -> asking.namespace();
      default -> "";
    };
  }

  private static Predicate<Asking> any(
      JsonNode list, Function<JsonNode, Predicate<Asking>> compile) {
    List<Predicate<Asking>> all = new ArrayList<>();
    list.forEach(each -> all.add(compile.apply(each)));
    return asking -> {
      for (Predicate<Asking> each : all) {
        if (each.test(asking)) {
          return true;
        }
      }
      return false;
    };
  }

  private static Predicate<Asking> subject(JsonNode subject) {
    return switch (subject.path("kind").asText()) {
      case "User" -> {
        String name = subject.path("user").path("name").asText();
        yield asking -> name.equals(ANY) || asking.user().name().equals(name);
      }
      case "Group" -> {
        String name = subject.path("group").path("name").asText();
        yield asking -> name.equals(ANY) || asking.user().groups().contains(name);
      }
      case "ServiceAccount" -> {
        JsonNode account = subject.path("serviceAccount");
        String name = account.path("name").asText();
        String prefix = ACCOUNT + account.path("namespace").asText() + ":";
        yield name.equals(ANY)
            ? asking -> asking.user().name().startsWith(prefix)
            : asking -> asking.user().name().equals(prefix + name);
      }
      default -> asking -> false;
    };
  }

  private static Predicate<Asking> resources(JsonNode rule) {
    Predicate<String> verbs = oneOf(rule.path("verbs"));
    Predicate<String> groups = oneOf(rule.path("apiGroups"));
    Predicate<String> resources = oneOf(rule.path("resources"));
    Predicate<String> namespaces = oneOf(rule.path("namespaces"));
    boolean clusterScope = rule.path("clusterScope").asBoolean();
    return asking ->
        verbs.test(asking.info().verb())
            && groups.test(asking.info().group())
            && resources.test(asking.resource())
            && (asking.namespace().isEmpty() ? clusterScope : namespaces.test(asking.namespace()));
  }

  private static Predicate<Asking> paths(JsonNode rule) {
    Predicate<String> verbs = oneOf(rule.path("verbs"));
    List<String> urls = new ArrayList<>();
    rule.path("nonResourceURLs").forEach(each -> urls.add(each.asText()));
    return asking ->
        verbs.test(asking.info().verb())
            && urls.stream().anyMatch(url -> isBelow(url, asking.info().path()));
  }

  private static boolean isBelow(String url, String path) {
    return url.equals(ANY)
        || url.equals(path)
        || (url.endsWith("/*") && path.startsWith(url.substring(0, url.length() - 1)));
  }

  private static Predicate<String> oneOf(JsonNode list) {
    Set<String> all = new HashSet<>();
    list.forEach(each -> all.add(each.asText()));
    return all.contains(ANY) ? _ -> true : all::contains;
  }
}
