// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.expression.EvaluationException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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

  ValidatingPolicies(Objects objects, Variables variables) {
    this.objects = objects;
    this.variables = variables;
    this.parameters = new Parameters(objects);
  }

  /// What does not hold, in words.
  ///
  /// @param index of the expression
  /// @param reason of the refusal
  private record Finding(int index, String message, String reason) {}

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
          case "Unauthorized" -> 401;
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
          Map<String, Object> own = policy.variables(given, parameter);
          for (Finding each : findings(policy, own, annotations)) {
            act(write, policy, binding, each, denials);
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
      Policy policy, Map<String, Object> own, Map<String, Set<String>> annotations) {
    List<Finding> findings = new ArrayList<>();
    try {
      if (!policy.conditions().hold(own)) {
        return findings;
      }
    } catch (EvaluationException e) {
      return List.of(new Finding(0, String.valueOf(e.getMessage()), "Invalid"));
    }
    for (int i = 0; i < policy.validations().size(); i++) {
      @Nullable Finding finding = finding(policy, i, own);
      if (finding != null) {
        findings.add(finding);
      }
    }
    for (Policy.Annotation each : policy.annotations()) {
      try {
        if (each.value().evaluate(own) instanceof String text && !text.isBlank()) {
          String kept = text.strip();
          annotations
              .computeIfAbsent(each.key(), _ -> new LinkedHashSet<>())
              .add(kept.substring(0, Math.min(kept.length(), ANNOTATION_CHARS_MAX)));
        }
      } catch (EvaluationException e) {
        if (!policy.ignoresFailure()) {
          findings.add(new Finding(0, String.valueOf(e.getMessage()), "Invalid"));
        }
      }
    }
    return findings;
  }

  private static @Nullable Finding finding(Policy policy, int index, Map<String, Object> own) {
    Policy.Validation validation = policy.validations().get(index);
    try {
      if (validation.expression().evaluate(own).equals(true)) {
        return null;
      }
    } catch (EvaluationException e) {
      return policy.ignoresFailure()
          ? null
          : new Finding(index, String.valueOf(e.getMessage()), "Invalid");
    }
    String message = made(validation, own);
    if (message.isEmpty()) {
      message = validation.message();
    }
    if (message.isEmpty()) {
      message = "failed expression: " + validation.text();
    }
    return new Finding(index, message, validation.reason());
  }

  /// What `messageExpression` makes; empty when that is no single line of a fair length.
  private static String made(Policy.Validation validation, Map<String, Object> own) {
    for (var each : validation.messages()) {
      try {
        if (each.evaluate(own) instanceof String text
            && text.length() <= MESSAGE_BYTES_MAX
            && !text.strip().contains("\n")) {
          return text.strip();
        }
      } catch (EvaluationException e) {
        LOG.debug("a message of a policy: {}", e.getMessage());
      }
    }
    return "";
  }
}
