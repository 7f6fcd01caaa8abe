// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// When each node was last heard of: when it was seen that its lease was renewed or that it said
/// anew whether it is Ready. By the clock of this process alone, since that of a node may be wrong.
///
/// Each node is asked about by one thread at a time.
final class NodeSigns {
  private final Map<String, Sign> signs = new ConcurrentHashMap<>();

  /// @param heartbeat of the condition Ready, null where there is none
  /// @param renewed of the lease
  private record Sign(
      String uid, @Nullable String heartbeat, @Nullable ZonedDateTime renewed, Instant heard) {}

  /// A node that has said nothing yet counts from its making.
  Instant heard(Node node, @Nullable Lease lease, Instant now) {
    String uid = node.getMetadata().getUid();
    @Nullable String heartbeat = heartbeat(node).orElse(null);
    @Nullable ZonedDateTime renewed =
        lease == null || lease.getSpec() == null ? null : lease.getSpec().getRenewTime();
    Sign before =
        Optional.ofNullable(signs.get(node.getMetadata().getName()))
            .filter(each -> each.uid().equals(uid))
            .orElse(new Sign(uid, null, null, made(node)));
    boolean speaks = heartbeat != null && !heartbeat.equals(before.heartbeat());
    boolean renews =
        renewed != null && (before.renewed() == null || renewed.isAfter(before.renewed()));
    Instant heard = speaks || renews ? now : before.heard();
    signs.put(
        node.getMetadata().getName(),
        new Sign(uid, heartbeat, renews ? renewed : before.renewed(), heard));
    return heard;
  }

  private static Instant made(Node node) {
    return Instant.parse(node.getMetadata().getCreationTimestamp());
  }

  private static Optional<String> heartbeat(Node node) {
    return node.getStatus() == null
        ? Optional.empty()
        : node.getStatus().getConditions().stream()
            .filter(each -> each.getType().equals("Ready"))
            .map(NodeSigns::heartbeat)
            .findFirst();
  }

  private static String heartbeat(NodeCondition ready) {
    return ready.getLastHeartbeatTime() == null ? "" : ready.getLastHeartbeatTime();
  }

  void forget(String node) {
    signs.remove(node);
  }

  void forget() {
    signs.clear();
  }
}
