// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Records that nodes have come and gone; those that are there when it begins have come.
public final class NodeArrivals implements Reconciler {
  private final Informer<Node> nodes;
  private final Events events;
  private final Map<String, Node> known = new ConcurrentHashMap<>();

  public NodeArrivals(Informer<Node> nodes, Events events) {
    this.nodes = nodes;
    this.events = events;
  }

  @Override
  public Result reconcile(Key key) {
    String name = key.name();
    @Nullable Node now = nodes.get("", name);
    @Nullable Node before = now == null ? known.remove(name) : known.put(name, now);
    boolean isSame = before != null && now != null && uid(before).equals(uid(now));
    if (before != null && !isSame) {
      record(before, "RemovingNode", "Removing Node " + name + " from Controller");
    }
    if (now != null && !isSame) {
      record(now, "RegisteredNode", "Registered Node " + name + " in Controller");
    }
    return Result.DONE;
  }

  private static String uid(Node node) {
    return node.getMetadata().getUid();
  }

  private void record(Node node, String reason, String words) {
    events.normal(node, reason, "Node " + node.getMetadata().getName() + " event: " + words);
  }
}
