// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.select.LabelSyntax;

/// Taints of devices and what tolerates them (KEP-5055).
final class DeviceTaintRules {
  private static final String[] EFFECTS = {"NoExecute", "NoSchedule", "None"};
  private static final int TAINTS_MAX = 16;

  private DeviceTaintRules() {}

  static void taints(At taints) {
    if (!taints.holdsAtMost(TAINTS_MAX)) {
      return;
    }
    for (At taint : taints.items()) {
      taint.at("key").has(Formats::qualifiedName);
      if (!taint.at("value").isEmpty()) {
        taint.at("value").has(LabelSyntax::valueProblems);
      }
      taint.at("effect").needsOneOf(EFFECTS);
    }
  }

  static void tolerations(At tolerations) {
    for (At toleration : tolerations.items()) {
      At key = toleration.at("key");
      At operator = toleration.at("operator");
      At value = toleration.at("value");
      At effect = toleration.at("effect");
      if (!key.isEmpty()) {
        key.has(Formats::qualifiedName);
      }
      switch (operator.text()) {
        case "Exists" -> {
          if (!value.isEmpty()) {
            value.invalidText("must be empty for operator `Exists`");
          }
        }
        case "Equal" -> {
          if (!value.isEmpty()) {
            value.has(LabelSyntax::valueProblems);
          }
        }
        default -> operator.needsOneOf("Equal", "Exists");
      }
      if (!effect.isEmpty()) {
        effect.oneOf(EFFECTS);
      }
    }
  }
}
