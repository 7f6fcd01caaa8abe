// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import java.io.IOException;
import java.util.ArrayList;
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

/// Opens and closes the doors that a table has, and knows where each is reached.
final class Doors {
  private static final Logger LOG = LoggerFactory.getLogger(Doors.class);
  private static final String LOOPBACK = "127.0.0.1";
  private static final int LOW_PORT_MAX = 1_023;

  /// Added to a port that only root may take: 80 becomes 8080, 443 becomes 8443.
  private static final int RAISED_BY = 8_000;

  private final Proxy proxy;
  private final Exposure exposure;
  private final Map<DoorId, Integer> bound = new HashMap<>();

  /// Doors that could not be opened, with why.
  private final Map<DoorId, String> failures =
      new TreeMap<>(java.util.Comparator.comparing(DoorId::toString));

  Doors(Proxy proxy, Exposure exposure) {
    this.proxy = proxy;
    this.exposure = exposure;
  }

  /// Shows a table at its doors. The table is there before a door opens.
  void show(RoutingTable table) {
    proxy.show(table);
    failures.clear();
    Set<DoorId> wanted =
        table.doors().stream().map(RoutingTable.Door::id).collect(Collectors.toSet());
    for (DoorId stale : proxy.open()) {
      if (!wanted.contains(stale)) {
        proxy.close(stale);
        bound.remove(stale);
      }
    }
    for (RoutingTable.Door door : table.doors()) {
      if (!bound.containsKey(door.id())) {
        open(door.id());
      }
    }
  }

  private void open(DoorId id) {
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
  Map<Integer, Integer> of(String owner) {
    Map<Integer, Integer> ports = new LinkedHashMap<>();
    bound.entrySet().stream()
        .filter(each -> each.getKey().owner().equals(owner))
        .sorted(java.util.Comparator.comparing(each -> each.getKey().port()))
        .forEach(each -> ports.put(each.getKey().port(), each.getValue()));
    return ports;
  }

  /// Why a door is not open, or null.
  @Nullable String failure(DoorId id) {
    return failures.get(id);
  }

  Map<DoorId, String> failures() {
    return failures;
  }
}
