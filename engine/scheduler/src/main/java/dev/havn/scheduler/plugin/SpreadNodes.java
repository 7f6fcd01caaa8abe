// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeRule;
import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The nodes on which pods are counted that are to be spread.
///
/// @param keys labels that a node must have
/// @param selector labels with their values
/// @param tolerations of the taints that nodes may have, or null when taints do not matter
record SpreadNodes(
    Set<String> keys,
    Map<String, String> selector,
    @Nullable NodeSelector required,
    @Nullable List<Toleration> tolerations)
    implements NodeRule {
  @Override
  public boolean includes(NodeState node) {
    return node.labels().keySet().containsAll(keys)
        && NodeSelection.matches(selector, node)
        && NodeSelection.matches(required, node)
        && (tolerations == null || Tolerations.allow(tolerations, node.taints()));
  }
}
