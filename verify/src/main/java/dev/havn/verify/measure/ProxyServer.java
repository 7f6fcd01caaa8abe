// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import dev.havn.ingress.proxy.Limits;
import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.Rule;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// The proxy of Ingresses and Gateways alone, in a process of its own: `PORT BACKEND-PORT`, both on
/// the loopback. Ends with its standard input.
final class ProxyServer {
  private static final RoutingTable.DoorId DOOR = new RoutingTable.DoorId("measure", 80);

  private ProxyServer() {}

  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(arguments[0]);
    Rule.Endpoint backend = new Rule.Endpoint("127.0.0.1", Integer.parseInt(arguments[1]));
    Rule all =
        new Rule(
            "measure",
            Match.of(new Match.Path.Prefix("/")),
            Rule.Forward.to(new Rule.Backend("backend", Rule.Protocol.HTTP, List.of(backend))));
    HostMap<RoutingTable.Site> sites =
        new HostMap<>(
            Map.of(
                "", new RoutingTable.Site("all", new HostMap<>(Map.of("", List.of(all)), false))),
            false);
    try (Proxy proxy = new Proxy(Limits.USUAL)) {
      proxy.show(
          new RoutingTable(
              List.of(new RoutingTable.Door(DOOR, false, new HostMap<>(Map.of(), false), sites))));
      System.out.println("listening at " + proxy.open(DOOR, "127.0.0.1", port));
      while (System.in.read() >= 0) {
        // Whoever started it closes its input.
      }
    }
  }
}
