// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tells each node in an annotation for how long it may keep what it has read of Secrets and
/// ConfigMaps: the more nodes there are, the longer. Between the bounds of two sizes the last
/// answer stays.
public final class NodeTtl implements Reconciler {
  static final String ANNOTATION = "node.alpha.kubernetes.io/ttl";

  private final Informer<Node> nodes;
  private final Api api;
  private final ClusterSizes sizes = new ClusterSizes();

  public NodeTtl(Informer<Node> nodes, Api api) {
    this.nodes = nodes;
    this.api = api;
  }

  /// Whether another number of nodes changes the answer for all.
  public boolean changes() {
    return sizes.changes(nodes.count());
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null) {
      return Result.DONE;
    }
    String wanted = String.valueOf(sizes.seconds(nodes.count()));
    @Nullable Map<String, String> said = node.getMetadata().getAnnotations();
    if (said == null || !wanted.equals(said.get(ANNOTATION))) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").putObject("annotations").put(ANNOTATION, wanted);
      api.patchStrategic(Api.path(Node.class, "", key.name()), patch);
    }
    return Result.DONE;
  }
}
