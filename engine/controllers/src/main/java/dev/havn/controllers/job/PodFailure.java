// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicy;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyOnExitCodesRequirement;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyRule;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a job's `podFailurePolicy` says about a pod that failed (KEP-3329): the first rule that
/// matches.
///
/// @param action of the rule, or null when none matches
/// @param message why the job fails, when the action is `FailJob`
record PodFailure(@Nullable String action, @Nullable String message) {
  private static final PodFailure ORDINARY = new PodFailure(null, null);

  static PodFailure of(@Nullable PodFailurePolicy policy, JobPod pod) {
    if (policy == null || pod.pod().getStatus() == null) {
      return ORDINARY;
    }
    List<PodFailurePolicyRule> rules = policy.getRules();
    for (int i = 0; i < rules.size(); i++) {
      PodFailurePolicyRule rule = rules.get(i);
      Optional<String> matched =
          rule.getOnExitCodes() != null
              ? byExitCode(rule.getOnExitCodes(), pod)
              : byCondition(rule, pod);
      if (matched.isPresent()) {
        String message =
            "%s matching %s rule at index %d".formatted(matched.get(), rule.getAction(), i);
        return new PodFailure(
            rule.getAction(), "FailJob".equals(rule.getAction()) ? message : null);
      }
    }
    return ORDINARY;
  }

  boolean counts() {
    return !"Ignore".equals(action);
  }

  boolean failsIndex() {
    return "FailIndex".equals(action);
  }

  private static Optional<String> byExitCode(
      PodFailurePolicyOnExitCodesRequirement wanted, JobPod pod) {
    PodStatus status = pod.pod().getStatus();
    return Stream.concat(
            status.getContainerStatuses().stream(), status.getInitContainerStatuses().stream())
        .filter(container -> matches(wanted, container))
        .findFirst()
        .map(
            container ->
                "Container %s for pod %s failed with exit code %d"
                    .formatted(
                        container.getName(),
                        fullName(pod),
                        container.getState().getTerminated().getExitCode()));
  }

  private static boolean matches(
      PodFailurePolicyOnExitCodesRequirement wanted, ContainerStatus container) {
    if (container.getState() == null
        || container.getState().getTerminated() == null
        || (wanted.getContainerName() != null
            && !wanted.getContainerName().equals(container.getName()))) {
      return false;
    }
    @Nullable Integer code = container.getState().getTerminated().getExitCode();
    if (code == null || code == 0) {
      return false;
    }
    return switch (wanted.getOperator()) {
      case "In" -> wanted.getValues().contains(code);
      case "NotIn" -> !wanted.getValues().contains(code);
      default -> false;
    };
  }

  private static Optional<String> byCondition(PodFailurePolicyRule rule, JobPod pod) {
    return pod.pod().getStatus().getConditions().stream()
        .filter(condition -> matches(rule, condition))
        .findFirst()
        .map(condition -> "Pod %s has condition %s".formatted(fullName(pod), condition.getType()));
  }

  private static boolean matches(PodFailurePolicyRule rule, PodCondition condition) {
    return rule.getOnPodConditions().stream()
        .anyMatch(
            pattern ->
                pattern.getType().equals(condition.getType())
                    && pattern.getStatus().equals(condition.getStatus()));
  }

  private static String fullName(JobPod pod) {
    return pod.pod().getMetadata().getNamespace() + "/" + pod.name();
  }
}
