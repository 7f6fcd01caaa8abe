// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Which Services want their endpoints given to zones, which have them so, and what they are told
/// of it. Safe for many threads, each Service on one at a time.
final class ZoneModes {
  private static final String MODE = "service.kubernetes.io/topology-mode";
  private static final String OLD_MODE = "service.kubernetes.io/topology-aware-hints";
  private static final String DISABLED = "TopologyAwareHintsDisabled";

  private final Informer<Node> nodes;
  private final Events events;
  private final Map<Key, Map<String, Integer>> given = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable ZoneShares> shares = new AtomicReference<>();

  ZoneModes(Informer<Node> nodes, Events events) {
    this.nodes = nodes;
    this.events = events;
  }

  /// Whether its annotation says so, which goes before its field.
  static boolean isAuto(Service service) {
    @Nullable Map<String, String> annotations = service.getMetadata().getAnnotations();
    if (annotations == null) {
      return false;
    }
    String mode = annotations.getOrDefault(OLD_MODE, annotations.getOrDefault(MODE, ""));
    return mode.equals("Auto") || mode.equals("auto");
  }

  /// Counted again only when a node has changed.
  ZoneShares shares() {
    @Nullable ZoneShares known = shares.get();
    if (known == null) {
      known = ZoneShares.of(nodes.list());
      shares.set(known);
    }
    return known;
  }

  /// Nodes are otherwise.
  ///
  /// @return the Services whose endpoints are to be given anew
  List<Key> nodesChanged() {
    shares.set(null);
    ZoneShares now = shares();
    return given.entrySet().stream()
        .filter(each -> now.isOverloaded(each.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /// Tells a Service what became of its hints.
  ///
  /// @param family the Service's first
  /// @param hints null when it wants none
  void tell(Key key, Service service, String family, @Nullable ZoneHints hints) {
    if (hints == null) {
      if (given.remove(key) != null) {
        events.warning(service, DISABLED, of(family, "Topology Aware Hints has been disabled"));
      }
    } else if (!hints.problem().isEmpty()) {
      given.remove(key);
      events.warning(service, DISABLED, of(family, hints.problem()));
    } else if (given.put(key, hints.counts()) == null) {
      events.normal(
          service,
          "TopologyAwareHintsEnabled",
          of(family, "Topology Aware Hints has been enabled"));
    }
  }

  private static String of(String family, String what) {
    return what + ", addressType: " + family;
  }

  void forget(Key key) {
    given.remove(key);
  }
}
