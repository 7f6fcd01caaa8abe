// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.apply.AppliedPatch;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.EvaluationException;
import dev.havn.schema.expression.Values;
import dev.havn.schema.patch.JsonPatch;
import dev.havn.schema.patch.PatchException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The plugin MutatingAdmissionPolicy: applies what the expressions of policies make, in the order
/// of the policies' names, each on what those before it made of the object.
final class MutatingPolicies {
  private static final String SORT = "policies";

  private final Objects objects;
  private final Variables variables;
  private final Parameters parameters;
  private final AdmissionMetrics metrics;

  MutatingPolicies(Objects objects, Variables variables, AdmissionMetrics metrics) {
    this.metrics = metrics;
    this.objects = objects;
    this.variables = variables;
    this.parameters = new Parameters(objects);
  }

  void admit(Write write, List<Policy> policies, Reinvocation reinvocation) {
    reinvocation.enter(SORT, write.object());
    List<String> failures = new ArrayList<>();
    boolean unusable = false;
    for (Policy policy : policies) {
      Optional<ResourceType> as = policy.matching().match(write, objects);
      for (Policy.Binding binding : as.isEmpty() ? List.<Policy.Binding>of() : policy.bindings()) {
        try {
          admit(write, policy, binding, as.orElseThrow(), reinvocation);
        } catch (Parameters.UnusableException e) {
          unusable |= failures.isEmpty() && !policy.ignoresFailure();
          add(failures, policy, binding, "failed to configure binding: " + e.getMessage());
        } catch (EvaluationException | CodecException e) {
          add(failures, policy, binding, String.valueOf(e.getMessage()));
        }
      }
    }
    reinvocation.leave(SORT, write.object());
    if (!failures.isEmpty()) {
      String reason = unusable ? "Forbidden" : "Invalid";
      throw ApiException.byPolicy(
          write.type(), write.name(), 403, reason, failures.getFirst(), failures);
    }
  }

  private static void add(
      List<String> failures, Policy policy, Policy.Binding binding, String why) {
    if (!policy.ignoresFailure()) {
      failures.add(
          "policy '%s' with binding '%s' denied request: %s"
              .formatted(policy.name(), binding.name(), why));
    }
  }

  private void admit(
      Write write,
      Policy policy,
      Policy.Binding binding,
      ResourceType as,
      Reinvocation reinvocation) {
    if (!binding.matching().leavesIn(write, objects)) {
      return;
    }
    List<Object> given = parameters.of(policy, binding, write.namespace());
    for (int i = 0; i < given.size(); i++) {
      String who = policy.name() + "/" + binding.name() + "/" + i;
      Map<String, Object> seen = new HashMap<>(variables.of(write, as, true));
      seen.put("params", given.get(i));
      if (!policy.conditions().hold(seen) || !reinvocation.isDue(who)) {
        continue;
      }
      ObjectNode before = write.object().deepCopy();
      for (Policy.Mutation mutation : policy.mutations()) {
        measured(write, policy, binding, mutation, as, given.get(i));
      }
      if (!before.equals(write.object())) {
        reinvocation.changed();
      }
      if (policy.reinvoked()) {
        reinvocation.wantsAgain(who);
      }
    }
  }

  private void measured(
      Write write,
      Policy policy,
      Policy.Binding binding,
      Policy.Mutation mutation,
      ResourceType as,
      Object parameter) {
    Instant since = metrics.now();
    String problem = "";
    try {
      mutate(write, policy, mutation, as, parameter);
    } catch (EvaluationException | CodecException e) {
      problem = String.valueOf(e.getMessage());
      throw e;
    } finally {
      Duration took = Duration.between(since, metrics.now());
      metrics.mutated(policy.name(), binding.name(), problem, took);
    }
  }

  private void mutate(
      Write write, Policy policy, Policy.Mutation mutation, ResourceType as, Object parameter) {
    @Nullable ObjectNode object = AdmissionReviews.object(write, as, true);
    if (object == null) {
      return;
    }
    Budget budget = new Budget(Budget.OF_A_WRITE);
    Map<String, Object> own = policy.variables(variables.of(write, as, true), parameter, budget);
    Object made = mutation.expression().evaluate(own, budget);
    JsonNode change = json(made);
    if (mutation.patches()) {
      patch(write, as, object, change);
    } else if (change instanceof ObjectNode configuration) {
      configuration.set("kind", object.path("kind"));
      configuration.set("apiVersion", object.path("apiVersion"));
      ObjectNode applied;
      try {
        applied = AppliedPatch.applied(object, configuration, as.schema());
      } catch (CodecException e) {
        throw new CodecException("error applying patch: " + e.getMessage());
      }
      AdmissionReviews.replace(write, applied, as);
    }
  }

  private static JsonNode json(Object made) {
    try {
      return Values.toJson(made);
    } catch (IllegalArgumentException e) {
      throw new CodecException(
          "JSONPath valueExpression evaluated to a type that could not marshal to JSON: "
              + e.getMessage());
    }
  }

  /// A test that fails leaves the object as it is.
  private static void patch(Write write, ResourceType as, ObjectNode object, JsonNode patch) {
    try {
      if (JsonPatch.apply(object, patch) instanceof ObjectNode patched) {
        AdmissionReviews.replace(write, patched, as);
      }
    } catch (PatchException e) {
      String why = MutatingWebhooks.plain(e);
      if (!why.endsWith("test failed")) {
        throw new CodecException("JSON Patch: " + why);
      }
    }
  }
}
