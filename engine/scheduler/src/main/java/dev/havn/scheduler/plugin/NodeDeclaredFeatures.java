// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Keeps pods off nodes that do not declare what of Kubernetes the pods need of a node (KEP-5328).
public final class NodeDeclaredFeatures implements Filter {
  public static final String NAME = "NodeDeclaredFeatures";
  private static final String RESTART_ALL = "RestartAllContainersOnContainerExits";
  private static final String OWN_USERS_ON_HOST = "UserNamespacesHostNetworkSupport";
  private static final Refusal MISSING =
      Refusal.hopeless(NAME, "node(s) didn't match Pod's required features");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Set<String> needed = needed(attempt.pod().pod());
    return needed.isEmpty()
        ? Prepared.NOTHING
        : Prepared.check(node -> node.features().containsAll(needed) ? null : MISSING);
  }

  /// Of the features that nodes of this release declare, others are needed by changes of a pod, or
  /// by nobody who waits for a node.
  private static Set<String> needed(Pod pod) {
    PodSpec spec = pod.getSpec();
    Set<String> needed = new TreeSet<>();
    boolean restartsAll =
        Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
            .flatMap(each -> each.getRestartPolicyRules().stream())
            .anyMatch(rule -> "RestartAllContainers".equals(rule.getAction()));
    if (restartsAll) {
      needed.add(RESTART_ALL);
    }
    if (Boolean.TRUE.equals(spec.getHostNetwork()) && Boolean.FALSE.equals(spec.getHostUsers())) {
      needed.add(OWN_USERS_ON_HOST);
    }
    return needed;
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.FEATURES);
      case Change.OfItself _ -> true;
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.FEATURES);
      case Change.OfItself self -> !needed(self.before().pod()).equals(needed(self.after().pod()));
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }
}
