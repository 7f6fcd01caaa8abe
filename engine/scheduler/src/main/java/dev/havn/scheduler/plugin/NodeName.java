// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.PodFacts;
import org.jspecify.annotations.Nullable;

/// Keeps a pod that names a node off all others.
public final class NodeName implements Filter {
  public static final String NAME = "NodeName";
  private static final Refusal ANOTHER =
      Refusal.hopeless(NAME, "node(s) didn't match the requested node name");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    @Nullable String wanted = attempt.pod().node();
    return wanted == null
        ? Prepared.NOTHING
        : Prepared.ofNode(node -> node.name().equals(wanted) ? null : ANOTHER);
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.has(Change.Aspect.ADDED);
      case Change.OfPod _, Change.OfItself _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return change instanceof Change.OfNode node && node.has(Change.Aspect.ADDED);
  }
}
