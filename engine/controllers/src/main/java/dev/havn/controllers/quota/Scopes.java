// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.quota;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaSpec;
import io.fabric8.kubernetes.api.model.ScopedResourceSelectorRequirement;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which objects are a quota's concern. Only pods and claims have scopes: a quota that asks for
/// some counts nothing else.
///
/// @param expressions of the scope selector
record Scopes(List<String> plain, List<ScopedResourceSelectorRequirement> expressions) {
  static Scopes of(ResourceQuotaSpec quota) {
    return new Scopes(
        quota.getScopes(),
        quota.getScopeSelector() == null
            ? List.of()
            : quota.getScopeSelector().getMatchExpressions());
  }

  boolean isEmpty() {
    return plain.isEmpty() && expressions.isEmpty();
  }

  boolean holds(Pod pod) {
    return plain.stream().allMatch(scope -> isIn(scope, pod))
        && expressions.stream().allMatch(each -> matches(each, pod));
  }

  private static boolean matches(ScopedResourceSelectorRequirement requirement, Pod pod) {
    if (!requirement.getScopeName().equals("PriorityClass")) {
      return isIn(requirement.getScopeName(), pod);
    }
    @Nullable String name = pod.getSpec().getPriorityClassName();
    return matches(requirement, name == null || name.isEmpty() ? Set.of() : Set.of(name));
  }

  private static boolean matches(ScopedResourceSelectorRequirement requirement, Set<String> names) {
    boolean listed = requirement.getValues().stream().anyMatch(names::contains);
    return switch (requirement.getOperator()) {
      case "In" -> listed;
      case "NotIn" -> !listed;
      case "Exists" -> !names.isEmpty();
      default -> names.isEmpty();
    };
  }

  private static boolean isIn(String scope, Pod pod) {
    boolean ends = pod.getSpec().getActiveDeadlineSeconds() != null;
    return switch (scope) {
      case "Terminating" -> ends;
      case "NotTerminating" -> !ends;
      case "BestEffort" -> isBestEffort(pod);
      case "NotBestEffort" -> !isBestEffort(pod);
      case "PriorityClass" -> pod.getSpec().getPriorityClassName() != null;
      case "CrossNamespacePodAffinity" -> looksElsewhere(pod.getSpec().getAffinity());
      default -> false;
    };
  }

  private static boolean isBestEffort(Pod pod) {
    return Stream.of(pod.getSpec().getContainers(), pod.getSpec().getInitContainers())
        .flatMap(List::stream)
        .map(Container::getResources)
        .allMatch(
            resources ->
                resources == null
                    || (isEmpty(resources.getRequests()) && isEmpty(resources.getLimits())));
  }

  private static boolean isEmpty(@Nullable Map<String, Quantity> amounts) {
    return amounts == null || amounts.isEmpty();
  }

  /// Whether pods of other namespaces count for where a pod may be.
  private static boolean looksElsewhere(@Nullable Affinity affinity) {
    if (affinity == null) {
      return false;
    }
    List<PodAffinityTerm> required = new ArrayList<>();
    List<WeightedPodAffinityTerm> preferred = new ArrayList<>();
    if (affinity.getPodAffinity() != null) {
      required.addAll(
          affinity.getPodAffinity().getRequiredDuringSchedulingIgnoredDuringExecution());
      preferred.addAll(
          affinity.getPodAffinity().getPreferredDuringSchedulingIgnoredDuringExecution());
    }
    if (affinity.getPodAntiAffinity() != null) {
      required.addAll(
          affinity.getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution());
      preferred.addAll(
          affinity.getPodAntiAffinity().getPreferredDuringSchedulingIgnoredDuringExecution());
    }
    preferred.forEach(each -> required.add(each.getPodAffinityTerm()));
    return required.stream()
        .anyMatch(term -> !term.getNamespaces().isEmpty() || term.getNamespaceSelector() != null);
  }

  /// By the attributes classes that a claim has, is getting or asks for (KEP-3751).
  boolean holds(PersistentVolumeClaim claim) {
    Set<String> classes = new TreeSet<>();
    add(claim.getSpec().getVolumeAttributesClassName(), classes);
    @Nullable PersistentVolumeClaimStatus status = claim.getStatus();
    if (status != null) {
      add(status.getCurrentVolumeAttributesClassName(), classes);
      if (status.getModifyVolumeStatus() != null) {
        add(status.getModifyVolumeStatus().getTargetVolumeAttributesClassName(), classes);
      }
    }
    return plain.isEmpty()
        && expressions.stream()
            .allMatch(
                each ->
                    each.getScopeName().equals("VolumeAttributesClass") && matches(each, classes));
  }

  private static void add(@Nullable String name, Collection<String> names) {
    if (name != null && !name.isEmpty()) {
      names.add(name);
    }
  }
}
