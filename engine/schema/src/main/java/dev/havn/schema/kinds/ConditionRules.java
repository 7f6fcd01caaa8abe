// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.HashMap;
import java.util.Map;

/// Conditions of the form that newer kinds share.
final class ConditionRules {
  private static final String REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";

  private ConditionRules() {}

  static void check(At conditions) {
    check(conditions, "must be greater than or equal to 0", "must be set");
  }

  /// The same in the words that some kinds have for it.
  ///
  /// @param negative of a generation below zero
  /// @param missing of what must be there
  static void check(At conditions, String negative, String missing) {
    Map<String, Integer> seen = new HashMap<>();
    int index = 0;
    for (At condition : conditions.items()) {
      At type = condition.at("type");
      if (seen.putIfAbsent(type.text(), index++) != null) {
        type.duplicate();
      }
      type.has(Formats::qualifiedName);
      condition.at("status").oneOf("False", "True", "Unknown");
      At generation = condition.at("observedGeneration");
      if (generation.number() < 0) {
        generation.invalid(negative);
      }
      if (!condition.at("lastTransitionTime").isThere()) {
        condition.at("lastTransitionTime").required(missing);
      }
      At reason = condition.at("reason");
      if (reason.isEmpty()) {
        reason.required(missing);
      } else if (!reason.text().matches(REASON)) {
        reason.invalidText(
            "a condition reason must start with alphabetic character, optionally followed by a"
                + " string of alphanumeric characters or '_,:', and must end with an alphanumeric"
                + " character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',"
                + "  or 'ReasonA:ReasonB', regex used for validation is '"
                + REASON
                + "')");
      }
    }
  }
}
