// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerRestartRule;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Whether a container that ended starts again: its own rules for exit codes come first (KEP-5307),
/// then its own policy, then that of its pod.
final class Restarts {
  private static final String ALL = "RestartAllContainers";

  private Restarts() {}

  static boolean of(Pod pod, Container container, int exitCode) {
    @Nullable String own = container.getRestartPolicy();
    if (own != null && rule(container, exitCode).isPresent()) {
      return true;
    }
    return follows(own == null ? pod.getSpec().getRestartPolicy() : own, exitCode);
  }

  /// The same for an init container that is no sidecar: once it has succeeded it is done.
  static boolean ofInit(Pod pod, Container container, int exitCode) {
    return exitCode != 0 && of(pod, container, exitCode);
  }

  /// Whether a container's end lets the whole pod start over.
  static boolean ofAll(Container container, int exitCode) {
    return rule(container, exitCode).filter(rule -> ALL.equals(rule.getAction())).isPresent();
  }

  /// Whether any container of a pod may let it start over.
  static boolean mayBeOfAll(Pod pod) {
    return containers(pod)
        .flatMap(each -> each.getRestartPolicyRules().stream())
        .anyMatch(rule -> ALL.equals(rule.getAction()));
  }

  /// Init containers and main ones.
  static Stream<Container> containers(Pod pod) {
    return Stream.concat(
        pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream());
  }

  private static boolean follows(@Nullable String policy, int exitCode) {
    return switch (policy == null ? "" : policy) {
      case "Never" -> false;
      case "OnFailure" -> exitCode != 0;
      default -> true;
    };
  }

  private static Optional<ContainerRestartRule> rule(Container container, int exitCode) {
    return container.getRestartPolicyRules().stream()
        .filter(rule -> matches(rule, exitCode))
        .findFirst();
  }

  private static boolean matches(ContainerRestartRule rule, int exitCode) {
    var codes = rule.getExitCodes();
    if (codes == null) {
      return false;
    }
    boolean isNamed = codes.getValues().contains(exitCode);
    return "NotIn".equals(codes.getOperator()) != isNamed;
  }
}
