// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.IpLiteral;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Addresses with a common beginning, of which Services get theirs: all but the first one, and of
/// IPv4 the last.
///
/// @param network the first one
/// @param bits that its addresses do not share
public record AddressRange(AddressFamily family, BigInteger network, int bits) {
  private static final int STATIC_MIN = 16;
  private static final int STATIC_MAX = 256;

  /// Larger ranges are served up to here only.
  private static final int BITS_MAX = 62;

  /// @param text in CIDR notation
  static AddressRange of(String text) {
    int slash = text.indexOf('/');
    AddressFamily family = AddressFamily.of(text);
    int bits = family.bits() - Integer.parseInt(text.substring(slash + 1));
    BigInteger number = number(text.substring(0, slash));
    return new AddressRange(family, number.shiftRight(bits).shiftLeft(bits), bits);
  }

  /// @param text one or several in CIDR notation, with commas between
  public static List<AddressRange> all(String text) {
    return Stream.of(text.split(",")).map(AddressRange::of).toList();
  }

  /// Those that the ServiceCIDRs offer at the moment, the oldest first: such as are ready and stay.
  static List<AddressRange> ready(Objects objects, AddressFamily family) {
    return of(objects, AddressRange::isReady).stream()
        .filter(each -> each.family == family)
        .toList();
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
        if (wanted.test(each)) {
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
    return IpLiteral.parse(text) != null;
  }

  /// An address in its usual form, by which it is known.
  static String canonical(String address) {
    return text(AddressFamily.of(address), number(address));
  }

  /// The n-th address.
  public String address(long number) {
    return text(family, network.add(BigInteger.valueOf(number)));
  }

  boolean holds(String address) {
    return AddressFamily.of(address) == family
        && number(address).shiftRight(bits).equals(network.shiftRight(bits));
  }

  boolean serves(String address) {
    boolean isLast =
        number(address)
            .equals(network.add(BigInteger.ONE.shiftLeft(bits)).subtract(BigInteger.ONE));
    return holds(address)
        && !number(address).equals(network)
        && !(isLast && family == AddressFamily.IPV4);
  }

  /// How many addresses it serves.
  private long size() {
    long all = 1L << Math.min(bits, BITS_MAX);
    return family == AddressFamily.IPV4 ? all - 2 : all - 1;
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
      String address = address(1 + skipped + (start + i) % count);
      if (!isTaken.test(address)) {
        return address;
      }
    }
    return null;
  }

  private static BigInteger number(String address) {
    byte @Nullable [] bytes = IpLiteral.parse(address);
    if (bytes == null) {
      throw new IllegalArgumentException("'" + address + "' is no IP address");
    }
    return new BigInteger(1, bytes);
  }

  private static String text(AddressFamily family, BigInteger number) {
    byte[] bytes = new byte[family.bits() / Byte.SIZE];
    byte[] given = number.toByteArray();
    int length = Math.min(given.length, bytes.length);
    System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
    return IpLiteral.text(bytes);
  }

  @Override
  public String toString() {
    return address(0) + "/" + (family.bits() - bits);
  }
}
