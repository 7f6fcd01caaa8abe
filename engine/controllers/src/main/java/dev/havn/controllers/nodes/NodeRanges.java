// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.Ranges;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives each node that has none a range of addresses for its pods. Havn's own nodes bring theirs
/// along, the first of the cluster's range; others are served from its end, so that more of Havn's
/// own find theirs free.
///
/// One worker only: it remembers what it has given away and the cache does not show yet.
public final class NodeRanges implements Reconciler {
  private static final Logger LOG = LoggerFactory.getLogger(NodeRanges.class);

  /// Links of pods are named by their node's number, which has two characters for it.
  private static final int NUMBERED = 36 * 36;

  /// When the first node that waits is looked at although none has gone.
  private static final Duration AGAIN = Duration.ofMinutes(1);

  /// Of the ranges this one, counted from none, is that of load balancers.
  private static final int BALANCERS = 255;

  private final Informer<Node> nodes;
  private final Index<Node> byRange;
  private final Api api;
  private final Events events;
  private final Ranges pods;
  private final Map<String, Ranges> given = new HashMap<>();

  /// For whom there is none, in the order in which that was found out.
  private final Set<String> waiting = Collections.synchronizedSet(new LinkedHashSet<>());

  /// @param pods the addresses of all of them
  public NodeRanges(Informer<Node> nodes, Api api, Events events, Ranges pods) {
    this.nodes = nodes;
    this.byRange = nodes.index("podCIDR", NodeRanges::rangesOf);
    this.api = api;
    this.events = events;
    this.pods = pods;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Node node = nodes.get("", key.name());
    if (node == null || has(node)) {
      given.remove(key.name());
      waiting.remove(key.name());
      return Result.DONE;
    }
    if (isBehindAnother(key.name())) {
      return Result.DONE;
    }
    @Nullable Ranges own = given.get(key.name());
    // What was not written may be another's meanwhile, if another process led.
    Optional<Ranges> free =
        own != null && !byRange.has(own.first().toString()) ? Optional.of(own) : free();
    if (free.isEmpty()) {
      // Said once and not with each sign of the node's life.
      if (waiting.add(key.name())) {
        String words = "Node " + key.name() + " status is now: CIDRNotAvailable";
        events.normal(node, "CIDRNotAvailable", words);
        LOG.info(
            "all ranges of {} are taken: node {} gets none until another goes",
            pods.first(),
            key.name());
      }
      return isBehindAnother(key.name()) ? Result.DONE : Result.after(AGAIN);
    }
    waiting.remove(key.name());
    given.put(key.name(), free.get());
    ObjectNode patch = Api.object();
    ObjectNode spec = patch.putObject("spec").put("podCIDR", free.get().first().toString());
    ArrayNode all = spec.putArray("podCIDRs");
    free.get().all().forEach(each -> all.add(each.toString()));
    api.patchStrategic(Api.path(Node.class, "", key.name()), patch);
    return Result.DONE;
  }

  /// A node has gone, or has got a range.
  ///
  /// @return who is to be looked at next
  public Optional<Key> served(String node) {
    synchronized (waiting) {
      waiting.remove(node);
      return waiting.stream().findFirst().map(name -> new Key("", name));
    }
  }

  private boolean isBehindAnother(String node) {
    synchronized (waiting) {
      return waiting.contains(node) && !waiting.iterator().next().equals(node);
    }
  }

  private Optional<Ranges> free() {
    Set<String> fresh = new HashSet<>();
    given.values().forEach(each -> fresh.add(each.first().toString()));
    return free(pods, each -> fresh.contains(each) || byRange.has(each));
  }

  /// Whether a node has a range.
  public static boolean has(Node node) {
    return !rangesOf(node).isEmpty();
  }

  private static List<String> rangesOf(Node node) {
    @Nullable String range = node.getSpec() == null ? null : node.getSpec().getPodCIDR();
    return range == null || range.isEmpty() ? List.of() : List.of(range);
  }

  /// The last range of a node whose first one is not taken, of those that links can be named by
  /// before others; that of the second family has the same number.
  static Optional<Ranges> free(Ranges pods, Predicate<String> isTaken) {
    int count = pods.nodes();
    int numbered = Math.min(count, NUMBERED);
    return IntStream.concat(
            IntStream.range(0, numbered).map(each -> numbered - 1 - each),
            IntStream.range(numbered, count))
        .filter(each -> each != BALANCERS)
        .mapToObj(pods::ofNode)
        .filter(each -> !isTaken.test(each.first().toString()))
        .findFirst();
  }
}
