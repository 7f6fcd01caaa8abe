// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Rules of what steers scheduling: affinity, tolerations, spreading.
final class SchedulingRules {
  private static final String REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
  private static final String PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
  private static final int WEIGHT_MAX = 100;

  private SchedulingRules() {}

  static void affinity(At affinity) {
    At node = affinity.at("nodeAffinity");
    node.at(REQUIRED).ifThere(SchedulingRules::nodeSelector);
    for (At term : node.at(PREFERRED).items()) {
      weight(term.at("weight"));
      term(term.at("preference"));
    }
    for (String kind : List.of("podAffinity", "podAntiAffinity")) {
      At pods = affinity.at(kind);
      pods.at(REQUIRED).items().forEach(SchedulingRules::podTerm);
      for (At term : pods.at(PREFERRED).items()) {
        weight(term.at("weight"));
        podTerm(term.at("podAffinityTerm"));
      }
    }
  }

  private static void weight(At weight) {
    if (weight.number() <= 0 || weight.number() > WEIGHT_MAX) {
      weight.invalid("must be in the range 1-" + WEIGHT_MAX);
    }
  }

  /// Which nodes are meant.
  static void nodeSelector(At selector) {
    At terms = selector.at("nodeSelectorTerms");
    if (terms.isEmpty()) {
      terms.required("must have at least one node selector term");
      return;
    }
    terms.items().forEach(SchedulingRules::term);
  }

  private static void term(At term) {
    for (At each : term.at("matchExpressions").items()) {
      At values = each.at("values");
      switch (each.at("operator").text()) {
        case "In", "NotIn" -> values.needs("must be specified when `operator` is 'In' or 'NotIn'");
        case "Exists", "DoesNotExist" -> {
          if (!values.isEmpty()) {
            values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
          }
        }
        case "Gt", "Lt" -> {
          if (values.value().size() != 1) {
            values.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
          }
        }
        default -> each.at("operator").invalidText("not a valid selector operator");
      }
      each.at("key").has(Formats::qualifiedName);
      values.items().forEach(value -> value.has(LabelSyntax::valueProblems));
    }
    for (At each : term.at("matchFields").items()) {
      At operator = each.at("operator");
      At values = each.at("values");
      switch (operator.text()) {
        case "In", "NotIn" -> {
          if (values.value().size() != 1) {
            values.required(
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
          }
        }
        default -> operator.invalidText("not a valid selector operator");
      }
      At key = each.at("key");
      if (key.is("metadata.name")) {
        values.items().forEach(value -> value.has(Formats::subdomain));
      } else {
        key.invalidText("not a valid field selector key");
      }
    }
  }

  private static void podTerm(At term) {
    SelectorRules.check(term.at("labelSelector"));
    SelectorRules.check(term.at("namespaceSelector"));
    for (At namespace : term.at("namespaces").items()) {
      namespace.named(term.path() + ".namespace").has(Formats::label);
    }
    LabelKeyRules.ofTerm(term);
    At key = term.at("topologyKey");
    key.needs("can not be empty");
    key.has(Formats::qualifiedName);
  }

  static void tolerations(At tolerations) {
    for (At toleration : tolerations.items()) {
      At key = toleration.at("key");
      At operator = toleration.at("operator");
      At value = toleration.at("value");
      At effect = toleration.at("effect");
      if (!key.isEmpty()) {
        key.has(Formats::qualifiedName);
      } else if (!operator.is("Exists")) {
        operator.invalidText(
            "operator must be Exists when `key` is empty, which means \"match all values and all"
                + " keys\"");
      }
      if (toleration.at("tolerationSeconds").isThere() && !effect.is("NoExecute")) {
        effect.invalidText("effect must be 'NoExecute' when `tolerationSeconds` is set");
      }
      switch (operator.text()) {
        case "Equal", "" -> {
          List<String> problems = LabelSyntax.valueProblems(value.text());
          if (!problems.isEmpty()) {
            value.named(operator.path()).invalidText(String.join(";", problems));
          }
        }
        case "Exists" -> {
          if (!value.isEmpty()) {
            value
                .named(operator.path())
                .invalidText("value must be empty when `operator` is 'Exists'");
          }
        }
        // Comparisons are known, but nodes with numbers for them are not (KEP-5471 is off).
        case "Lt", "Gt" -> operator.notSupported("Equal", "Exists", "Lt", "Gt");
        default -> operator.notSupported("Equal", "Exists");
      }
      if (!effect.isEmpty()) {
        effect.oneOf("NoSchedule", "PreferNoSchedule", "NoExecute");
      }
    }
  }

  static void spread(At constraints) {
    Set<String> seen = new HashSet<>();
    for (At constraint : constraints.items()) {
      if (constraint.at("maxSkew").number() <= 0) {
        constraint.at("maxSkew").invalid("must be greater than zero");
      }
      At key = constraint.at("topologyKey");
      if (key.isEmpty()) {
        key.required("can not be empty");
      } else {
        key.has(Formats::qualifiedName);
      }
      At when = constraint.at("whenUnsatisfiable");
      when.oneOf("DoNotSchedule", "ScheduleAnyway");
      String pair = "{" + key.text() + ", " + when.text() + "}";
      if (!seen.add(pair)) {
        constraint
            .errors()
            .add(
                FieldError.duplicate(
                    constraint.path() + ".{topologyKey, whenUnsatisfiable}", pair));
      }
      At domains = constraint.at("minDomains");
      if (domains.isThere() && domains.number() <= 0) {
        domains.invalid("must be greater than zero");
      }
      if (domains.isThere() && !when.is("DoNotSchedule")) {
        domains.invalid(
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + when.text());
      }
      for (String field : List.of("nodeAffinityPolicy", "nodeTaintsPolicy")) {
        constraint.at(field).mayBeOneOf("Honor", "Ignore");
      }
      LabelKeyRules.ofSpread(constraint);
      SelectorRules.check(constraint.at("labelSelector"));
    }
  }
}
