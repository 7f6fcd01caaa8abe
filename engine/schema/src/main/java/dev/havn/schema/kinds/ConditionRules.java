// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.HashMap;
import java.util.Map;

/// Conditions of the form that newer kinds share.
final class ConditionRules {
  private static final String REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";

  private ConditionRules() {}

  static void check(At conditions) {
    Map<String, Integer> seen = new HashMap<>();
    int index = 0;
    for (At condition : conditions.items()) {
      At type = condition.at("type");
      if (seen.putIfAbsent(type.text(), index++) != null) {
        type.duplicate();
      }
      type.has(Formats::qualifiedName);
      condition.at("status").oneOf("False", "True", "Unknown");
      condition.at("observedGeneration").nonNegative();
      if (!condition.at("lastTransitionTime").isThere()) {
        condition.at("lastTransitionTime").required("must be set");
      }
      At reason = condition.at("reason");
      if (reason.isEmpty()) {
        reason.required("must be set");
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
