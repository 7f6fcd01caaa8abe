// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tells each node in an annotation for how long it may keep what it has read of Secrets and
/// ConfigMaps: the more nodes there are, the longer. Between the bounds of two sizes the last
/// answer stays.
public final class NodeTtl implements Reconciler {
  static final String ANNOTATION = "node.alpha.kubernetes.io/ttl";

  private static final List<Size> SIZES =
      List.of(
          new Size(0, 100, 0),
          new Size(90, 500, 15),
          new Size(450, 1_000, 30),
          new Size(900, 2_000, 60),
          new Size(1_800, Integer.MAX_VALUE, 300));

  private final Informer<Node> nodes;
  private final Api api;
  private int size;

  /// @param nodesMin below which a cluster is of the size before
  /// @param nodesMax above which it is of the next
  private record Size(int nodesMin, int nodesMax, int seconds) {}

  public NodeTtl(Informer<Node> nodes, Api api) {
    this.nodes = nodes;
    this.api = api;
  }

  /// The answer for so many nodes.
  synchronized int seconds(int count) {
    while (count > SIZES.get(size).nodesMax()) {
      size++;
    }
    while (count < SIZES.get(size).nodesMin()) {
      size--;
    }
    return SIZES.get(size).seconds();
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null) {
      return Result.DONE;
    }
    String wanted = String.valueOf(seconds(nodes.list().size()));
    @Nullable Map<String, String> said = node.getMetadata().getAnnotations();
    if (said == null || !wanted.equals(said.get(ANNOTATION))) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").putObject("annotations").put(ANNOTATION, wanted);
      api.strategicMerge(Api.path(Node.class, "", key.name()), patch);
    }
    return Result.DONE;
  }
}
