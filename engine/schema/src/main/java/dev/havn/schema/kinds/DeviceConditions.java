// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;

/// Conditions for which a pod waits before it is bound to a device (KEP-5007), and those at which
/// it is given up.
final class DeviceConditions {
  private static final int CONDITIONS_MAX = 4;

  private DeviceConditions() {}

  /// @param holder a device, or a device as it was given to a claim
  static void check(At holder) {
    At wanted = holder.at("bindingConditions");
    At fatal = holder.at("bindingFailureConditions");
    names(wanted);
    names(fatal);
    if (wanted.isEmpty() && !fatal.isEmpty()) {
      wanted.invalid("bindingConditions are required to use bindingFailureConditions");
    } else if (fatal.isEmpty() && !wanted.isEmpty()) {
      fatal.invalid("bindingFailureConditions are required to use bindingConditions");
    }
    Set<JsonNode> both = new HashSet<>();
    wanted.value().forEach(both::add);
    for (At each : fatal.items()) {
      if (both.contains(each.value())) {
        each.invalidText("bindingFailureConditions must not overlap with bindingConditions");
      }
    }
  }

  private static void names(At conditions) {
    if (conditions.holdsAtMost(CONDITIONS_MAX)) {
      conditions.items().forEach(each -> each.has(Formats::qualifiedName));
      conditions.unique();
    }
  }
}
