// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.reconcile.NodeSelectors;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whether a node takes a daemon.
///
/// @param runs whether a pod is to be there
/// @param stays whether a pod that is there may remain
record NodeFit(boolean runs, boolean stays) {
  private static final NodeFit NEVER = new NodeFit(false, false);
  private static final Set<String> KEEPING_OUT = Set.of("NoSchedule", "NoExecute");
  private static final Set<String> DRIVING_OUT = Set.of("NoExecute");

  static NodeFit of(Desired desired, Node node) {
    PodSpec spec = desired.podSpec();
    @Nullable String fixed = spec.getNodeName();
    boolean isElsewhere =
        fixed != null && !fixed.isEmpty() && !fixed.equals(node.getMetadata().getName());
    if (isElsewhere || !isSelected(spec, node)) {
      return NEVER;
    }
    List<Taint> taints = node.getSpec() == null ? List.of() : node.getSpec().getTaints();
    List<Toleration> tolerations = Tolerations.of(spec);
    return new NodeFit(
        Tolerations.allow(tolerations, taints, KEEPING_OUT),
        Tolerations.allow(tolerations, taints, DRIVING_OUT));
  }

  private static boolean isSelected(PodSpec spec, Node node) {
    Map<String, String> labels =
        node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
    return NodeSelectors.allow(spec, node.getMetadata().getName(), labels);
  }
}
