// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.codec.CodecException;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/// Rules of what containers ask for.
final class ResourceRules {
  private static final Set<String> OF_CONTAINERS = Set.of("cpu", "memory", "ephemeral-storage");

  private static final String PAGES = "hugepages-";

  private ResourceRules() {}

  /// Of a container.
  static void check(At resources) {
    check(resources, ResourceRules::containerName);
  }

  /// @param named checks the name of a resource
  static void check(At resources, BiConsumer<At, String> named) {
    At limits = resources.at("limits");
    At requests = resources.at("requests");
    for (Map.Entry<String, At> each : limits.entries().entrySet()) {
      amount(each.getKey(), each.getValue(), named);
      pages(each.getKey(), each.getValue());
    }
    for (Map.Entry<String, At> each : requests.entries().entrySet()) {
      amount(each.getKey(), each.getValue(), named);
      bounded(each.getKey(), each.getValue(), requests, limits);
      pages(each.getKey(), each.getValue());
    }
    Set<String> names = new HashSet<>(limits.entries().keySet());
    names.addAll(requests.entries().keySet());
    if (names.stream().anyMatch(name -> name.startsWith(PAGES))
        && !names.contains("cpu")
        && !names.contains("memory")) {
      resources.forbidden("HugePages require cpu or memory");
    }
  }

  /// One resource of which a container gets at most so much.
  static void limit(String name, At amount) {
    amount(name, amount, ResourceRules::containerName);
    pages(name, amount);
  }

  private static void bounded(String name, At request, At requests, At limits) {
    boolean exact = isExtended(name) || name.startsWith(PAGES);
    At limit = limits.entries().get(name);
    if (limit == null) {
      if (exact) {
        limits.required("Limit must be set for non overcommitable resources");
      }
      return;
    }
    int compared = request.quantity().amount().compareTo(limit.quantity().amount());
    if (exact ? compared != 0 : compared > 0) {
      request
          .named(requests.path())
          .invalid(
              "must be %s %s limit of %s"
                  .formatted(exact ? "equal to" : "less than or equal to", name, limit.text()));
    }
  }

  /// Memory in pages of one size comes as a number of them.
  private static void pages(String name, At amount) {
    if (!name.startsWith(PAGES)) {
      return;
    }
    BigDecimal size;
    try {
      size = Quantity.parse(name.substring(PAGES.length())).amount();
    } catch (CodecException e) {
      amount.invalid(String.valueOf(e.getMessage()));
      return;
    }
    BigDecimal asked = amount.quantity().amount();
    if (size.signum() <= 0 || asked.remainder(size).signum() != 0) {
      amount.invalid("%s is not positive integer multiple of %s".formatted(amount.text(), name));
    }
  }

  private static void amount(String name, At amount, BiConsumer<At, String> named) {
    named.accept(amount, name);
    amount.nonNegativeQuantity();
    boolean whole = name.contains("/") || name.startsWith(PAGES);
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
    if (!name.contains("/") && !OF_CONTAINERS.contains(name) && !name.startsWith(PAGES)) {
      QuotaRules.problem(amount, name, "must be a standard resource for containers");
    } else if (problems.isEmpty() && name.startsWith("requests.") && name.contains("/")) {
      QuotaRules.problem(amount, name, "doesn't follow extended resource name standard");
    }
  }
}
