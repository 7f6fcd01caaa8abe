// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.schema.validate.IpLiteral;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A range of which Services get their addresses: all but the first one, and of IPv4 the last.
record ServiceRange(AddressRange range) {
  private static final int STATIC_MIN = 16;
  private static final int STATIC_MAX = 256;

  /// Larger ranges are served up to here only.
  private static final int BITS_MAX = 62;

  /// Those that the ServiceCIDRs offer at the moment, the oldest first: such as are ready and stay.
  static List<ServiceRange> ready(Objects objects, AddressFamily family) {
    return of(objects, ServiceRange::isReady).stream()
        .filter(each -> each.range.family() == family)
        .toList();
  }

  /// Those of all ServiceCIDRs.
  static List<ServiceRange> declared(Objects objects) {
    return of(objects, _ -> true);
  }

  private static List<ServiceRange> of(Objects objects, Predicate<ObjectNode> wanted) {
    List<ObjectNode> found =
        new ArrayList<>(objects.list(ServiceAddresses.API, "servicecidrs", ""));
    found.sort(
        Comparator.comparing(each -> each.path("metadata").path("creationTimestamp").asText()));
    List<ServiceRange> ranges = new ArrayList<>();
    for (ObjectNode each : found) {
      for (JsonNode cidr : each.path("spec").path("cidrs")) {
        if (wanted.test(each)) {
          ranges.add(new ServiceRange(AddressRange.parse(cidr.asText())));
        }
      }
    }
    return ranges;
  }

  private static boolean isReady(ObjectNode range) {
    for (JsonNode each : range.path("status").path("conditions")) {
      if (each.path("type").asText().equals("Ready")) {
        return each.path("status").asText().equals("True")
            && !range.path("metadata").hasNonNull("deletionTimestamp");
      }
    }
    return false;
  }

  static boolean isAddress(String text) {
    return IpLiteral.parse(text) != null;
  }

  /// An address in its usual form, by which it is known.
  static String canonical(String address) {
    byte @Nullable [] bytes = IpLiteral.parse(address);
    if (bytes == null) {
      throw new IllegalArgumentException("'" + address + "' is no IP address");
    }
    return IpLiteral.text(bytes);
  }

  boolean holds(String address) {
    return range.contains(address);
  }

  boolean serves(String address) {
    return holds(address)
        && !range.address(0).equals(canonical(address))
        && (range.family() == AddressFamily.IPV6 || range.number(address) <= size());
  }

  /// How many addresses it serves.
  private long size() {
    long all = 1L << Math.min(range.family().bits() - range.prefix(), BITS_MAX);
    return range.family() == AddressFamily.IPV4 ? all - 2 : all - 1;
  }

  /// A free address, null when there is none. The lower part of the range is for those who choose
  /// their address themselves (KEP-3070) and comes last.
  @Nullable String free(Predicate<String> isTaken, RandomGenerator random) {
    long size = size();
    if (size < 1) {
      return null;
    }
    long chosen = chosenByHand();
    @Nullable String upper = free(chosen, size - chosen, isTaken, random);
    return upper == null ? free(0, chosen, isTaken, random) : upper;
  }

  private long chosenByHand() {
    long addresses = size();
    return addresses <= STATIC_MIN ? 0 : Math.clamp(addresses / STATIC_MIN, STATIC_MIN, STATIC_MAX);
  }

  private @Nullable String free(
      long skipped, long count, Predicate<String> isTaken, RandomGenerator random) {
    if (count < 1) {
      return null;
    }
    long start = random.nextLong(count);
    for (long i = 0; i < count; i++) {
      String address = range.address(1 + skipped + (start + i) % count);
      if (!isTaken.test(address)) {
        return address;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return range.toString();
  }
}
