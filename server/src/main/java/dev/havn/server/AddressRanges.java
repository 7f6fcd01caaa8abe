// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
  private static final Logger LOG = LoggerFactory.getLogger(AddressRanges.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PODS = "pod-range";
  private static final String SERVICES = "service-range";
  private static final String BALANCERS = BalancerRanges.NAME;
  private static final String FORMER = "former-load-balancer-ranges";
  private static final int FORMER_MAX = 16;

  /// Pods live in 10.128.0.0 to 10.253.0.0, Services in 10.64.0.0 to 10.127.0.0, 16 bits each.
  private static final int PODS_FIRST = 128;

  private static final int PODS_COUNT = 126;
  private static final int PODS_ALL = 128;

  /// In 16 bits of addresses.
  private static final int NODES_A_RANGE = 256;

  private static final int SERVICES_FIRST = 64;
  private static final int SERVICES_COUNT = 64;

  /// Of IPv6.
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

  /// What a cluster has chosen.
  record Kept(Ranges pods, Ranges services) {
    List<AddressRange> all() {
      return Stream.of(pods, services).flatMap(each -> each.all().stream()).toList();
    }
  }

  /// What a cluster has chosen before, none when it has not begun.
  static Optional<Kept> kept(DataDirectory directory) throws IOException {
    return kept(directory.path().resolve(FILE));
  }

  static boolean areChosen(DataDirectory directory) {
    return Files.exists(directory.path().resolve(FILE));
  }

  /// Lets a cluster choose anew, which it may as long as no object has an address of them.
  static void forget(DataDirectory directory) {
    Path file = directory.path().resolve(FILE);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("the addresses chosen in {} stay chosen: {}", file, e.getMessage());
    }
  }

  private static Optional<Kept> kept(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonNode json = JSON.readTree(file.toFile());
    try {
      return Optional.of(
          new Kept(
              Ranges.parse(json.path(PODS).asText()), Ranges.parse(json.path(SERVICES).asText())));
    } catch (IllegalArgumentException e) {
      throw new IOException("it holds no ranges: " + e.getMessage(), e);
    }
  }

  /// The configuration with both ranges named.
  ///
  /// @throws StartException when they are no ranges, too small, or used by something else
  Configuration settle(Configuration wanted) {
    boolean plugged = wanted.network().plugins() != null;
    try {
      Optional<Kept> kept = kept(file);
      Wish forPods = Wish.of(PODS, wanted.podRange());
      Wish forServices = Wish.of(SERVICES, wanted.serviceRange());
      List<AddressRange> pods = new ArrayList<>();
      List<AddressRange> services = new ArrayList<>();
      for (AddressFamily family : families(forPods, forServices, kept)) {
        Optional<AddressRange> ofPods = forPods.of(family);
        Optional<AddressRange> ofServices = forServices.of(family);
        Optional<AddressRange> keptPods = kept.flatMap(each -> each.pods().of(family));
        Optional<AddressRange> keptServices = kept.flatMap(each -> each.services().of(family));
        boolean isFour = family == AddressFamily.IPV4;
        pods.add(
            ofPods.orElseGet(
                () ->
                    isFour
                        ? choose(PODS, keptPods, podRanges(wanted.nodes()), plugged)
                        : keptPods.orElseGet(() -> local("00::/48"))));
        services.add(
            ofServices.orElseGet(
                () ->
                    isFour
                        ? choose(
                            SERVICES,
                            keptServices,
                            new Choice(SERVICES_FIRST, SERVICES_COUNT, 1),
                            plugged)
                        : keptServices.orElseGet(() -> local("01::/112"))));
        check(pods.getLast(), services.getLast(), wanted.nodes());
      }
      check(pods);
      Kept settled = new Kept(new Ranges(pods), new Ranges(services));
      Configuration ranged =
          wanted.withRanges(settled.services().toString(), settled.pods().toString());
      NetworkChoice balancers = balancers(ranged, kept.isPresent());
      note(file, settled, balancers);
      return ranged.withNetwork(balancers);
    } catch (IOException e) {
      throw new StartException(file + " cannot be used: " + e.getMessage(), e);
    }
  }

  /// Those of earlier starts are kept in mind, since Services may have addresses of them.
  private NetworkChoice balancers(Configuration settled, boolean hasBegun) throws IOException {
    String now = freeBalancers(settled).toString();
    Set<String> former = new LinkedHashSet<>();
    if (hasBegun) {
      JsonNode kept = JSON.readTree(file.toFile());
      former.add(kept.path(BALANCERS).asText(BalancerRanges.usual(settled).toString()));
      former.addAll(List.of(kept.path(FORMER).asText("").split(" ")));
    }
    former.removeAll(Set.of(now, ""));
    return new NetworkChoice(
        settled.network().plugins(),
        now,
        former.stream().limit(FORMER_MAX).toList(),
        settled.network().nodes(),
        settled.network().mtu());
  }

  /// What leads elsewhere already cannot lead to Services as well. Those that nobody named are the
  /// pods'.
  private Ranges freeBalancers(Configuration settled) {
    Ranges balancers = BalancerRanges.of(settled);
    List<AddressRange> usual = BalancerRanges.usual(settled).all();
    for (AddressRange each : balancers.all()) {
      @Nullable Route other = usual.contains(each) ? null : taken(each, false);
      if (other != null) {
        throw new StartException(
            "%s %s and %s overlap: name addresses that this machine has no route to, or take that route away"
                .formatted(BALANCERS, each, other));
      }
    }
    return balancers;
  }

  /// What an option asks for.
  ///
  /// @param texts a range of each family in their order, or [#AUTO]; none where nothing is said
  private record Wish(String name, List<String> texts) {
    static Wish of(String name, String text) {
      if (text.isEmpty() || text.equals(AUTO)) {
        return new Wish(name, List.of());
      }
      return new Wish(name, List.of(text.split(",", -1)));
    }

    List<AddressFamily> families() {
      if (texts.isEmpty()) {
        return List.of();
      }
      boolean isSecondOnly = texts.size() > 1 && texts.getFirst().equals(AUTO);
      AddressFamily first =
          isSecondOnly && !texts.get(1).equals(AUTO)
              ? AddressFamily.of(texts.get(1)).other()
              : AddressFamily.of(texts.getFirst());
      return texts.size() == 1 ? List.of(first) : List.of(first, first.other());
    }

    /// The range that is named, none for one that is to be chosen.
    ///
    /// @throws StartException when it is no range of this family
    Optional<AddressRange> of(AddressFamily family) {
      int index = families().indexOf(family);
      if (index < 0 || texts.get(index).equals(AUTO)) {
        return Optional.empty();
      }
      String text = texts.get(index);
      try {
        AddressRange range = AddressRange.parse(text);
        if (range.family() == family && texts.size() <= 2) {
          return Optional.of(range);
        }
      } catch (IllegalArgumentException noRange) {
        throw refused(family, text);
      }
      throw refused(family, text);
    }

    private StartException refused(AddressFamily family, String text) {
      String example = family == AddressFamily.IPV4 ? "10.244.0.0/16" : "fd00:10:244::/56";
      String what =
          texts.size() == 1
              ? "a range of " + family + " addresses such as " + example
              : "a range of %s addresses and behind a comma one of %s, such as %s for %s"
                  .formatted(families().getFirst(), families().getLast(), example, family);
      return new StartException(name + " must be " + what + ", not '" + text + "'");
    }
  }

  /// Which families there are, the cluster's own first. Objects have addresses in them, so that is
  /// decided once. Two in one of the options are two in the other as well.
  private static List<AddressFamily> families(Wish pods, Wish services, Optional<Kept> kept) {
    boolean podsSayMore = pods.families().size() >= services.families().size();
    List<AddressFamily> asked = podsSayMore ? pods.families() : services.families();
    List<AddressFamily> less = podsSayMore ? services.families() : pods.families();
    if (!less.equals(asked.subList(0, less.size()))) {
      throw new StartException(
          "%s is of %s and %s of %s: name ranges of the same families, in the same order"
              .formatted(PODS, text(pods.families()), SERVICES, text(services.families())));
    }
    if (kept.isEmpty()) {
      return asked.isEmpty() ? List.of(AddressFamily.IPV4) : asked;
    }
    List<AddressFamily> has = kept.get().pods().families();
    if (!asked.isEmpty() && !asked.equals(has)) {
      throw new StartException(
          "this cluster began with addresses of %s, which cannot change: name %s, or begin anew with havn reset"
              .formatted(
                  text(has),
                  has.size() > 1
                      ? "a range of each in this order, or none"
                      : "ranges of " + text(has)));
    }
    return has;
  }

  private static String text(List<AddressFamily> families) {
    return families.size() == 1
        ? families.getFirst() + " only"
        : families.getFirst() + " and " + families.getLast();
  }

  /// One that nobody else has (RFC 4193), by the cluster's id.
  private AddressRange local(String ending) {
    return AddressRange.parse(
        "fd%s:%s:%s%s"
            .formatted(
                clusterId.substring(0, 2),
                clusterId.substring(2, 6),
                clusterId.substring(6, 8),
                ending));
  }

  private static void check(AddressRange pods, AddressRange services, int nodes) {
    boolean isSecond = pods.family() == AddressFamily.IPV6;
    if (pods.nodes() < nodes) {
      throw new StartException(
          "%s %s has room for %d nodes of %s, not for %d"
              .formatted(PODS, pods, pods.nodes(), isSecond ? "64 bits" : "256 addresses", nodes));
    }
    boolean fits =
        services.prefix() >= SERVICES_PREFIX_MIN && services.prefix() <= SERVICES_PREFIX_MAX;
    if (isSecond && !fits) {
      throw new StartException(
          "%s %s must share %d to %d bits, such as fd00:10:96::/112"
              .formatted(SERVICES, services, SERVICES_PREFIX_MIN, SERVICES_PREFIX_MAX));
    }
    if (pods.overlaps(services)) {
      throw new StartException(
          PODS + " " + pods + " and " + SERVICES + " " + services + " overlap");
    }
  }

  /// A node has the same number in both, so none of IPv4 may be without one of IPv6.
  private static void check(List<AddressRange> pods) {
    boolean isShort = pods.size() > 1 && pods.getFirst().family() == AddressFamily.IPV4;
    if (isShort && pods.getLast().nodes() < pods.getFirst().nodes()) {
      throw new StartException(
          "%s %s has room for %d nodes of 64 bits, but %s for %d: name a larger range of IPv6"
              .formatted(
                  PODS,
                  pods.getLast(),
                  pods.getLast().nodes(),
                  pods.getFirst(),
                  pods.getFirst().nodes()));
    }
  }

  /// Where a range is looked for: in 10.`first`.0.0 and what follows, `count` times 16 bits.
  ///
  /// @param size of one in times of 16 bits, a power of two
  private record Choice(int first, int count, int size) {
    AddressRange number(int number) {
      int second = first + number % (count / size) * size;
      int prefix = 16 - Integer.numberOfTrailingZeros(size);
      return AddressRange.parse("10." + second + ".0.0/" + prefix);
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

  /// @param plugged whether plugins make routes to pods of the first node, by links of theirs
  private AddressRange choose(
      String name, Optional<AddressRange> kept, Choice choice, boolean plugged) {
    if (kept.isPresent()) {
      AddressRange range = kept.get();
      @Nullable Route other = name.equals(PODS) ? taken(range, plugged) : null;
      if (other != null) {
        throw new StartException(
            "the addresses %s of this cluster's pods are used by %s: stop what uses them, or name another %s in a --config file"
                .formatted(range, other, name));
      }
      return range;
    }
    int begin = Math.floorMod(clusterId.hashCode(), choice.count());
    for (int i = 0; i < choice.count(); i++) {
      AddressRange range = choice.number(begin + i);
      if (taken(range, false) == null) {
        return range;
      }
    }
    throw new StartException(
        "this machine has routes to all of 10.0.0.0/8: name a free "
            + name
            + " in a --config file");
  }

  /// Who uses addresses of a range, null when nobody but this cluster does.
  private @Nullable Route taken(AddressRange range, boolean plugged) {
    for (Route each : routes) {
      boolean isOwn = each.isOf(clusterId) || (plugged && range.ofNode(0).contains(each.range()));
      if (each.range().overlaps(range) && !isOwn) {
        return each;
      }
    }
    return null;
  }

  /// Notes the ranges of a cluster, by which what is left of it is found.
  static void note(Path file, Kept ranges, NetworkChoice balancers) throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put(PODS, ranges.pods().toString()).put(SERVICES, ranges.services().toString());
    json.put(BALANCERS, balancers.balancers());
    json.put(FORMER, String.join(" ", balancers.formerBalancers()));
    Path fresh = file.resolveSibling(FILE + ".new");
    Files.writeString(fresh, json.toPrettyString() + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /// What of this machine uses addresses that a cluster elsewhere has.
  ///
  /// @param clusterId of what is this node's own
  static Optional<Route> inTheWay(List<AddressRange> ranges, String clusterId, List<Route> routes) {
    return routes.stream()
        .filter(each -> !each.isOf(clusterId))
        .filter(each -> ranges.stream().anyMatch(range -> range.overlaps(each.range())))
        .findFirst();
  }
}
