// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.Node;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/// The cluster's nodes as its API has them.
record KnownNodes(Informers informers) {
  private List<Node> all() {
    return informers.of(Node.class).list();
  }

  /// How many of these are Ready, or would be with a network.
  long ready(Set<String> names) {
    return all().stream()
        .filter(each -> names.contains(name(each)) && Readiness.of(each).isEnough())
        .count();
  }

  private static String name(Node node) {
    return node.getMetadata().getName();
  }

  /// Adds what `havn status` shows of them.
  void describe(ObjectNode status, Api api) {
    ArrayNode shown = status.putArray("nodes");
    ArrayNode problems = status.putArray("problems");
    for (Node node : all().stream().sorted(Comparator.comparing(KnownNodes::name)).toList()) {
      shown
          .addObject()
          .put("name", name(node))
          .put("ready", Readiness.of(node).holds())
          .put(
              "version",
              api.toTree(node).path("status").path("nodeInfo").path("kubeletVersion").asText());
      if (!Readiness.of(node).holds()) {
        problems.add(Readiness.of(node).problem(name(node)));
      }
    }
  }
}
