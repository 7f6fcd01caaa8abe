// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.function.Supplier;

/// Which names somebody who only was invited may become a node by. Who has a token for new nodes
/// must not become one that runs: it would read all that the other's pods refer to.
final class NodeNames {
  private static final String PREFIX = "system:node:";
  private static final String INVITED = "system:bootstrappers";

  private NodeNames() {}

  /// @param groups of who asks
  /// @param nodes asked for only where somebody was invited: elsewhere nobody may list them
  static boolean mayTake(String commonName, List<String> groups, Supplier<List<Node>> nodes) {
    return !groups.contains(INVITED)
        || nodes.get().stream()
            .filter(each -> commonName.equals(PREFIX + each.getMetadata().getName()))
            .noneMatch(NodeNames::isReady);
  }

  private static boolean isReady(Node node) {
    return node.getStatus() != null
        && node.getStatus().getConditions().stream()
            .anyMatch(each -> "Ready".equals(each.getType()) && "True".equals(each.getStatus()));
  }
}
