// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens and closes the doors that are wanted, and knows where each is reached. For many threads.
final class Doors implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Doors.class);
  private static final String LOOPBACK = "127.0.0.1";
  private static final int LOW_PORT_MAX = 1_023;

  /// Of all namespaces, and of one: as many as a Gateway has listeners. The cluster's own doors are
  /// beside these, so that no namespace takes them away.
  private static final Bounds USUAL = new Bounds(1_024, 64);

  /// Added to a port that only root may take: 80 becomes 8080, 443 becomes 8443.
  private static final int RAISED_BY = 8_000;

  /// Where the Ingress is reached when it cannot have its own ports: nobody else is.
  private static final Set<Integer> RESERVED = Set.of(80 + RAISED_BY, 443 + RAISED_BY);

  private final Proxy proxy;
  private final Exposure exposure;
  private final Bounds bounds;
  private final Map<String, List<Door>> wanted = new TreeMap<>();
  private final Map<DoorId, Integer> bound = new HashMap<>();

  /// Doors that could not be opened, with why.
  private final Map<DoorId, String> failures =
      new TreeMap<>(Comparator.comparing(DoorId::toString));

  private boolean closed;

  /// How many doors are open at once.
  ///
  /// @param all those of namespaces together
  record Bounds(int all, int ofNamespace) {}

  Doors(Proxy proxy, Exposure exposure) {
    this(proxy, exposure, USUAL);
  }

  Doors(Proxy proxy, Exposure exposure, Bounds bounds) {
    this.proxy = proxy;
    this.exposure = exposure;
    this.bounds = bounds;
  }

  /// Shows what is behind the doors that one wants, beside those of others. The table is there
  /// before a door opens.
  ///
  /// @param who such as `ingress`; what it wanted before is forgotten
  synchronized void show(String who, List<Door> doors) {
    if (closed) {
      return;
    }
    wanted.put(who, doors);
    List<Door> all = wanted.values().stream().flatMap(List::stream).toList();
    proxy.show(new RoutingTable(all));
    Map<DoorId, String> before = Map.copyOf(failures);
    failures.clear();
    Set<DoorId> ids = all.stream().map(Door::id).collect(Collectors.toSet());
    for (DoorId stale : proxy.open()) {
      if (!ids.contains(stale)) {
        proxy.close(stale);
        bound.remove(stale);
      }
    }
    all.stream()
        .map(Door::id)
        .filter(id -> !bound.containsKey(id))
        .sorted(Comparator.comparing(id -> !id.namespace().isEmpty()))
        .forEach(this::open);
    failures.forEach(
        (id, why) -> {
          if (!why.equals(before.get(id))) {
            LOG.warn("{} is not opened: {}", id, why);
          }
        });
  }

  /// Why no more are opened for a namespace, or null.
  private @Nullable String full(String namespace) {
    long ofNamespace =
        bound.keySet().stream().filter(each -> each.namespace().equals(namespace)).count();
    if (namespace.isEmpty()) {
      return null;
    } else if (ofNamespace >= bounds.ofNamespace()) {
      return ofNamespace + " ports of namespace " + namespace + " are open, no more are opened";
    }
    long all = bound.keySet().stream().filter(each -> !each.namespace().isEmpty()).count();
    return all >= bounds.all() ? all + " ports are open, no more are opened" : null;
  }

  private void open(DoorId id) {
    @Nullable String full = full(id.namespace());
    if (full != null) {
      failures.put(id, full);
      return;
    }
    List<String> whys = new ArrayList<>();
    for (int port : tried(id)) {
      try {
        int got = proxy.open(id, addresses(), port);
        bound.put(id, got);
        LOG.info("{} is reached at port {} of {}", id, got, addresses());
        return;
      } catch (IOException e) {
        whys.add(String.valueOf(e.getMessage()));
      }
    }
    failures.put(id, String.join("; ", whys));
  }

  private List<String> addresses() {
    return switch (exposure) {
      case Exposure.Loopback _ -> List.of(LOOPBACK);
      case Exposure.Balanced balanced -> balanced.addresses();
    };
  }

  private List<Integer> tried(DoorId id) {
    return switch (exposure) {
      case Exposure.Balanced _ -> List.of(0);
      case Exposure.Loopback loopback ->
          atLoopback(id.port(), loopback.anyPort()).stream()
              .filter(port -> id.namespace().isEmpty() || !RESERVED.contains(port))
              .toList();
    };
  }

  private static List<Integer> atLoopback(int port, boolean anyPort) {
    if (port > LOW_PORT_MAX) {
      return List.of(port, 0);
    }
    return anyPort ? List.of(0) : List.of(port, port + RAISED_BY, 0);
  }

  /// The ports at which those of an owner are reached, in their order.
  synchronized Map<Integer, Integer> of(String owner) {
    Map<Integer, Integer> ports = new LinkedHashMap<>();
    bound.entrySet().stream()
        .filter(each -> each.getKey().owner().equals(owner))
        .sorted(Comparator.comparing(each -> each.getKey().port()))
        .forEach(each -> ports.put(each.getKey().port(), each.getValue()));
    return ports;
  }

  /// Why ports of an owner are not open.
  synchronized Map<Integer, String> failures(String owner) {
    Map<Integer, String> whys = new TreeMap<>();
    failures.forEach(
        (id, why) -> {
          if (id.owner().equals(owner)) {
            whys.put(id.port(), why);
          }
        });
    return whys;
  }

  /// Whether one could not be opened.
  synchronized boolean haveFailed() {
    return !failures.isEmpty();
  }

  @Override
  public synchronized void close() {
    closed = true;
    proxy.close();
  }
}
