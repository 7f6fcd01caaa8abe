// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The addresses of a cluster's pods and Services. Where the configuration names none, they are
/// chosen once, free of what this machine has routes to, and kept in `ranges.json`: objects have
/// them in them.
///
/// There may be a range of each family, which is decided once: then `ranges.json` has both, with a
/// comma between. Those of IPv6 are chosen by the cluster's id (RFC 4193).
///
/// Where a cluster begins to look depends on its id, so that two that never run together are still
/// unlikely to choose the same.
final class AddressRanges {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PODS = "pod-range";
  private static final String SERVICES = "service-range";

  /// Pods live in 10.128.0.0 to 10.253.0.0, Services in 10.64.0.0 to 10.127.0.0, 16 bits each.
  private static final int PODS_FIRST = 128;

  private static final int PODS_COUNT = 126;
  private static final int PODS_ALL = 128;

  /// In 16 bits of addresses.
  private static final int NODES_A_RANGE = 256;

  private static final int SERVICES_FIRST = 64;
  private static final int SERVICES_COUNT = 64;

  private static final int SERVICES_PREFIX_MIN = 64;
  private static final int SERVICES_PREFIX_MAX = 120;

  /// In place of a range: one that is free.
  static final String AUTO = "auto";

  static final String FILE = "ranges.json";

  private final Path file;
  private final String clusterId;
  private final List<Route> routes;

  AddressRanges(DataDirectory directory, List<Route> routes) {
    this.file = directory.path().resolve(FILE);
    this.clusterId = directory.clusterId();
    this.routes = routes;
  }

  /// The configuration with both ranges named.
  ///
  /// @throws StartException when they are no ranges, too small, or used by something else
  Configuration settle(Configuration wanted) {
    try {
      JsonNode kept = Files.exists(file) ? JSON.readTree(file.toFile()) : JSON.createObjectNode();
      Wish forPods = Wish.of(wanted.podRange());
      Wish forServices = Wish.of(wanted.serviceRange());
      AddressRange pods = choose(PODS, forPods.first(), kept, podRanges(wanted.nodes()));
      AddressRange services =
          choose(
              SERVICES, forServices.first(), kept, new Choice(SERVICES_FIRST, SERVICES_COUNT, 1));
      if (pods.nodes() < wanted.nodes()) {
        throw new StartException(
            PODS
                + " "
                + pods
                + " has room for "
                + pods.nodes()
                + " nodes of 256 addresses, not for "
                + wanted.nodes());
      }
      if (pods.overlaps(services)) {
        throw new StartException(
            PODS + " " + pods + " and " + SERVICES + " " + services + " overlap");
      }
      String podText = pods.toString();
      String serviceText = services.toString();
      if (haveBoth(wanted, kept)) {
        SecondRange morePods = second(PODS, forPods, kept, "00::/48");
        SecondRange moreServices = second(SERVICES, forServices, kept, "01::/112");
        check(pods, morePods, moreServices);
        podText += "," + morePods;
        serviceText += "," + moreServices;
      }
      note(file, podText, serviceText);
      return wanted.withRanges(serviceText, podText);
    } catch (IOException e) {
      throw new StartException(file + " cannot be used: " + e.getMessage(), e);
    }
  }

  /// What an option asks for: a range of each family, empty for one that is to be chosen.
  ///
  /// @param second null for no addresses of a second family
  private record Wish(String first, @Nullable String second) {
    static Wish of(String text) {
      int comma = text.indexOf(',');
      return comma < 0
          ? new Wish(named(text), null)
          : new Wish(named(text.substring(0, comma)), named(text.substring(comma + 1)));
    }

    private static String named(String range) {
      return range.equals(AUTO) ? "" : range;
    }
  }

  /// Whether there are addresses of two families. Objects have them in them, so that is decided
  /// once.
  private boolean haveBoth(Configuration wanted, JsonNode kept) {
    boolean isAsked = (wanted.podRange() + wanted.serviceRange()).contains(",");
    if (!kept.hasNonNull(PODS)) {
      return isAsked;
    }
    boolean has = kept.get(PODS).asText().contains(",");
    boolean isNamed = !wanted.podRange().isEmpty() || !wanted.serviceRange().isEmpty();
    if (isNamed && isAsked != has) {
      throw new StartException(
          "this cluster began with addresses of %s, which cannot change: name %s, or begin anew with havn reset"
              .formatted(
                  has ? "IPv4 and IPv6" : "IPv4 only",
                  has ? "a range of each, such as pod-range: auto,auto" : "ranges of IPv4 only"));
    }
    return has;
  }

  private SecondRange second(String name, Wish wish, JsonNode kept, String ending) {
    @Nullable String wanted = wish.second();
    if (wanted != null && !wanted.isEmpty()) {
      return SecondRange.parse(name, wanted);
    }
    return SecondRange.of(name, kept.path(name).asText(""))
        .orElseGet(
            () ->
                SecondRange.parse(
                    name,
                    "fd%s:%s:%s%s"
                        .formatted(
                            clusterId.substring(0, 2),
                            clusterId.substring(2, 6),
                            clusterId.substring(6, 8),
                            ending)));
  }

  private static void check(AddressRange pods, SecondRange morePods, SecondRange moreServices) {
    if (morePods.nodes() < pods.nodes()) {
      throw new StartException(
          "%s %s has room for %d nodes of 64 bits, but %s for %d: name a larger range of IPv6"
              .formatted(PODS, morePods, morePods.nodes(), pods, pods.nodes()));
    }
    if (moreServices.prefix() < SERVICES_PREFIX_MIN
        || moreServices.prefix() > SERVICES_PREFIX_MAX) {
      throw new StartException(
          "%s %s must share %d to %d bits, such as fd00:10:96::/112"
              .formatted(SERVICES, moreServices, SERVICES_PREFIX_MIN, SERVICES_PREFIX_MAX));
    }
    if (morePods.overlaps(moreServices)) {
      throw new StartException(
          PODS + " " + morePods + " and " + SERVICES + " " + moreServices + " overlap");
    }
  }

  /// Where a range is looked for: in 10.`first`.0.0 and what follows, `count` times 16 bits.
  ///
  /// @param size of one in times of 16 bits, a power of two
  private record Choice(int first, int count, int size) {
    AddressRange number(String name, int number) {
      int second = first + number % (count / size) * size;
      int prefix = 16 - Integer.numberOfTrailingZeros(size);
      return AddressRange.parse(name, "10." + second + ".0.0/" + prefix);
    }
  }

  /// As large as so many nodes need.
  private static Choice podRanges(int nodes) {
    int size = 1;
    while (size * NODES_A_RANGE < nodes) {
      size *= 2;
    }
    return new Choice(PODS_FIRST, size == 1 ? PODS_COUNT : PODS_ALL, size);
  }

  private AddressRange choose(String name, String wanted, JsonNode kept, Choice choice) {
    if (!wanted.isEmpty()) {
      return AddressRange.parse(name, wanted);
    }
    if (kept.hasNonNull(name)) {
      AddressRange range = AddressRange.parse(name, kept.get(name).asText());
      @Nullable Route other = name.equals(PODS) ? taken(range) : null;
      if (other != null) {
        throw new StartException(
            "the addresses %s of this cluster's pods are used by %s: stop what uses them, or name another %s in a --config file"
                .formatted(range, other, name));
      }
      return range;
    }
    int begin = Math.floorMod(clusterId.hashCode(), choice.count());
    for (int i = 0; i < choice.count(); i++) {
      AddressRange range = choice.number(name, begin + i);
      if (taken(range) == null) {
        return range;
      }
    }
    throw new StartException(
        "this machine has routes to all of 10.0.0.0/8: name a free "
            + name
            + " in a --config file");
  }

  /// Who uses addresses of a range, null when nobody but this cluster does.
  private @Nullable Route taken(AddressRange range) {
    for (Route each : routes) {
      if (each.range().overlaps(range) && !each.isOf(clusterId)) {
        return each;
      }
    }
    return null;
  }

  /// Notes the ranges of a cluster, by which what is left of it is found.
  static void note(Path file, String pods, String services) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put(PODS, pods).put(SERVICES, services);
    Path fresh = file.resolveSibling(FILE + ".new");
    Files.writeString(fresh, json.toPrettyString() + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /// What of this machine uses addresses that a cluster elsewhere has.
  ///
  /// @param clusterId of what is this node's own
  static Optional<Route> inTheWay(List<String> ranges, String clusterId, List<Route> routes) {
    return routes.stream()
        .filter(each -> !each.isOf(clusterId))
        .filter(
            each ->
                ranges.stream()
                    .anyMatch(range -> AddressRange.parse("range", range).overlaps(each.range())))
        .findFirst();
  }
}
