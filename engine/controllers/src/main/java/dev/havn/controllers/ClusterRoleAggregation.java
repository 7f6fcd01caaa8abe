// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.LabelSelectors;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
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
    if (!wanted.equals(role.getRules())) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("resourceVersion", role.getMetadata().getResourceVersion());
      patch.set("rules", api.toTree(wanted));
      api.merge(Api.path(ClusterRole.class, "", key.name()), patch);
    }
    return Result.DONE;
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
