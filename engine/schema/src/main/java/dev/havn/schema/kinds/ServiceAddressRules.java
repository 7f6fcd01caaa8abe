// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;

/// Rules of a Service's own addresses and of their families, which must hold before the server adds
/// any.
public final class ServiceAddressRules {
  private ServiceAddressRules() {}

  /// Errors of a Service's spec, empty when all is well.
  public static List<FieldError> problems(ObjectNode spec) {
    List<FieldError> errors = new ArrayList<>();
    check(At.root(spec, errors).named("spec"));
    return errors;
  }

  static void check(At spec) {
    At one = spec.at("clusterIP");
    At all = spec.at("clusterIPs");
    if (!one.isEmpty()) {
      if (all.isEmpty()) {
        all.required("");
      } else if (!all.items().getFirst().is(one.text())) {
        all.invalid("first value must match `clusterIP`");
      }
    } else if (!all.isEmpty()) {
      all.invalid("must be empty when `clusterIP` is not specified");
    }
    for (At family : spec.at("ipFamilies").items()) {
      family.oneOf("IPv4", "IPv6");
    }
    spec.at("ipFamilies").unique();
    spec.at("ipFamilyPolicy").mayBeOneOf("PreferDualStack", "RequireDualStack", "SingleStack");
    if (addresses(all)) {
      families(spec, all);
    }
  }

  /// Whether each is an address, or the only one `None`.
  private static boolean addresses(At all) {
    int before = all.errors().size();
    List<At> items = all.items();
    for (int i = 0; i < items.size(); i++) {
      if (i == 0 && items.get(i).is("None")) {
        if (items.size() > 1) {
          all.invalid("'None' must be the first and only value");
        }
      } else {
        items.get(i).has(Formats::address);
      }
    }
    boolean valid = all.errors().size() == before;
    if (items.size() > 2) {
      all.invalid("may only hold up to 2 values");
    }
    return valid;
  }

  private static void families(At spec, At all) {
    List<At> items = all.items();
    long newer = items.stream().filter(each -> each.text().contains(":")).count();
    if (items.size() > 1 && (newer == 0 || newer == items.size())) {
      all.invalid("may specify no more than one IP for each IP family");
    }
    List<At> families = spec.at("ipFamilies").items();
    for (int i = 0; i < Math.min(items.size(), families.size()); i++) {
      String actual = items.get(i).text().contains(":") ? "IPv6" : "IPv4";
      boolean headless = items.get(i).is("None");
      boolean known = families.get(i).is("IPv4") || families.get(i).is("IPv6");
      if (!headless && known && !families.get(i).is(actual)) {
        items
            .get(i)
            .invalidText(
                "expected an %s value as indicated by `ipFamilies[%d]`"
                    .formatted(families.get(i).text(), i));
      }
    }
  }
}
