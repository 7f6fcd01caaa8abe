// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// All pods of a cluster, handed to the nodes that they are bound to: one watch and one copy of
/// each pod for any number of nodes in a process.
public final class PodsByNode {
  private final Informer<Pod> pods;
  private final Index<Pod> byNode;
  private final Map<String, Informer.Listener<Pod>> nodes = new ConcurrentHashMap<>();

  /// @param pods all of the cluster, perhaps without how containers are run
  public PodsByNode(Informer<Pod> pods) {
    this.pods = pods;
    this.byNode = pods.index("node", PodsByNode::node);
    pods.onChange(this::changed);
  }

  private static List<String> node(Pod pod) {
    @Nullable String node = pod.getSpec().getNodeName();
    return node == null || node.isEmpty() ? List.of() : List.of(node);
  }

  private void changed(@Nullable Pod before, @Nullable Pod after) {
    @Nullable Pod known = after == null ? before : after;
    if (known == null) {
      return;
    }
    for (String node : node(known)) {
      Informer.@Nullable Listener<Pod> listener = nodes.get(node);
      if (listener != null) {
        listener.changed(before, after);
      }
    }
  }

  /// Those of one node.
  public BoundPods of(String node) {
    return new BoundPods() {
      @Override
      public @Nullable Pod get(String namespace, String name) {
        @Nullable Pod pod = pods.get(namespace, name);
        return pod != null && node(pod).contains(node) ? pod : null;
      }

      @Override
      public List<Pod> list() {
        return byNode.list(node);
      }

      @Override
      public boolean hasSynced() {
        return pods.hasSynced();
      }

      @Override
      public void onChange(Informer.Listener<Pod> listener) {
        nodes.put(node, listener);
        list().forEach(pod -> listener.changed(null, pod));
      }

      @Override
      public void close() {
        nodes.remove(node);
      }
    };
  }
}
