// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Rules of LimitRanges: what is asked for by default lies between the least and the most.
final class LimitRangeRules {
  private static final Set<String> TYPES = Set.of("Pod", "Container", "PersistentVolumeClaim");
  private static final List<String> FIELDS =
      List.of("max", "min", "default", "defaultRequest", "maxLimitRequestRatio");

  private LimitRangeRules() {}

  static void check(At object) {
    Set<String> types = new HashSet<>();
    for (At limit : object.at("spec").at("limits").items()) {
      At type = limit.at("type");
      List<String> problems = Formats.qualifiedName(type.text());
      problems.forEach(type::invalidText);
      if (problems.isEmpty() && !type.text().contains("/") && !TYPES.contains(type.text())) {
        type.invalidText("must be a standard limit type or fully qualified");
      }
      if (!types.add(type.text())) {
        type.duplicate();
      }
      limits(limit, type.text());
    }
  }

  private static void limits(At limit, String type) {
    Set<String> names = new TreeSet<>();
    for (String field : FIELDS) {
      boolean forbidden = type.equals("Pod") && field.startsWith("default");
      At amounts = limit.at(field);
      if (field.equals("maxLimitRequestRatio")) {
        storage(limit, type);
      }
      if (forbidden) {
        if (!amounts.isEmpty()) {
          amounts.forbidden("may not be specified when `type` is 'Pod'");
        }
      } else {
        amounts.entries().forEach((name, amount) -> name(type, amount, name));
        names.addAll(amounts.entries().keySet());
      }
    }
    names.forEach(name -> between(limit, name, type.equals("Pod")));
  }

  private static void storage(At limit, String type) {
    if (type.equals("PersistentVolumeClaim")
        && !limit.at("min").at("storage").isThere()
        && !limit.at("max").at("storage").isThere()) {
      limit
          .named(limit.path() + ".limits")
          .required(
              "either minimum or maximum storage value is required, but neither was provided");
    }
  }

  private static void name(String type, At amount, String name) {
    if (type.equals("Pod") || type.equals("Container")) {
      ResourceRules.containerName(amount, name);
    } else {
      QuotaRules.name(amount, name);
    }
  }

  private static At amount(At limit, String field, String name) {
    At map = limit.at(field);
    return map.at(name).named(map.path() + "[" + name + "]");
  }

  private static void between(At limit, String name, boolean ofPod) {
    At least = amount(limit, "min", name);
    At most = amount(limit, "max", name);
    At given = ofPod ? limit.at("") : amount(limit, "default", name);
    At asked = ofPod ? limit.at("") : amount(limit, "defaultRequest", name);
    exceeds(least, most, least, "min value %s is greater than max value %s");
    exceeds(least, asked, asked, "min value %s is greater than default request value %s");
    exceeds(asked, most, asked, "default request value %s is greater than max value %s");
    exceeds(asked, given, asked, "default request value %s is greater than default limit value %s");
    exceeds(
        least, given, least.named(given.path()), "min value %s is greater than default value %s");
    exceeds(given, most, most.named(given.path()), "default value %s is greater than max value %s");
    ratio(amount(limit, "maxLimitRequestRatio", name), least, most);
    boolean fixed = name.contains("/") || name.startsWith("hugepages-");
    if (fixed && asked.isThere() && given.isThere() && !asked.quantity().equals(given.quantity())) {
      asked.invalid(
          "default value %s must equal to defaultRequest value %s in %s"
              .formatted(given.text(), asked.text(), name));
    }
  }

  /// @param shown where the error stands, with the value it shows
  private static void exceeds(At one, At other, At shown, String detail) {
    if (one.isThere()
        && other.isThere()
        && one.quantity().amount().compareTo(other.quantity().amount()) > 0) {
      shown.invalid(detail.formatted(one.text(), other.text()));
    }
  }

  private static void ratio(At ratio, At least, At most) {
    if (!ratio.isThere()) {
      return;
    }
    BigDecimal amount = ratio.quantity().amount();
    if (amount.compareTo(BigDecimal.ONE) < 0) {
      ratio.invalid("ratio %s is less than 1".formatted(ratio.text()));
    }
    if (least.isThere() && most.isThere()) {
      Quantity floor = least.quantity();
      double limit =
          floor.amount().signum() == 0
              ? Double.POSITIVE_INFINITY
              : most.quantity()
                  .amount()
                  .divide(floor.amount(), MathContext.DECIMAL64)
                  .doubleValue();
      if (amount.doubleValue() > limit) {
        ratio.invalid("ratio %s is greater than max/min = %f".formatted(ratio.text(), limit));
      }
    }
  }
}
