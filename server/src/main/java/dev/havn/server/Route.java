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

/// A line of the machine's routing tables.
///
/// @param link the way there, `*` for none
/// @param metric of clusters' own unreachable routes, the cluster's id as a number
record Route(AddressRange range, String link, long metric) {
  private static final Path TABLE = Path.of("/proc/net/route");
  private static final Path SECOND_TABLE = Path.of("/proc/net/ipv6_route");
  private static final int DESTINATION = 1;
  private static final int METRIC = 6;
  private static final int MASK = 7;

  /// Of the table of IPv6, whose numbers are hexadecimal.
  private static final int SECOND_COLUMNS = 10;

  private static final int SECOND_PREFIX = 1;
  private static final int SECOND_METRIC = 5;
  private static final int SECOND_FLAGS = 8;
  private static final int SECOND_LINK = 9;

  /// `RTF_REJECT`: the kernel says that it leads nowhere.
  private static final long REJECTS = 0x200;

  /// `RTF_ANYCAST` and `RTF_LOCAL`: an address of the machine's own, not a way.
  private static final long OWN = 0x8010_0000L;

  /// All routes but the default ones and those of single links; none where the system has no such
  /// tables.
  static List<Route> all() {
    try {
      List<Route> routes = new ArrayList<>();
      if (Files.exists(TABLE)) {
        routes.addAll(parse(Files.readAllLines(TABLE)));
      }
      if (Files.exists(SECOND_TABLE)) {
        routes.addAll(parseSecond(Files.readAllLines(SECOND_TABLE)));
      }
      return routes;
    } catch (IOException e) {
      throw new StartException(
          "the routes in %s and %s cannot be read: %s"
              .formatted(TABLE, SECOND_TABLE, e.getMessage()),
          e);
    }
  }

  /// Of IPv6.
  static List<Route> parseSecond(List<String> lines) {
    List<Route> routes = new ArrayList<>();
    for (String line : lines) {
      String[] words = line.strip().split("\\s+");
      if (words.length != SECOND_COLUMNS) {
        continue;
      }
      int prefix = Integer.parseInt(words[SECOND_PREFIX], 16);
      long flags = Long.parseLong(words[SECOND_FLAGS], 16);
      boolean isOfOneLink = words[0].startsWith("fe8") || words[0].startsWith("ff");
      if (prefix > 0 && (flags & OWN) == 0 && !isOfOneLink) {
        AddressRange range =
            new AddressRange(AddressFamily.IPV6, new BigInteger(words[0], 16), prefix);
        String link = (flags & REJECTS) == 0 ? words[SECOND_LINK] : "*";
        routes.add(new Route(range, link, Long.parseLong(words[SECOND_METRIC], 16)));
      }
    }
    return routes;
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
