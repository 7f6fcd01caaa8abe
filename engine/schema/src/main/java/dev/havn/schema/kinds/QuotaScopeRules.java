// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Which objects a quota counts, and whether what it counts fits them.
final class QuotaScopeRules {
  private static final Set<String> SCOPES =
      Set.of(
          "Terminating",
          "NotTerminating",
          "BestEffort",
          "NotBestEffort",
          "PriorityClass",
          "CrossNamespacePodAffinity",
          "VolumeAttributesClass");
  private static final Set<String> EXISTING =
      Set.of(
          "BestEffort",
          "NotBestEffort",
          "Terminating",
          "NotTerminating",
          "CrossNamespacePodAffinity");
  private static final List<Set<String>> CONFLICTS =
      List.of(Set.of("BestEffort", "NotBestEffort"), Set.of("Terminating", "NotTerminating"));
  private static final Set<String> OF_PODS =
      Set.of(
          "pods",
          "cpu",
          "memory",
          "requests.cpu",
          "requests.memory",
          "limits.cpu",
          "limits.memory");

  private QuotaScopeRules() {}

  static void check(At spec) {
    At scopes = spec.at("scopes");
    Set<String> resources = new TreeSet<>(spec.at("hard").entries().keySet());
    resources.retainAll(QuotaRules.QUOTAS);
    Set<String> seen = new HashSet<>();
    for (At scope : scopes.items()) {
      if (!SCOPES.contains(scope.text())) {
        scopes.invalid("unsupported scope");
      }
      unfit(scope.text(), resources, scopes);
      seen.add(scope.text());
    }
    conflicts(seen, scopes);
    At selector = spec.at("scopeSelector");
    seen.clear();
    for (At each : selector.at("matchExpressions").items()) {
      String path = selector.path() + ".matchExpressions";
      At scope = each.at("scopeName").named(path + ".scopeName");
      if (!SCOPES.contains(scope.text())) {
        scope.invalidText("unsupported scope");
      }
      unfit(scope.text(), resources, selector.named(path));
      expression(each, path, scope.text());
      seen.add(scope.text());
    }
    conflicts(seen, scopes);
  }

  private static void unfit(String scope, Set<String> resources, At shown) {
    for (String resource : resources) {
      boolean fits =
          switch (scope) {
            case "BestEffort" -> resource.equals("pods");
            case "VolumeAttributesClass" ->
                resource.equals("persistentvolumeclaims") || resource.equals("requests.storage");
            default -> !SCOPES.contains(scope) || OF_PODS.contains(resource);
          };
      if (!fits) {
        shown.invalid("unsupported scope applied to resource");
      }
    }
  }

  private static void conflicts(Set<String> seen, At scopes) {
    for (Set<String> pair : CONFLICTS) {
      if (seen.containsAll(pair)) {
        scopes.invalid("conflicting scopes");
      }
    }
  }

  private static void expression(At each, String path, String scope) {
    At operator = each.at("operator").named(path + ".operator");
    At values = each.at("values").named(path + ".values");
    if (EXISTING.contains(scope) && !operator.is("Exists")) {
      operator.invalidText(
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating,"
              + " ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort,"
              + " ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
    }
    switch (operator.text()) {
      case "In", "NotIn" ->
          values.needs(
              "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
      case "Exists", "DoesNotExist" -> {
        if (!values.isEmpty()) {
          values.invalid(
              "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
        }
      }
      default -> operator.invalidText("not a valid selector operator");
    }
  }
}
