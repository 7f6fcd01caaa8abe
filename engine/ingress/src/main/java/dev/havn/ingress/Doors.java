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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens and closes the doors that are wanted, and knows where each is reached. For many threads.
final class Doors implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Doors.class);
  private static final String LOOPBACK = "127.0.0.1";
  private static final int LOW_PORT_MAX = 1_023;

  /// Of all who may have doors opened, which are many where namespaces have Gateways of their own.
  private static final int DOORS_MAX = 1_024;

  /// Added to a port that only root may take: 80 becomes 8080, 443 becomes 8443.
  private static final int RAISED_BY = 8_000;

  private final Proxy proxy;
  private final Exposure exposure;
  private final int most;
  private final Map<String, List<Door>> wanted = new TreeMap<>();
  private final Map<DoorId, Integer> bound = new HashMap<>();

  /// Doors that could not be opened, with why.
  private final Map<DoorId, String> failures =
      new TreeMap<>(Comparator.comparing(DoorId::toString));

  private boolean closed;

  Doors(Proxy proxy, Exposure exposure) {
    this(proxy, exposure, DOORS_MAX);
  }

  /// @param most how many are open at once
  Doors(Proxy proxy, Exposure exposure, int most) {
    this.proxy = proxy;
    this.exposure = exposure;
    this.most = most;
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
    failures.clear();
    Set<DoorId> ids = all.stream().map(Door::id).collect(Collectors.toSet());
    for (DoorId stale : proxy.open()) {
      if (!ids.contains(stale)) {
        proxy.close(stale);
        bound.remove(stale);
      }
    }
    for (Door door : all) {
      if (!bound.containsKey(door.id())) {
        open(door.id());
      }
    }
  }

  private void open(DoorId id) {
    if (bound.size() >= most) {
      failures.put(id, most + " ports are open, no more are opened");
      LOG.warn("{} is not opened: {} ports are", id, most);
      return;
    }
    List<String> whys = new ArrayList<>();
    for (int port : tried(id.port())) {
      try {
        int got = proxy.open(id, address(), port);
        bound.put(id, got);
        LOG.info("{} is reached at {}:{}", id, address(), got);
        return;
      } catch (IOException e) {
        whys.add(String.valueOf(e.getMessage()));
      }
    }
    failures.put(id, String.join("; ", whys));
    LOG.warn("{} cannot be opened: {}", id, whys);
  }

  private String address() {
    return switch (exposure) {
      case Exposure.Loopback _ -> LOOPBACK;
      case Exposure.Balanced balanced -> balanced.address();
    };
  }

  private List<Integer> tried(int port) {
    return switch (exposure) {
      case Exposure.Balanced _ -> List.of(0);
      case Exposure.Loopback loopback -> {
        if (port > LOW_PORT_MAX) {
          yield List.of(port, 0);
        }
        yield loopback.anyPort() ? List.of(0) : List.of(port, port + RAISED_BY, 0);
      }
    };
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
