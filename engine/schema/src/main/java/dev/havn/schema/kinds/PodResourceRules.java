// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rules of what a pod asks for as a whole (KEP-2837): not less than its containers together, and
/// no container may have more.
final class PodResourceRules {
  private PodResourceRules() {}

  static void check(At spec, Set<String> claims) {
    At resources = spec.at("resources");
    if (!resources.isThere()) {
      return;
    }
    if (spec.at("os").at("name").is("windows")) {
      resources.forbidden("may not be set for a windows pod");
      return;
    }
    if (resources.at("claims").isThere()) {
      resources.at("claims").forbidden("claims may not be set for Resources at pod-level");
    }
    ResourceRules.check(resources, PodResourceRules::name);
    PodClaimRules.used(resources.at("claims"), claims);
    together(spec, resources.at("requests"));
    Map<String, At> limits = resources.at("limits").entries();
    for (At container : spec.at("containers").items()) {
      alone(container, limits, resources.path());
    }
  }

  private static void name(At amount, String name) {
    int before = amount.errors().size();
    QuotaRules.name(amount, name);
    if (amount.errors().size() == before && !PodAmounts.isOfPods(name)) {
      amount
          .errors()
          .add(
              FieldError.notSupported(
                  amount.path(), name, List.of("cpu", PodAmounts.PAGES, "memory")));
    }
  }

  private static void together(At spec, At requests) {
    Map<String, Quantity> needed = PodAmounts.of(spec.value(), "requests");
    for (Map.Entry<String, At> each : requests.entries().entrySet()) {
      Quantity least = needed.get(each.getKey());
      if (least != null
          && PodAmounts.isOfPods(each.getKey())
          && least.amount().compareTo(each.getValue().quantity().amount()) > 0) {
        each.getValue()
            .invalid("must be greater than or equal to aggregate container requests of " + least);
      }
    }
  }

  private static void alone(At container, Map<String, At> limits, String path) {
    String number = container.path().substring(container.path().lastIndexOf('['));
    for (Map.Entry<String, At> each : container.at("resources").at("limits").entries().entrySet()) {
      At most = limits.get(each.getKey());
      if (most != null
          && each.getValue().quantity().amount().compareTo(most.quantity().amount()) > 0) {
        each.getValue()
            .named("%s.containers%s[%s].limits".formatted(path, number, each.getKey()))
            .invalid("must be less than or equal to pod limits of " + most.text());
      }
    }
  }
}
