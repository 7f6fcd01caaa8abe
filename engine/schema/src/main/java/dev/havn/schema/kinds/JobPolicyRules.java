// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What of a Job's pods counts as failure of it, and what as success.
final class JobPolicyRules {
  private static final int RULES_MAX = 20;
  private static final int CONDITIONS_MAX = 20;
  private static final int EXIT_CODES_MAX = 255;
  private static final int INDEXES_BYTES_MAX = 64 << 10;

  private JobPolicyRules() {}

  static void failure(At spec) {
    At rules = spec.at("podFailurePolicy").at("rules");
    atMost(rules, RULES_MAX);
    for (At rule : rules.items()) {
      action(spec, rule.at("action"));
      At exit = rule.at("onExitCodes");
      At conditions = rule.at("onPodConditions");
      if (exit.isThere()) {
        exitCodes(spec, exit);
      }
      conditions(conditions);
      if (exit.isThere() && !conditions.isEmpty()) {
        plainly(rule, "specifying both OnExitCodes and OnPodConditions is not supported");
      } else if (!exit.isThere() && conditions.isEmpty()) {
        plainly(rule, "specifying one of OnExitCodes and OnPodConditions is required");
      }
    }
  }

  private static void action(At spec, At action) {
    if (action.isEmpty()) {
      action.required("valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
    } else if (action.is("FailIndex")) {
      if (!spec.at("backoffLimitPerIndex").isThere()) {
        action.invalidText("requires the backoffLimitPerIndex to be set");
      }
    } else {
      action.oneOf("Count", "FailIndex", "FailJob", "Ignore");
    }
  }

  private static void exitCodes(At spec, At exit) {
    At operator = exit.at("operator");
    if (operator.isEmpty()) {
      operator.required("valid values: [\"In\" \"NotIn\"]");
    } else {
      operator.oneOf("In", "NotIn");
    }
    At container = exit.at("containerName");
    if (container.isThere() && !containers(spec).contains(container.text())) {
      container.invalidText(
          "must be one of the container or initContainer names in the pod template");
    }
    At values = exit.at("values");
    if (values.isEmpty()) {
      values.invalid("at least one value is required");
    } else {
      atMost(values, EXIT_CODES_MAX);
    }
    Set<Long> seen = new HashSet<>();
    long last = Long.MIN_VALUE;
    boolean ordered = true;
    for (At value : values.items()) {
      if (operator.is("In") && value.number() == 0) {
        value.invalid("must not be 0 for the In operator");
      }
      if (!seen.add(value.number())) {
        value.duplicate();
      }
      ordered &= last <= value.number();
      last = value.number();
    }
    if (!ordered) {
      values.invalid("must be ordered");
    }
  }

  private static Set<String> containers(At spec) {
    Set<String> names = new HashSet<>();
    for (String list : List.of("containers", "initContainers")) {
      spec.at("template")
          .at("spec")
          .at(list)
          .items()
          .forEach(each -> names.add(each.at("name").text()));
    }
    return names;
  }

  private static void conditions(At conditions) {
    atMost(conditions, CONDITIONS_MAX);
    for (At condition : conditions.items()) {
      condition.at("type").has(Formats::qualifiedName);
      At status = condition.at("status");
      if (status.isEmpty()) {
        status.required("valid values: [\"False\" \"True\" \"Unknown\"]");
      } else {
        status.oneOf("False", "True", "Unknown");
      }
    }
  }

  private static void plainly(At at, String detail) {
    at.errors().add(new FieldError(FieldError.Type.INVALID, at.path(), null, detail));
  }

  private static void atMost(At list, int most) {
    if (list.value().size() > most) {
      list.errors()
          .add(
              new FieldError(
                  FieldError.Type.TOO_MANY,
                  list.path(),
                  String.valueOf(list.value().size()),
                  "must have at most " + most + " items"));
    }
  }

  static void success(At spec) {
    At policy = spec.at("successPolicy");
    if (!policy.isThere()) {
      return;
    }
    if (!JobRules.isIndexed(spec)) {
      policy.invalid("requires indexed completion mode");
      return;
    }
    At rules = policy.at("rules");
    if (rules.isEmpty()) {
      rules.required("at least one rules must be specified when the successPolicy is specified");
    }
    atMost(rules, RULES_MAX);
    for (At rule : rules.items()) {
      success(rule, spec.at("completions").number());
    }
  }

  private static void success(At rule, long completions) {
    At indexes = rule.at("succeededIndexes");
    At count = rule.at("succeededCount");
    if (!indexes.isThere() && !count.isThere()) {
      rule.required("at least one of succeededCount or succeededIndexes must be specified");
    }
    IndexIntervals read = IndexIntervals.read(indexes.text(), completions);
    if (indexes.isThere()) {
      indexes.maxBytes(INDEXES_BYTES_MAX);
      if (!read.problem().isEmpty()) {
        indexes.invalidText("error parsing succeededIndexes: " + read.problem());
      }
    }
    if (count.isThere()) {
      count.nonNegative();
      if (count.number() > completions) {
        count.invalid(
            "must be less than or equal to %d (the number of specified completions)"
                .formatted(completions));
      }
      if (indexes.isThere() && count.number() > read.total()) {
        count.invalid(
            "must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)"
                .formatted(read.total()));
      }
    }
  }
}
