// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rules of quotas and limit ranges.
final class QuotaRules {
  private static final Set<String> RESOURCES =
      Set.of("cpu", "memory", "ephemeral-storage", "storage");
  private static final Set<String> QUOTAS =
      Set.of(
          "cpu",
          "memory",
          "ephemeral-storage",
          "requests.cpu",
          "requests.memory",
          "requests.storage",
          "requests.ephemeral-storage",
          "limits.cpu",
          "limits.memory",
          "limits.ephemeral-storage",
          "pods",
          "resourcequotas",
          "services",
          "replicationcontrollers",
          "secrets",
          "persistentvolumeclaims",
          "configmaps",
          "services.nodeports",
          "services.loadbalancers");
  private static final Set<String> COUNTED =
      Set.of(
          "pods",
          "resourcequotas",
          "services",
          "replicationcontrollers",
          "secrets",
          "persistentvolumeclaims",
          "configmaps",
          "services.nodeports",
          "services.loadbalancers");
  private static final Set<String> SCOPES =
      Set.of(
          "Terminating",
          "NotTerminating",
          "BestEffort",
          "NotBestEffort",
          "PriorityClass",
          "CrossNamespacePodAffinity",
          "VolumeAttributesClass");
  private static final Set<String> LIMIT_TYPES =
      Set.of("Pod", "Container", "PersistentVolumeClaim");

  private QuotaRules() {}

  static void quota(At object) {
    At spec = object.at("spec");
    amounts(spec.at("hard"));
    At scopes = spec.at("scopes");
    boolean bad = false;
    for (At scope : scopes.items()) {
      bad |= !SCOPES.contains(scope.text());
    }
    if (bad) {
      scopes.invalid("unsupported scope");
    }
    selector(spec.at("scopeSelector"));
  }

  /// Scopes stay, in whatever order.
  static void changed(At after, JsonNode before) {
    Set<JsonNode> old = new HashSet<>();
    before.path("spec").path("scopes").forEach(old::add);
    At scopes = after.at("spec").at("scopes");
    Set<JsonNode> now = new HashSet<>();
    scopes.value().forEach(now::add);
    if (!old.equals(now)) {
      scopes.invalid("field is immutable");
    }
  }

  static void status(At status) {
    amounts(status.at("hard"));
    amounts(status.at("used"));
  }

  private static void selector(At selector) {
    At expressions = selector.at("matchExpressions");
    String path = expressions.path();
    for (At each : expressions.items()) {
      At scope = each.at("scopeName").named(path + ".scopeName");
      At operator = each.at("operator").named(path + ".operator");
      At values = each.at("values").named(path + ".values");
      if (!SCOPES.contains(scope.text())) {
        scope.invalidText("unsupported scope");
      }
      if (List.of("BestEffort", "NotBestEffort", "Terminating", "NotTerminating")
              .contains(scope.text())
          && !operator.is("Exists")) {
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
                "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector");
          }
        }
        default -> operator.invalidText("not a valid selector operator");
      }
    }
  }

  private static void amounts(At amounts) {
    for (Map.Entry<String, At> each : amounts.entries().entrySet()) {
      String name = each.getKey();
      At amount = each.getValue();
      name(amount, name);
      if (!name.contains("/") && !QUOTAS.contains(name)) {
        problem(amount, name, "must be a standard resource for quota");
      }
      amount.nonNegativeQuantity();
      boolean counted = COUNTED.contains(name) || name.startsWith("count/");
      if (counted && amount.quantity().amount().stripTrailingZeros().scale() > 0) {
        amount.invalid("must be an integer");
      }
    }
  }

  /// A resource by its name alone.
  static void name(At amount, String name) {
    for (String problem : Formats.qualifiedName(name)) {
      problem(amount, name, problem);
    }
    boolean standard =
        RESOURCES.contains(name)
            || QUOTAS.contains(name)
            || name.startsWith("hugepages-")
            || name.startsWith("requests.hugepages-");
    if (Formats.qualifiedName(name).isEmpty() && !name.contains("/") && !standard) {
      problem(amount, name, "must be a standard resource type or fully qualified");
    }
  }

  static void problem(At amount, String name, String detail) {
    amount.errors().add(FieldError.invalid(amount.path(), name, detail));
  }

  static void limitRange(At object) {
    Set<String> types = new HashSet<>();
    for (At limit : object.at("spec").at("limits").items()) {
      At type = limit.at("type");
      List<String> problems = Formats.qualifiedName(type.text());
      problems.forEach(type::invalidText);
      if (problems.isEmpty() && !type.text().contains("/") && !LIMIT_TYPES.contains(type.text())) {
        type.invalidText("must be a standard limit type or fully qualified");
      }
      if (!types.add(type.text())) {
        type.duplicate();
      }
      limits(limit, type.text());
    }
  }

  private static void limits(At limit, String type) {
    for (String field : List.of("max", "min")) {
      limit.at(field).entries().forEach((name, amount) -> name(amount, name));
    }
    if (type.equals("Pod")) {
      for (String field : List.of("default", "defaultRequest")) {
        if (!limit.at(field).isEmpty()) {
          limit.at(field).forbidden("may not be specified when `type` is 'Pod'");
        }
      }
    } else {
      for (String field : List.of("default", "defaultRequest")) {
        limit.at(field).entries().forEach((name, amount) -> name(amount, name));
      }
    }
    if (type.equals("PersistentVolumeClaim")
        && !limit.at("min").at("storage").isThere()
        && !limit.at("max").at("storage").isThere()) {
      limit
          .named(limit.path() + ".limits")
          .required(
              "either minimum or maximum storage value is required, but neither was provided");
    }
    for (Map.Entry<String, At> each : limit.at("min").entries().entrySet()) {
      At most = limit.at("max").at(each.getKey());
      if (most.isThere()
          && each.getValue().quantity().amount().compareTo(most.quantity().amount()) > 0) {
        each.getValue()
            .invalid(
                "min value %s is greater than max value %s"
                    .formatted(each.getValue().text(), most.text()));
      }
    }
  }
}
