// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// How large and deep a YAML document becomes once each alias is a copy of what it stands for. Few
/// aliases of aliases are enough to fill any memory.
final class YamlExpansion {
  static final String TOO_DEEP = "yaml: exceeded max depth";

  private static final int DEPTH_MAX = 1_000;
  private static final long NODES_MAX = 4_000_000;
  private static final Extent LEAF = new Extent(1, 0);
  private static final Extent OPEN = new Extent(-1, 0);

  private final Map<Node, Extent> known = new IdentityHashMap<>();

  private record Extent(long nodes, int height) {}

  private YamlExpansion() {}

  /// @throws CodecException when it is too large, too deep, or without end
  static void check(Node root) {
    var unused = new YamlExpansion().of(root, 0);
  }

  private Extent of(Node node, int depth) {
    List<Node> children = children(node);
    if (children.isEmpty()) {
      return LEAF;
    }
    @Nullable Extent before = known.putIfAbsent(node, OPEN);
    if (before == OPEN) {
      throw new CodecException("yaml: anchor value contains itself");
    }
    Extent extent = before == null ? sum(children, depth) : before;
    if (depth + extent.height() > DEPTH_MAX) {
      throw new CodecException(TOO_DEEP);
    }
    if (extent.nodes() > NODES_MAX) {
      throw new CodecException("yaml: document contains excessive aliasing");
    }
    known.put(node, extent);
    return extent;
  }

  private Extent sum(List<Node> children, int depth) {
    if (depth > DEPTH_MAX) {
      throw new CodecException(TOO_DEEP);
    }
    long nodes = 1;
    int height = 0;
    for (Node child : children) {
      Extent extent = of(child, depth + 1);
      nodes += extent.nodes();
      height = Math.max(height, extent.height() + 1);
    }
    return new Extent(nodes, height);
  }

  private static List<Node> children(Node node) {
    return switch (node) {
      case MappingNode map -> {
        List<Node> all = new ArrayList<>();
        for (NodeTuple each : map.getValue()) {
          all.add(each.getKeyNode());
          all.add(each.getValueNode());
        }
        yield all;
      }
      case SequenceNode list -> list.getValue();
      default -> List.of();
    };
  }
}
