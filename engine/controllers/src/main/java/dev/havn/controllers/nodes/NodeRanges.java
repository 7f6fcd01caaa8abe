// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gives each node that has none a range of addresses for its pods. Havn's own nodes bring theirs
/// along, the first of the cluster's range; others are served from its end, so that more of Havn's
/// own find theirs free.
///
/// One worker only: it remembers what it has given away and the cache does not show yet.
public final class NodeRanges implements Reconciler {
  private static final int BITS = 32;

  /// A node's pods have the addresses that share this many bits.
  private static final int NODE_PREFIX = 24;

  private static final int BYTE = 256;

  /// Of the ranges this one, counted from none, is that of load balancers.
  private static final int BALANCERS = 255;

  private final Informer<Node> nodes;
  private final Api api;
  private final Events events;
  private final String range;
  private final Map<String, String> given = new HashMap<>();

  /// @param range of all pods, in CIDR notation
  public NodeRanges(Informer<Node> nodes, Api api, Events events, String range) {
    this.nodes = nodes;
    this.api = api;
    this.events = events;
    this.range = range;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null || has(node)) {
      given.remove(key.name());
      return Result.DONE;
    }
    Set<String> taken = new HashSet<>(given.values());
    for (Node each : nodes.list()) {
      if (each.getSpec() != null && each.getSpec().getPodCIDR() != null) {
        taken.add(each.getSpec().getPodCIDR());
      }
    }
    @Nullable String own = given.get(key.name());
    Optional<String> free = own != null ? Optional.of(own) : free(range, taken);
    if (free.isEmpty()) {
      String words = "Node " + key.name() + " status is now: CIDRNotAvailable";
      events.normal(node, "CIDRNotAvailable", words);
      throw new IllegalStateException(
          "all ranges of %s are taken: node %s gets none until another goes"
              .formatted(range, key.name()));
    }
    given.put(key.name(), free.get());
    ObjectNode patch = Api.object();
    patch.putObject("spec").put("podCIDR", free.get()).putArray("podCIDRs").add(free.get());
    api.strategicMerge(Api.path(Node.class, "", key.name()), patch);
    return Result.DONE;
  }

  private static boolean has(Node node) {
    return node.getSpec() != null
        && node.getSpec().getPodCIDR() != null
        && !node.getSpec().getPodCIDR().isEmpty();
  }

  /// The last range of a node that is not taken.
  static Optional<String> free(String range, Set<String> taken) {
    String[] parts = range.split("/");
    int prefix = Integer.parseInt(parts[1]);
    long first = 0;
    for (String each : parts[0].split("\\.")) {
      first = first * BYTE + Long.parseLong(each);
    }
    long step = 1L << (BITS - NODE_PREFIX);
    long end = first + (1L << (BITS - prefix));
    for (long at = end - step; at >= first; at -= step) {
      String text =
          "%d.%d.%d.%d/%d"
              .formatted(at >> 24, at >> 16 & 255, at >> 8 & 255, at & 255, NODE_PREFIX);
      boolean ofBalancers = at == first + BALANCERS * step;
      if (!ofBalancers && !taken.contains(text)) {
        return Optional.of(text);
      }
    }
    return Optional.empty();
  }
}
