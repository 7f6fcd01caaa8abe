// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Rules of quotas and limit ranges.
final class QuotaRules {
  private static final Set<String> RESOURCES =
      Set.of("cpu", "memory", "ephemeral-storage", "storage");
  static final Set<String> QUOTAS =
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
  static final Set<String> COUNTED =
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

  private QuotaRules() {}

  static void quota(At object) {
    At spec = object.at("spec");
    amounts(spec.at("hard"));
    QuotaScopeRules.check(spec);
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

  private static void amounts(At amounts) {
    for (Map.Entry<String, At> each : amounts.entries().entrySet()) {
      String name = each.getKey();
      At amount = each.getValue();
      name(amount, name);
      if (!name.contains("/") && !QUOTAS.contains(name) && !isOfHugePages(name)) {
        problem(amount, name, "must be a standard resource for quota");
      }
      ResourceRules.quantity(amount, name);
    }
  }

  private static boolean isOfHugePages(String name) {
    return name.startsWith("hugepages-") || name.startsWith("requests.hugepages-");
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
}
