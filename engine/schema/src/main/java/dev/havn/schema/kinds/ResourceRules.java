// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rules of what containers ask for.
final class ResourceRules {
  private static final Set<String> OF_CONTAINERS = Set.of("cpu", "memory", "ephemeral-storage");

  private ResourceRules() {}

  static void check(At resources) {
    At limits = resources.at("limits");
    At requests = resources.at("requests");
    limits.entries().forEach((name, amount) -> amount(name, amount));
    for (Map.Entry<String, At> each : requests.entries().entrySet()) {
      amount(each.getKey(), each.getValue());
      At limit = limits.at(each.getKey());
      if (limit.isThere()
          && each.getValue().quantity().amount().compareTo(limit.quantity().amount()) > 0) {
        each.getValue()
            .named(requests.path())
            .invalid(
                "must be less than or equal to %s limit of %s"
                    .formatted(each.getKey(), limit.text()));
      } else if (!limit.isThere() && each.getKey().contains("/")) {
        new At(limit.value(), limits.path(), limits.errors())
            .required("Limit must be set for non overcommitable resources");
      }
    }
  }

  private static void amount(String name, At amount) {
    containerName(amount, name);
    amount.nonNegativeQuantity();
    boolean whole = name.contains("/") || name.startsWith("hugepages-");
    if (whole && amount.quantity().amount().stripTrailingZeros().scale() > 0) {
      amount.invalid("must be an integer");
    }
  }

  /// An amount that is not negative, and whole where things are counted.
  static void quantity(At amount, String name) {
    amount.nonNegativeQuantity();
    boolean whole =
        QuotaRules.COUNTED.contains(name) || name.startsWith("count/") || isExtended(name);
    if (whole && amount.quantity().amount().stripTrailingZeros().scale() > 0) {
      amount.invalid("must be an integer");
    }
  }

  /// Named with a domain that is not Kubernetes' own.
  private static boolean isExtended(String name) {
    return name.contains("/")
        && !name.contains("kubernetes.io/")
        && !name.startsWith("requests.")
        && Formats.qualifiedName(name).isEmpty();
  }

  /// A resource that a container can have.
  static void containerName(At amount, String name) {
    QuotaRules.name(amount, name);
    List<String> problems = Formats.qualifiedName(name);
    if (!name.contains("/") && !OF_CONTAINERS.contains(name) && !name.startsWith("hugepages-")) {
      QuotaRules.problem(amount, name, "must be a standard resource for containers");
    } else if (problems.isEmpty() && name.startsWith("requests.") && name.contains("/")) {
      QuotaRules.problem(amount, name, "doesn't follow extended resource name standard");
    }
  }
}
