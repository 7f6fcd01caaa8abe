// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.stream.Stream;

/// Pods by the nodes that they are on.
public final class NodePods {
  private final Index<Pod> index;

  private NodePods(Index<Pod> index) {
    this.index = index;
  }

  public static NodePods of(Informer<Pod> pods) {
    return new NodePods(
        pods.index("node", pod -> Stream.ofNullable(pod.getSpec().getNodeName()).toList()));
  }

  public List<Pod> on(String node) {
    return index.list(node);
  }
}
