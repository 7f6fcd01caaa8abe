// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.HostPort;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;

/// Gives each port of a node's own address to one pod.
public final class NodePorts implements Filter {
  public static final String NAME = "NodePorts";
  private static final Refusal TAKEN =
      Refusal.resolvable(NAME, "node(s) didn't have free ports for the requested pod ports");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    List<HostPort> wanted = attempt.pod().ports();
    return wanted.isEmpty()
        ? Prepared.NOTHING
        : Prepared.ofNode(node -> areFree(wanted, node) ? null : TAKEN);
  }

  private static boolean areFree(List<HostPort> wanted, NodeState node) {
    for (HostPort each : wanted) {
      if (!node.isFree(each)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.has(Change.Aspect.ADDED);
      case Change.OfPod other ->
          other.isGone() && other.before() != null && !other.before().ports().isEmpty();
      case Change.OfItself _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node -> node.has(Change.Aspect.ADDED);
      case Change.OfPod other ->
          other.isGone()
              && other.before() != null
              && other.before().ports().stream()
                  .anyMatch(port -> pod.ports().stream().anyMatch(port::conflicts));
      case Change.OfItself _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }
}
