// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Tables of one door for tests.
final class Tables {
  static final DoorId PLAIN = new DoorId("test", 80);
  static final DoorId SECURE = new DoorId("test", 443);

  private Tables() {}

  static RoutingTable of(Rule... rules) {
    return of(Map.of(), rules);
  }

  static RoutingTable of(Map<String, Identity> identities, Rule... rules) {
    HostMap<Site> sites =
        new HostMap<>(
            Map.of("", new Site("all", new HostMap<>(Map.of("", List.of(rules)), false))), false);
    List<Door> doors = new ArrayList<>();
    doors.add(new Door(PLAIN, false, new HostMap<>(Map.of(), false), sites));
    if (!identities.isEmpty()) {
      doors.add(new Door(SECURE, true, new HostMap<>(identities, false), sites));
    }
    return new RoutingTable(doors);
  }

  static Rule to(String prefix, Rule.Protocol protocol, int... ports) {
    List<Rule.Endpoint> endpoints = new ArrayList<>();
    for (int port : ports) {
      endpoints.add(new Rule.Endpoint("127.0.0.1", port));
    }
    return new Rule(
        "test",
        Match.of(new Match.Path.Prefix(prefix)),
        Rule.Forward.to(new Rule.Backend("Service test/web", protocol, endpoints)));
  }

  static Rule to(String prefix, int... ports) {
    return to(prefix, Rule.Protocol.HTTP, ports);
  }
}
