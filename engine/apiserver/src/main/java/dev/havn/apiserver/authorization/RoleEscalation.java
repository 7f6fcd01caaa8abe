// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Nobody grants more than they hold: a role may only be written with rules, and a binding only to
/// a role, that the writer has, unless they may `escalate` the role or `bind` it.
public final class RoleEscalation implements Admission {
  private static final String GROUP = "rbac.authorization.k8s.io";
  private static final String VERSION = GROUP + "/v1";
  private static final Set<String> ALL = Set.of("*");
  private static final List<Rbac.Rule> EVERYTHING =
      List.of(
          new Rbac.Rule(ALL, ALL, ALL, Set.of(), Set.of()),
          new Rbac.Rule(ALL, Set.of(), Set.of(), Set.of(), ALL));

  private final Authorizer authorizer;
  private final Objects objects;

  public RoleEscalation(Authorizer authorizer, Objects objects) {
    this.authorizer = authorizer;
    this.objects = objects;
  }

  /// Of the role as it is to be stored, after everybody has changed it.
  @Override
  public void validate(Write write) {
    boolean concerned =
        write.type().group().equals(GROUP)
            && write.operation() != Operation.DELETE
            && !write.user().groups().contains(Rbac.MASTERS);
    if (!concerned) {
      return;
    }
    switch (write.type().plural()) {
      case "roles", "clusterroles" -> role(write);
      case "rolebindings", "clusterrolebindings" -> binding(write);
      default -> {}
    }
  }

  private boolean may(Write write, String verb, String resource, String name) {
    return authorizer.allows(
        new Attributes(write.user(), verb, GROUP, resource, "", write.namespace(), name, ""));
  }

  private static JsonNode before(Write write, String field) {
    @Nullable ObjectNode before = write.before();
    return before == null ? JsonNodeFactory.instance.missingNode() : before.path(field);
  }

  private void role(Write write) {
    JsonNode aggregation = write.object().path("aggregationRule");
    boolean unchanged =
        write.before() != null
            && before(write, "rules").equals(write.object().path("rules"))
            && before(write, "aggregationRule").equals(aggregation);
    if (unchanged || may(write, "escalate", write.type().plural(), write.name())) {
      return;
    }
    if (!aggregation.isMissingNode() && !missing(write, EVERYTHING).isEmpty()) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "must have cluster-admin privileges to use the aggregationRule");
    }
    refuse(write, Rbac.rules(write.object()));
  }

  private void binding(Write write) {
    JsonNode reference = write.object().path("roleRef");
    boolean unchanged =
        write.before() != null
            && before(write, "roleRef").equals(reference)
            && before(write, "subjects").equals(write.object().path("subjects"));
    String plural = reference.path("kind").asText().equals("Role") ? "roles" : "clusterroles";
    String name = reference.path("name").asText();
    if (unchanged || may(write, "bind", plural, name)) {
      return;
    }
    String namespace = plural.equals("roles") ? write.namespace() : "";
    @Nullable ObjectNode role = objects.read(VERSION, plural, namespace, name);
    if (role == null) {
      // Named as Kubernetes names it: by the resource that is written.
      throw ApiException.notFound(write.type(), name);
    }
    refuse(write, Rbac.rules(role));
  }

  private List<Rbac.Rule> missing(Write write, List<Rbac.Rule> wanted) {
    return Coverage.missing(authorizer.rulesOf(write.user(), write.namespace()), wanted);
  }

  private void refuse(Write write, List<Rbac.Rule> wanted) {
    List<Rbac.Rule> missing = missing(write, wanted);
    if (missing.isEmpty()) {
      return;
    }
    UserInfo user = write.user();
    throw ApiException.forbidden(
        write.type(),
        write.name(),
        "user \"%s\" (groups=%s) is attempting to grant RBAC permissions not currently held:\n%s"
            .formatted(
                user.name(),
                Coverage.quoted(user.groups()),
                missing.stream().map(Coverage::text).sorted().collect(Collectors.joining("\n"))));
  }
}
