// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
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
  private final Index<Node> byRange;
  private final Api api;
  private final Events events;
  private final String range;
  private final String second;
  private final Map<String, String> given = new HashMap<>();

  /// @param ranges of all pods, in CIDR notation; where there are two families with a comma between
  public NodeRanges(Informer<Node> nodes, Api api, Events events, String ranges) {
    this.nodes = nodes;
    this.byRange = nodes.index("podCIDR", NodeRanges::rangesOf);
    this.api = api;
    this.events = events;
    String[] each = ranges.split(",");
    this.range = each[0];
    this.second = each.length > 1 ? each[1] : "";
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null || has(node)) {
      given.remove(key.name());
      return Result.DONE;
    }
    @Nullable String own = given.get(key.name());
    Optional<String> free = own != null ? Optional.of(own) : free();
    if (free.isEmpty()) {
      String words = "Node " + key.name() + " status is now: CIDRNotAvailable";
      events.normal(node, "CIDRNotAvailable", words);
      throw new IllegalStateException(
          "all ranges of %s are taken: node %s gets none until another goes"
              .formatted(range, key.name()));
    }
    given.put(key.name(), free.get());
    ObjectNode patch = Api.object();
    ArrayNode all = patch.putObject("spec").put("podCIDR", free.get()).putArray("podCIDRs");
    all.add(free.get());
    if (!second.isEmpty()) {
      all.add(second(range, free.get(), second));
    }
    api.strategicMerge(Api.path(Node.class, "", key.name()), patch);
    return Result.DONE;
  }

  private Optional<String> free() {
    Set<String> fresh = new HashSet<>(given.values());
    return free(range, each -> fresh.contains(each) || byRange.has(each));
  }

  private static boolean has(Node node) {
    return !rangesOf(node).isEmpty();
  }

  private static List<String> rangesOf(Node node) {
    @Nullable String range = node.getSpec() == null ? null : node.getSpec().getPodCIDR();
    return range == null || range.isEmpty() ? List.of() : List.of(range);
  }

  /// The range of the second family that goes with a node's range: it has the same number among
  /// those of 64 bits.
  static String second(String range, String ofNode, String second) {
    long number = (number(ofNode) - number(range)) >> (BITS - NODE_PREFIX);
    ByteBuffer bytes = ByteBuffer.wrap(InetAddress.ofLiteral(address(second)).getAddress());
    bytes.putLong(0, bytes.getLong(0) + number).putLong(Long.BYTES, 0);
    try {
      String text = InetAddress.getByAddress(bytes.array()).getHostAddress();
      return text.replaceFirst("(:0)+$", "::") + "/64";
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 16 bytes", e);
    }
  }

  private static String address(String range) {
    return range.substring(0, range.indexOf('/'));
  }

  private static long number(String range) {
    long number = 0;
    for (String each : address(range).split("\\.")) {
      number = number * BYTE + Long.parseLong(each);
    }
    return number;
  }

  /// The last range of a node that is not taken.
  static Optional<String> free(String range, Predicate<String> isTaken) {
    int prefix = Integer.parseInt(range.substring(range.indexOf('/') + 1));
    long first = number(range);
    long step = 1L << (BITS - NODE_PREFIX);
    long end = first + (1L << (BITS - prefix));
    for (long at = end - step; at >= first; at -= step) {
      String text = text(at);
      boolean ofBalancers = at == first + BALANCERS * step;
      if (!ofBalancers && !isTaken.test(text)) {
        return Optional.of(text);
      }
    }
    return Optional.empty();
  }

  private static String text(long address) {
    return (address >> 24)
        + "."
        + (address >> 16 & 255)
        + "."
        + (address >> 8 & 255)
        + "."
        + (address & 255)
        + "/"
        + NODE_PREFIX;
  }
}
