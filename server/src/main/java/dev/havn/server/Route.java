// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A line of the machine's routing table.
///
/// @param link the way there, `*` for none
/// @param metric of clusters' own unreachable routes, the cluster's id as a number
record Route(AddressRange range, String link, long metric) {
  private static final Path TABLE = Path.of("/proc/net/route");
  private static final int DESTINATION = 1;
  private static final int METRIC = 6;
  private static final int MASK = 7;

  /// All routes but the default one; none where the system has no such table.
  static List<Route> all() {
    try {
      return Files.exists(TABLE) ? parse(Files.readAllLines(TABLE)) : List.of();
    } catch (IOException e) {
      throw new StartException("the routes in " + TABLE + " cannot be read: " + e.getMessage(), e);
    }
  }

  static List<Route> parse(List<String> lines) {
    List<Route> routes = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] words = line.strip().split("\\s+");
      int prefix = Long.bitCount(Long.parseLong(words[MASK], 16));
      // The kernel prints addresses in the machine's byte order, as all that Java 25 runs on:
      // reversed.
      int number = Integer.reverseBytes((int) Long.parseLong(words[DESTINATION], 16));
      if (prefix > 0) {
        BigInteger first = BigInteger.valueOf(Integer.toUnsignedLong(number));
        AddressRange range = new AddressRange(AddressFamily.IPV4, first, prefix);
        routes.add(new Route(range, words[0], Long.parseLong(words[METRIC])));
      }
    }
    return routes;
  }

  /// Whether a cluster made it.
  boolean isOf(String clusterId) {
    return link.startsWith("hv" + clusterId)
        || (link.equals("*")
            && Integer.toUnsignedLong((int) metric) == Long.parseLong(clusterId, 16));
  }

  @Override
  public String toString() {
    return "the route to " + range + (link.equals("*") ? " (unreachable)" : " by " + link);
  }
}
