// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.Registry;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;

/// Says why somebody may or may not do something, for people.
public final class Explanations {
  private static final String ACCOUNT = "system:serviceaccount:";

  private final Authorizer authorizer;
  private final Registry registry;

  public Explanations(Authorizer authorizer, Registry registry) {
    this.authorizer = authorizer;
    this.registry = registry;
  }

  /// @param groups besides those that everybody of that name is in
  /// @param resource plural, singular or short, with its group or without (`deployments.apps`),
  ///   with a subresource or without (`pods/log`); a path when it begins with `/`
  /// @param namespace empty for the cluster scope
  /// @return `allowed`, `verdict` and `reason`
  public ObjectNode explain(
      String user,
      List<String> groups,
      String verb,
      String resource,
      String name,
      String namespace) {
    UserInfo who = new UserInfo(user, all(user, groups));
    boolean path = resource.startsWith("/");
    int slash = path ? -1 : resource.indexOf('/');
    String plain = slash < 0 ? resource : resource.substring(0, slash);
    String sub = slash < 0 ? "" : resource.substring(slash + 1);
    String[] meant = path ? new String[] {"", ""} : meant(plain);
    Attributes wish =
        new Attributes(who, verb, meant[1], meant[0], sub, namespace, name, path ? resource : "");
    Decision decision = authorizer.decide(wish);
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    answer.put("allowed", decision.allowed());
    answer.put(
        "verdict",
        decision.allowed() ? wish.refusal().replaceFirst("cannot", "can") : wish.refusal());
    String reason =
        !decision.reason().isEmpty()
            ? decision.reason()
            : decision.allowed()
                ? "the group system:masters may do everything"
                : authorizer.nearest(wish);
    return answer.put("reason", reason);
  }

  private static List<String> all(String user, List<String> asked) {
    List<String> groups = new ArrayList<>(asked);
    String[] parts = user.split(":", -1);
    if (user.startsWith(ACCOUNT) && parts.length == 4) {
      groups.add("system:serviceaccounts");
      groups.add("system:serviceaccounts:" + parts[2]);
    }
    boolean anonymous = user.equals(UserInfo.ANONYMOUS.name());
    groups.add(anonymous ? "system:unauthenticated" : UserInfo.AUTHENTICATED);
    return groups;
  }

  /// Plural and group of what a word means; a resource that is not there is taken as it is named.
  private String[] meant(String word) {
    for (ResourceType type : registry.all()) {
      String whole = type.group().isEmpty() ? type.plural() : type.plural() + "." + type.group();
      boolean same =
          word.equals(type.plural())
              || word.equals(whole)
              || word.equals(type.singular())
              || type.shortNames().contains(word);
      if (same) {
        return new String[] {type.plural(), type.group()};
      }
    }
    int dot = word.indexOf('.');
    return dot < 0
        ? new String[] {word, ""}
        : new String[] {word.substring(0, dot), word.substring(dot + 1)};
  }
}
