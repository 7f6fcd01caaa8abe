// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.EvaluationException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The plugin ValidatingAdmissionPolicy: evaluates the expressions of policies and does with what
/// does not hold what the bindings say: refuse, warn, note for the audit.
final class ValidatingPolicies {
  private static final Logger LOG = LoggerFactory.getLogger(ValidatingPolicies.class);
  private static final int MESSAGE_BYTES_MAX = 5 << 10;
  private static final int ANNOTATION_CHARS_MAX = 10 << 10;
  private static final String FAILURE = "validation.policy.admission.k8s.io/validation_failure";

  private final Objects objects;
  private final Variables variables;
  private final Parameters parameters;
  private final AdmissionMetrics metrics;

  ValidatingPolicies(Objects objects, Variables variables, AdmissionMetrics metrics) {
    this.metrics = metrics;
    this.objects = objects;
    this.variables = variables;
    this.parameters = new Parameters(objects);
  }

  /// What does not hold, in words.
  ///
  /// @param index of the expression
  /// @param reason of the refusal
  private record Finding(int index, String message, String reason) {
    static Finding of(int index, EvaluationException e) {
      return new Finding(index, String.valueOf(e.getMessage()), "Invalid");
    }
  }

  /// A refusal.
  private record Denial(Policy policy, Policy.Binding binding, Finding finding) {}

  void validate(Write write, List<Policy> policies) {
    List<Denial> denials = new ArrayList<>();
    for (Policy policy : policies) {
      policy.matching().match(write, objects).ifPresent(as -> look(write, policy, as, denials));
    }
    if (!denials.isEmpty()) {
      throw refusal(write, denials.getFirst());
    }
  }

  private static ApiException refusal(Write write, Denial denial) {
    String message =
        "ValidatingAdmissionPolicy '%s' with binding '%s' denied request: %s"
            .formatted(denial.policy().name(), denial.binding().name(), denial.finding().message());
    String reason = denial.finding().reason();
    int code =
        switch (reason) {
          case "Forbidden" -> 403;
          case "RequestEntityTooLarge" -> 413;
          default -> 422;
        };
    String whole = ApiException.forbidden(write.type(), write.name(), message).getMessage();
    return ApiException.byPolicy(
        write.type(), write.name(), code, reason, String.valueOf(whole), List.of(message));
  }

  private void look(Write write, Policy policy, ResourceType as, List<Denial> denials) {
    Map<String, Object> given = variables.of(write, as, /* unfinished= */ false);
    Map<String, Set<String>> annotations = new LinkedHashMap<>();
    for (Policy.Binding binding : policy.bindings()) {
      if (!binding.matching().leavesIn(write, objects)) {
        continue;
      }
      try {
        for (Object parameter : parameters.of(policy, binding, write.namespace())) {
          Instant since = metrics.now();
          List<Finding> findings = findings(policy, given, parameter, annotations);
          Duration took = Duration.between(since, metrics.now());
          for (Finding each : findings) {
            act(write, policy, binding, each, denials);
            for (String action : binding.actions()) {
              metrics.validated(
                  policy.name(),
                  binding.name(),
                  action.toLowerCase(Locale.ROOT),
                  each.message(),
                  took);
            }
          }
        }
      } catch (Parameters.UnusableException e) {
        if (!policy.ignoresFailure()) {
          String why = "failed to configure binding: " + e.getMessage();
          denials.add(new Denial(policy, binding, new Finding(0, why, "Invalid")));
        }
      }
    }
    annotations.forEach(
        (key, values) ->
            write.notes().annotate(policy.name() + "/" + key, String.join(", ", values)));
  }

  private static void act(
      Write write, Policy policy, Policy.Binding binding, Finding finding, List<Denial> denials) {
    for (String action : binding.actions()) {
      switch (action) {
        case "Deny" -> denials.add(new Denial(policy, binding, finding));
        case "Warn" ->
            write
                .notes()
                .warn(
                    "Validation failed for ValidatingAdmissionPolicy '%s' with binding '%s': %s"
                        .formatted(policy.name(), binding.name(), finding.message()));
        case "Audit" -> write.notes().annotate(FAILURE, note(policy, binding, finding));
        default -> LOG.warn("binding {} has the unknown action {}", binding.name(), action);
      }
    }
  }

  private static String note(Policy policy, Policy.Binding binding, Finding finding) {
    ArrayNode notes = JsonNodeFactory.instance.arrayNode();
    ObjectNode note = notes.addObject().put("message", finding.message());
    note.put("policy", policy.name()).put("binding", binding.name());
    note.put("expressionIndex", finding.index());
    binding.actions().forEach(note.putArray("validationActions")::add);
    return notes.toString();
  }

  private static List<Finding> findings(
      Policy policy,
      Map<String, Object> given,
      Object parameter,
      Map<String, Set<String>> annotations) {
    Map<String, Object> seen = new HashMap<>(given);
    seen.put("params", parameter);
    try {
      if (!policy.conditions().hold(seen)) {
        return List.of();
      }
      List<Finding> findings = validations(policy, given, parameter);
      annotate(policy, given, parameter, annotations, findings);
      return findings;
    } catch (EvaluationException e) {
      return policy.ignoresFailure() ? List.of() : List.of(Finding.of(0, e));
    }
  }

  /// @throws EvaluationException when the budget is spent
  private static List<Finding> validations(
      Policy policy, Map<String, Object> given, Object parameter) {
    Budget budget = new Budget(Budget.OF_A_WRITE);
    Map<String, Object> own = policy.variables(given, parameter, budget);
    List<Finding> failures = new ArrayList<>();
    List<Integer> unmet = new ArrayList<>();
    for (int i = 0; i < policy.validations().size(); i++) {
      try {
        if (!policy.validations().get(i).expression().evaluate(own, budget).equals(true)) {
          unmet.add(i);
        }
      } catch (EvaluationException e) {
        if (e.isOfBudget()) {
          throw e;
        }
        if (!policy.ignoresFailure()) {
          failures.add(Finding.of(i, e));
        }
      }
    }
    for (int each : unmet) {
      worded(policy, each, own, budget).ifPresent(failures::add);
    }
    failures.sort(Comparator.comparing(Finding::index));
    return failures;
  }

  /// Empty when it cannot be said what is wrong, and that does not matter.
  private static Optional<Finding> worded(
      Policy policy, int index, Map<String, Object> own, Budget budget) {
    Policy.Validation validation = policy.validations().get(index);
    String message;
    try {
      message = made(validation, own, budget);
    } catch (EvaluationException e) {
      String words = "failed messageExpression: " + e.getMessage();
      return policy.ignoresFailure()
          ? Optional.empty()
          : Optional.of(new Finding(index, words, "Invalid"));
    }
    if (message.isEmpty()) {
      message = validation.message();
    }
    if (message.isEmpty()) {
      message = "failed expression: " + validation.text();
    }
    return Optional.of(new Finding(index, message, validation.reason()));
  }

  private static void annotate(
      Policy policy,
      Map<String, Object> given,
      Object parameter,
      Map<String, Set<String>> annotations,
      List<Finding> findings) {
    Budget budget = new Budget(Budget.OF_A_WRITE);
    Map<String, Object> own = policy.variables(given, parameter, budget);
    for (Policy.Annotation each : policy.annotations()) {
      try {
        if (each.value().evaluate(own, budget) instanceof String text && !text.isBlank()) {
          String kept = text.strip();
          annotations
              .computeIfAbsent(each.key(), _ -> new LinkedHashSet<>())
              .add(kept.substring(0, Math.min(kept.length(), ANNOTATION_CHARS_MAX)));
        }
      } catch (EvaluationException e) {
        if (e.isOfBudget()) {
          throw e;
        }
        if (!policy.ignoresFailure()) {
          findings.add(Finding.of(0, e));
        }
      }
    }
  }

  /// What `messageExpression` makes; empty when that is no single line of a fair length.
  ///
  /// @throws EvaluationException when the budget is spent
  private static String made(Policy.Validation validation, Map<String, Object> own, Budget budget) {
    for (var each : validation.messages()) {
      try {
        if (each.evaluate(own, budget) instanceof String text
            && text.length() <= MESSAGE_BYTES_MAX
            && !text.strip().contains("\n")) {
          return text.strip();
        }
      } catch (EvaluationException e) {
        if (e.isOfBudget()) {
          throw e;
        }
        LOG.debug("a message of a policy: {}", e.getMessage());
      }
    }
    return "";
  }
}
