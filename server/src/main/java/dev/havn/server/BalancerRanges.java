// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import java.util.ArrayList;
import java.util.List;

/// The addresses that load balancers get: those that are named, else those of a node that is hardly
/// ever there, the last one of the first 256.
final class BalancerRanges {
  static final String NAME = "load-balancer-range";

  private static final int NODE = 255;
  private static final int PREFIX_MIN = 8;
  private static final int PREFIX_MAX = 30;
  private static final int SECOND_PREFIX_MIN = 64;
  private static final int SECOND_PREFIX_MAX = 126;

  private BalancerRanges() {}

  /// Of a configuration whose other ranges are settled: one of each family of the cluster.
  ///
  /// @throws StartException when what it names is no range, too small, or used by pods or Services
  static Ranges of(Configuration configuration) {
    Ranges usual = usual(configuration);
    String named = configuration.network().balancers();
    if (named.isEmpty()) {
      return usual;
    }
    Ranges asked = parse(named);
    for (AddressRange each : asked.all()) {
      if (!usual.has(each.family())) {
        throw new StartException(
            "%s %s has addresses of %s, which this cluster has none of: leave them out"
                .formatted(NAME, named, each.family()));
      }
    }
    List<AddressRange> all = new ArrayList<>();
    for (AddressRange each : usual.all()) {
      AddressRange chosen = asked.of(each.family()).orElse(each);
      if (!chosen.equals(each)) {
        requireRoom(chosen);
        requireFree(chosen, "pod-range", configuration.pods());
        requireFree(chosen, "service-range", configuration.services());
      }
      all.add(chosen);
    }
    return new Ranges(all);
  }

  private static Ranges parse(String named) {
    try {
      return Ranges.parse(named);
    } catch (IllegalArgumentException e) {
      throw new StartException(
          "%s must be a range of addresses such as 192.168.99.0/24, or one of each family with a comma between, not '%s'"
              .formatted(NAME, named),
          e);
    }
  }

  /// A part of the pods' that no node has.
  static Ranges usual(Configuration configuration) {
    return new Ranges(configuration.pods().all().stream().map(each -> each.ofNode(NODE)).toList());
  }

  private static void requireRoom(AddressRange range) {
    boolean isFour = range.family() == AddressFamily.IPV4;
    int least = isFour ? PREFIX_MIN : SECOND_PREFIX_MIN;
    int most = isFour ? PREFIX_MAX : SECOND_PREFIX_MAX;
    if (range.prefix() < least || range.prefix() > most) {
      throw new StartException(
          "%s %s must share %d to %d bits, such as %s"
              .formatted(NAME, range, least, most, isFour ? "192.168.99.0/24" : "fd00:99::/112"));
    }
  }

  private static void requireFree(AddressRange range, String name, Ranges others) {
    for (AddressRange each : others.all()) {
      if (range.overlaps(each)) {
        throw new StartException("%s %s and %s %s overlap".formatted(NAME, range, name, each));
      }
    }
  }
}
