// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.Ranges;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The addresses at which other machines reach this one.
final class HostAddress {
  private static final Path ROUTES = Path.of("/proc/net/route");
  private static final Path ROUTES_6 = Path.of("/proc/net/ipv6_route");
  private static final String EVERYWHERE = "0.0.0.0";

  /// Of both families, as Linux takes it.
  private static final String EVERYWHERE_6 = "::";

  private HostAddress() {}

  /// Whether a server listens at all addresses.
  static boolean isEverywhere(Configuration configuration) {
    return configuration.bind().equals(EVERYWHERE) || configuration.bind().equals(EVERYWHERE_6);
  }

  /// Whether it listens at this address of the machine, too.
  static boolean isEverywhere(Configuration configuration, String address) {
    return configuration.bind().equals(EVERYWHERE_6)
        || configuration.bind().equals(EVERYWHERE)
            && AddressFamily.of(address) == AddressFamily.IPV4;
  }

  /// As it stands in a URL.
  static String inUrl(String address) {
    return AddressFamily.of(address) == AddressFamily.IPV6 ? "[" + address + "]" : address;
  }

  /// The one of a server, empty when it listens for this machine only.
  static Optional<String> of(Configuration configuration) {
    String bind = configuration.bind();
    if (isEverywhere(configuration)) {
      AddressFamily own = configuration.pods().first().family();
      return all(configuration).stream()
          .min(Comparator.comparing(each -> AddressFamily.of(each) != own));
    }
    return isForOthers(bind) ? Optional.of(bind) : Optional.empty();
  }

  /// All at which a server listens that is to be had at every address, the best first: that of the
  /// link by which packets leave.
  static List<String> all(Configuration configuration) {
    if (!isEverywhere(configuration)) {
      return List.of();
    }
    Ranges pods = configuration.pods();
    Ranges services = configuration.services();
    String outward = outwardLink();
    List<NetworkInterface> links = new ArrayList<>(links());
    links.sort(Comparator.comparing(each -> !each.getName().equals(outward)));
    return links.stream()
        .flatMap(NetworkInterface::inetAddresses)
        .map(HostAddress::text)
        .filter(each -> isEverywhere(configuration, each) && isForOthers(each))
        .filter(each -> !pods.contains(each) && !services.contains(each))
        .distinct()
        .toList();
  }

  private static List<NetworkInterface> links() {
    try {
      return NetworkInterface.networkInterfaces().toList();
    } catch (SocketException e) {
      throw new StartException("the links of this machine cannot be read: " + e.getMessage(), e);
    }
  }

  /// In its usual form, without the link that it is of.
  static String text(InetAddress address) {
    String literal = address.getHostAddress().replaceFirst("%.*", "");
    return AddressFamily.of(literal).canonical(literal);
  }

  private static boolean isForOthers(String text) {
    if (!text.matches("[0-9.]+|[0-9a-fA-F.]*:[0-9a-fA-F:.]*")) {
      return false;
    }
    InetAddress address = InetAddress.ofLiteral(text);
    return !address.isLoopbackAddress()
        && !address.isLinkLocalAddress()
        && !address.isAnyLocalAddress();
  }

  /// The link of the default route, by IPv4 when there is one; empty when there is none.
  static String outwardLink() {
    Optional<String> link = link(ROUTES, HostAddress::outward);
    return link.or(() -> link(ROUTES_6, HostAddress::outward6)).orElse("");
  }

  private static Optional<String> link(Path table, Function<String[], Optional<String>> outward) {
    try (Stream<String> lines = Files.exists(table) ? Files.lines(table) : Stream.empty()) {
      return lines
          .map(line -> outward.apply(line.strip().split("\\s+")))
          .flatMap(Optional::stream)
          .findFirst();
    } catch (IOException e) {
      throw new StartException("the routes in " + table + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static Optional<String> outward(String[] words) {
    return words[1].equals("00000000") ? Optional.of(words[0]) : Optional.empty();
  }

  /// Where there is no default route the loopback has one that leads nowhere.
  private static Optional<String> outward6(String[] words) {
    String link = words[words.length - 1];
    boolean isIt = words[0].matches("0{32}") && words[1].equals("00") && !link.equals("lo");
    return isIt ? Optional.of(link) : Optional.empty();
  }

  /// The largest packet on the link that has an address, in bytes; empty when none has it.
  static OptionalInt mtu(String address) {
    try {
      return mtu(NetworkInterface.getByInetAddress(InetAddress.ofLiteral(address)));
    } catch (SocketException e) {
      throw new StartException(
          "the link of " + address + " cannot be looked at: " + e.getMessage(), e);
    }
  }

  /// The same of the link by which packets leave, empty when none do.
  static OptionalInt outwardMtu() {
    String link = outwardLink();
    try {
      return link.isEmpty() ? OptionalInt.empty() : mtu(NetworkInterface.getByName(link));
    } catch (SocketException e) {
      throw new StartException("link " + link + " cannot be looked at: " + e.getMessage(), e);
    }
  }

  private static OptionalInt mtu(@Nullable NetworkInterface link) throws SocketException {
    return link == null ? OptionalInt.empty() : OptionalInt.of(link.getMTU());
  }

  /// The 24 bits that mark a cluster's packets between machines; not all zero.
  static int overlayId(String clusterId) {
    return Math.max(1, (int) (Long.parseLong(clusterId, 16) & 0xff_ffff));
  }
}
