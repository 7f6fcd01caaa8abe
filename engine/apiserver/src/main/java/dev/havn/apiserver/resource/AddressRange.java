// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// IPv4 addresses with a common beginning, of which Services get theirs: all but the first one and
/// the last.
///
/// @param network the first one
/// @param bits that its addresses do not share
record AddressRange(long network, int bits) {
  private static final int STATIC_MIN = 16;
  private static final int STATIC_MAX = 256;

  /// @param text in CIDR notation
  static AddressRange of(String text) {
    int slash = text.indexOf('/');
    int bits = Integer.SIZE - Integer.parseInt(text.substring(slash + 1));
    return new AddressRange(number(text.substring(0, slash)) >> bits << bits, bits);
  }

  /// Those that the ServiceCIDRs offer at the moment, the oldest first: such as are ready and stay.
  static List<AddressRange> ready(Objects objects) {
    return of(objects, AddressRange::isReady);
  }

  /// Those of all ServiceCIDRs.
  static List<AddressRange> declared(Objects objects) {
    return of(objects, _ -> true);
  }

  private static List<AddressRange> of(Objects objects, Predicate<ObjectNode> wanted) {
    List<ObjectNode> found =
        new ArrayList<>(objects.list(ServiceAddresses.API, "servicecidrs", ""));
    found.sort(
        Comparator.comparing(each -> each.path("metadata").path("creationTimestamp").asText()));
    List<AddressRange> ranges = new ArrayList<>();
    for (ObjectNode each : found) {
      for (JsonNode cidr : each.path("spec").path("cidrs")) {
        if (wanted.test(each) && !cidr.asText().contains(":")) {
          ranges.add(of(cidr.asText()));
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
    return text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
  }

  String first() {
    return text(network);
  }

  boolean holds(String address) {
    return number(address) >> bits == network >> bits;
  }

  boolean serves(String address) {
    long number = number(address);
    return holds(address) && number > network && number < network + (1L << bits) - 1;
  }

  /// A free address, null when there is none. The lower part of the range is for those who choose
  /// their address themselves (KEP-3070) and comes last.
  @Nullable String free(Predicate<String> isTaken, RandomGenerator random) {
    long size = (1L << bits) - 2;
    if (size < 1) {
      return null;
    }
    long chosen = chosenByHand();
    @Nullable String upper = free(chosen, size - chosen, isTaken, random);
    return upper == null ? free(0, chosen, isTaken, random) : upper;
  }

  private long chosenByHand() {
    long addresses = (1L << bits) - 2;
    return addresses <= STATIC_MIN ? 0 : Math.clamp(addresses / STATIC_MIN, STATIC_MIN, STATIC_MAX);
  }

  private @Nullable String free(
      long skipped, long count, Predicate<String> isTaken, RandomGenerator random) {
    if (count < 1) {
      return null;
    }
    long start = random.nextLong(count);
    for (long i = 0; i < count; i++) {
      String address = text(network + 1 + skipped + (start + i) % count);
      if (!isTaken.test(address)) {
        return address;
      }
    }
    return null;
  }

  private static long number(String address) {
    long number = 0;
    for (String part : address.split("\\.")) {
      number = (number << 8) | Integer.parseInt(part);
    }
    return number;
  }

  private static String text(long number) {
    return "%d.%d.%d.%d"
        .formatted(number >> 24 & 255, number >> 16 & 255, number >> 8 & 255, number & 255);
  }

  @Override
  public String toString() {
    return text(network) + "/" + (Integer.SIZE - bits);
  }
}
