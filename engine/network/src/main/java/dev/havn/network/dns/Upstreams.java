// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which name servers know the names that are not the cluster's: those of a domain that the
/// configuration names, else those of the configuration, else the machine's. A server of the
/// machine may well be on its loopback: it is asked from the machine.
///
/// @param domains name servers by domain; the longest domain that fits counts
/// @param others name servers for all other names, empty for the machine's
/// @param file the machine's `resolv.conf`
/// @param own addresses of this name server, which must not ask itself
record Upstreams(
    Map<String, List<InetSocketAddress>> domains,
    List<InetSocketAddress> others,
    Path file,
    Set<String> own) {
  private static final int PORT = 53;
  private static final int SERVERS_MAX = 3;

  List<InetSocketAddress> of(String name) throws IOException {
    String domain = name;
    while (!domain.isEmpty()) {
      List<InetSocketAddress> servers = domains.getOrDefault(domain, List.of());
      if (!servers.isEmpty()) {
        return servers;
      }
      int dot = domain.indexOf('.');
      domain = dot < 0 ? "" : domain.substring(dot + 1);
    }
    return others.isEmpty() ? ofMachine() : others;
  }

  private List<InetSocketAddress> ofMachine() throws IOException {
    List<InetSocketAddress> servers = new ArrayList<>();
    if (!Files.exists(file)) {
      return servers;
    }
    for (String line : Files.readAllLines(file)) {
      String[] words = line.strip().split("\\s+");
      if (words[0].equals("nameserver") && words.length > 1 && servers.size() < SERVERS_MAX) {
        String address = words[1].replaceAll("%.*$", "");
        if (!own.contains(address)) {
          servers.add(server(address));
        }
      }
    }
    return servers;
  }

  /// An address, with a port behind a colon or without.
  ///
  /// @throws IllegalArgumentException when it is no address
  static InetSocketAddress server(String text) {
    int colon = text.indexOf(':');
    boolean hasPort = colon > 0 && text.indexOf(':', colon + 1) < 0;
    return hasPort
        ? new InetSocketAddress(
            InetAddress.ofLiteral(text.substring(0, colon)),
            Integer.parseInt(text.substring(colon + 1)))
        : new InetSocketAddress(InetAddress.ofLiteral(text), PORT);
  }
}
