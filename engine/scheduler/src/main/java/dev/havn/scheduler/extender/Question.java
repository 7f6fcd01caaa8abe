// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// A pod, and the nodes that would do for it, as extenders hear of them. A node is written once,
/// however many hear of it.
final class Question {
  private final Pod pod;
  private final JsonNode whole;
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, JsonNode> written = new HashMap<>();
  private final Function<Object, JsonNode> toTree;

  /// @param whole the pod with all its fields
  /// @param toTree writes a model as JSON
  Question(Pod pod, JsonNode whole, List<Node> nodes, Function<Object, JsonNode> toTree) {
    this.pod = pod;
    this.whole = whole;
    this.toTree = toTree;
    nodes.forEach(each -> this.nodes.put(each.getMetadata().getName(), each));
  }

  Pod pod() {
    return pod;
  }

  List<String> names() {
    return List.copyOf(nodes.keySet());
  }

  /// As `ExtenderArgs` of `k8s.io/kube-scheduler/extender/v1`.
  ///
  /// @param byName whether names are enough
  ObjectNode about(List<String> names, boolean byName) {
    ObjectNode arguments = JsonNodeFactory.instance.objectNode();
    arguments.set("Pod", whole);
    if (byName) {
      arguments.putNull("Nodes");
      ArrayNode list = arguments.putArray("NodeNames");
      names.forEach(list::add);
      return arguments;
    }
    ObjectNode list = arguments.putObject("Nodes");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    names.forEach(
        name -> items.add(written.computeIfAbsent(name, _ -> toTree.apply(nodes.get(name)))));
    arguments.putNull("NodeNames");
    return arguments;
  }
}
