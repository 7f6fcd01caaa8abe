// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gives a ClusterRole with an aggregation rule the rules of all roles that it selects.
final class ClusterRoleAggregation implements Reconciler {
  private static final String MANAGER = "clusterrole-aggregation-controller";

  private final Informer<ClusterRole> roles;
  private final Api api;

  ClusterRoleAggregation(Informer<ClusterRole> roles, Api api) {
    this.roles = roles;
    this.api = api;
  }

  static boolean aggregates(ClusterRole role) {
    return role.getAggregationRule() != null;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable ClusterRole role = roles.get("", key.name());
    if (role == null || !aggregates(role)) {
      return Result.DONE;
    }
    Set<PolicyRule> rules = new LinkedHashSet<>();
    for (ClusterRole each : selected(role)) {
      if (each.getRules() != null) { // one that is aggregated itself and has not been filled yet
        rules.addAll(each.getRules());
      }
    }
    List<PolicyRule> wanted = List.copyOf(rules);
    List<PolicyRule> present = role.getRules() == null ? List.of() : role.getRules();
    if (!wanted.equals(present)) {
      apply(key.name(), wanted);
    }
    return Result.DONE;
  }

  /// Applied, so that where nothing is selected what somebody else wrote stays.
  private void apply(String name, List<PolicyRule> rules) {
    ObjectNode said = Api.object().put("kind", "ClusterRole");
    said.put("apiVersion", "rbac.authorization.k8s.io/v1").putObject("metadata").put("name", name);
    if (!rules.isEmpty()) {
      said.set("rules", api.toTree(rules));
    }
    api.apply(Api.path(ClusterRole.class, "", name), MANAGER, said);
  }

  /// In the order of the selectors, those of each by name; a role may be there twice.
  private List<ClusterRole> selected(ClusterRole role) {
    List<ClusterRole> others =
        roles.list().stream()
            .filter(each -> !each.getMetadata().getName().equals(role.getMetadata().getName()))
            .sorted(Comparator.comparing(each -> each.getMetadata().getName()))
            .toList();
    return role.getAggregationRule().getClusterRoleSelectors().stream()
        .flatMap(
            selector ->
                others.stream()
                    .filter(
                        each -> LabelSelectors.matches(selector, each.getMetadata().getLabels())))
        .toList();
  }
}
