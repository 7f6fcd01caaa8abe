// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import io.fabric8.kubernetes.api.model.Node;
import java.util.Objects;

/// Whether a node is Ready, as its condition says it.
///
/// @param message what the node says of it
record Readiness(boolean holds, String message) {
  private static final Readiness UNKNOWN = new Readiness(false, "");

  static Readiness of(Node node) {
    return node.getStatus() == null
        ? UNKNOWN
        : node.getStatus().getConditions().stream()
            .filter(each -> each.getType().equals("Ready"))
            .map(
                each ->
                    new Readiness(
                        each.getStatus().equals("True"),
                        Objects.requireNonNullElse(each.getMessage(), "")))
            .findFirst()
            .orElse(UNKNOWN);
  }

  /// Whether a cluster with such a node is up: what is missing may be a network that comes with
  /// pods of the cluster itself, or it is the user's to mend where the cluster runs.
  boolean isEnough() {
    return holds
        || message.contains("reason:NetworkPluginNotReady")
        || message.contains("the node is labelled kubernetes.io/arch=");
  }

  /// What a user reads of a node that is not.
  String problem(String node) {
    return "node " + node + " is not Ready" + (message.isEmpty() ? "" : ": " + message);
  }
}
