// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import dev.havn.addresses.AddressFamily;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Ipv4;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which name servers know the names that are not the cluster's: those of a domain that the
/// configuration names, else those of the configuration, else the machine's. A server of the
/// machine may well be on its loopback: it is asked from the machine.
///
/// @param domains name servers by domain; the longest domain that fits counts
/// @param others name servers for all other names, empty for the machine's
/// @param file the machine's `resolv.conf`
/// @param own addresses of this name server in their usual form, which must not ask itself
record Upstreams(
    Map<String, List<InetSocketAddress>> domains,
    List<InetSocketAddress> others,
    Path file,
    Set<String> own) {
  private static final Logger LOG = LoggerFactory.getLogger(Upstreams.class);
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
        addServer(words[1].replaceAll("%.*$", ""), servers);
      }
    }
    return servers;
  }

  /// What is no address is passed over, as the C library does.
  private void addServer(String text, List<InetSocketAddress> servers) {
    try {
      InetSocketAddress server = server(text);
      if (!own.contains(canonical(server.getAddress().getHostAddress()))) {
        servers.add(server);
      }
    } catch (IllegalArgumentException e) {
      LOG.debug("a name server of {} is passed over: {}", file, e.getMessage());
    }
  }

  /// An address, with a port behind a colon or without; one of IPv6 is in brackets before a port.
  ///
  /// @throws IllegalArgumentException when it is no address, or no port
  static InetSocketAddress server(String text) {
    int bracket = text.startsWith("[") ? text.indexOf(']') : -1;
    int colon = text.indexOf(':');
    boolean isFour = colon >= 0 && colon == text.lastIndexOf(':');
    int end = bracket > 0 ? bracket + 1 : isFour ? colon : text.length();
    String address = bracket > 0 ? text.substring(1, bracket) : text.substring(0, end);
    String rest = text.substring(end);
    int port = rest.isEmpty() ? PORT : port(rest);
    if (!Family.of(address).isAddress(address)) {
      throw new IllegalArgumentException("'" + address + "' is no address");
    }
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }

  private static int port(String text) {
    int port = text.matches(":[0-9]{1,5}") ? Integer.parseInt(text.substring(1)) : 0;
    if (!Ipv4.isPort(port)) {
      throw new IllegalArgumentException("'" + text + "' is no port behind a colon");
    }
    return port;
  }

  /// The usual form of an address, in which those of this name server are known.
  static String canonical(String address) {
    return AddressFamily.of(address).canonical(address);
  }
}
