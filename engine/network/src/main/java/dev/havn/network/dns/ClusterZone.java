// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import dev.havn.network.dns.ServiceRecords.Port;
import dev.havn.network.rules.Family;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The names of the cluster, as the Kubernetes DNS specification 1.1.0 has them, and names of pods
/// by their address, as CoreDNS has them in its usual configuration. Threads: any.
final class ClusterZone {
  static final int TTL_SECONDS = 5;
  private static final String REVERSE = ".in-addr.arpa";
  private static final String REVERSE_6 = ".ip6.arpa";
  private static final String VERSION = "1.1.0";
  private static final int WEIGHT = 100;
  private static final String POD_NAME = "[0-9]{1,3}(-[0-9]{1,3}){3}";

  /// With `-` in place of `:`.
  private static final String POD_NAME_6 = "[0-9a-f-]*-[0-9a-f-]*";

  private final String zone;
  private final Predicate<String> isNamespace;
  private final Predicate<String> isOwnAddress;
  private final Map<String, ServiceRecords> services = new ConcurrentHashMap<>();

  /// Domains by the address that they belong to, by how well they do; never changed in place.
  private final Map<String, SortedMap<String, String>> pointers = new ConcurrentHashMap<>();

  private final AtomicInteger turn = new AtomicInteger();

  /// @param zone such as `cluster.local`
  /// @param isOwnAddress whether nobody else knows the name of an address
  ClusterZone(String zone, Predicate<String> isNamespace, Predicate<String> isOwnAddress) {
    this.zone = zone;
    this.isNamespace = isNamespace;
    this.isOwnAddress = isOwnAddress;
  }

  /// Replaces what is known of a Service.
  ///
  /// @param records null when it is gone
  void set(String namespace, String name, @Nullable ServiceRecords records) {
    String key = name + "." + namespace;
    @Nullable ServiceRecords before =
        records == null ? services.remove(key) : services.put(key, records);
    if (before != null) {
      before.pointers().keySet().forEach(address -> forget(address, rank(key, before)));
    }
    if (records != null) {
      records.pointers().forEach((address, domain) -> point(address, rank(key, records), domain));
    }
  }

  /// An address is called after the Service that has it, then after those that have it as an
  /// endpoint's.
  private static String rank(String key, ServiceRecords records) {
    return (records.hosts().isEmpty() ? "1 " : "2 ") + key;
  }

  private void point(String address, String rank, String domain) {
    pointers.compute(
        address,
        (_, all) -> {
          SortedMap<String, String> more = all == null ? new TreeMap<>() : new TreeMap<>(all);
          more.put(rank, domain);
          return more;
        });
  }

  private void forget(String address, String rank) {
    pointers.computeIfPresent(
        address,
        (_, all) -> {
          SortedMap<String, String> fewer = new TreeMap<>(all);
          fewer.remove(rank);
          return fewer.isEmpty() ? null : fewer;
        });
  }

  /// @param elsewhere resolves the name that an alias leads to
  /// @return empty when the name is not the cluster's to know
  Optional<Answer> answer(String name, int type, Function<String, List<Resource>> elsewhere) {
    if (name.endsWith(REVERSE) || name.endsWith(REVERSE_6)) {
      return reverse(name, type);
    }
    if (name.equals(zone)) {
      return Optional.of(apex(type));
    }
    if (!name.endsWith(zone) || name.charAt(name.length() - zone.length() - 1) != '.') {
      return Optional.empty();
    }
    String[] labels = name.substring(0, name.length() - zone.length() - 1).split("\\.", -1);
    return Optional.of(
        switch (labels[labels.length - 1]) {
          case "svc" -> service(name, labels, type, elsewhere);
          case "pod" -> pod(name, labels, type);
          case "dns-version" ->
              labels.length > 1
                  ? unknown()
                  : type == Resource.TXT
                      ? Answer.of(List.of(new Resource.Text(name, VERSION)))
                      : nothing();
          case "dns" -> server(name, labels, type);
          default -> unknown();
        });
  }

  private Answer unknown() {
    return new Answer(Answer.NAME_ERROR, List.of(), List.of(start()), List.of());
  }

  /// The name is there, with other types of records.
  private Answer nothing() {
    return new Answer(Answer.NO_ERROR, List.of(), List.of(start()), List.of());
  }

  private Resource start() {
    return new Resource.Start(zone, "ns.dns." + zone, "hostmaster." + zone, 1);
  }

  private Answer apex(int type) {
    return switch (type) {
      case Resource.SOA -> Answer.of(List.of(start()));
      case Resource.NS ->
          Answer.of(List.of(new Resource.Pointer(zone, Resource.NS, "ns.dns." + zone)));
      default -> nothing();
    };
  }

  private Answer server(String name, String[] labels, int type) {
    boolean isThere = labels.length == 1 || (labels.length == 2 && labels[0].equals("ns"));
    @Nullable ServiceRecords own = services.get("kube-dns.kube-system");
    if (!isThere) {
      return unknown();
    }
    return labels.length == 1 || own == null ? nothing() : addresses(name, own.addresses(), type);
  }

  private Answer addresses(String name, List<byte[]> all, int type) {
    List<Resource> found = new ArrayList<>();
    int first = all.size() < 2 ? 0 : Math.floorMod(turn.getAndIncrement(), all.size());
    for (int i = 0; i < all.size(); i++) {
      Resource.Address each = new Resource.Address(name, all.get((first + i) % all.size()));
      if (each.type() == type || type == Resource.ANY) {
        found.add(each);
      }
    }
    return found.isEmpty() ? nothing() : Answer.of(found);
  }

  private Answer pod(String name, String[] labels, int type) {
    if (labels.length == 1) {
      return nothing();
    }
    String namespace = labels[labels.length - 2];
    if (labels.length > 3 || !isNamespace.test(namespace)) {
      return unknown();
    }
    if (labels.length == 2) {
      return nothing();
    }
    boolean isFirst = labels[0].matches(POD_NAME);
    if (!isFirst && !labels[0].matches(POD_NAME_6)) {
      return unknown();
    }
    try {
      String written = labels[0].replace('-', isFirst ? '.' : ':');
      byte[] address = InetAddress.ofLiteral(written).getAddress();
      return addresses(name, List.of(address), type);
    } catch (IllegalArgumentException noAddress) {
      return unknown();
    }
  }

  /// `SERVICE.NAMESPACE.svc`, before it a host, or a protocol and a port.
  private Answer service(
      String name, String[] labels, int type, Function<String, List<Resource>> elsewhere) {
    if (labels.length == 1) {
      return nothing();
    }
    String namespace = labels[labels.length - 2];
    if (labels.length == 2) {
      return isNamespace.test(namespace) ? nothing() : unknown();
    }
    @Nullable ServiceRecords records = services.get(labels[labels.length - 3] + "." + namespace);
    if (records == null || !records.isThere()) {
      return unknown();
    }
    return switch (labels.length) {
      case 3 ->
          records.alias().isEmpty()
              ? type == Resource.SRV
                  ? ports(name, records, _ -> true)
                  : addresses(name, records.addresses(), type)
              : alias(name, records.alias(), type, elsewhere);
      case 4 -> host(name, labels[0], records, type);
      case 5 -> port(name, labels, records, type);
      default -> unknown();
    };
  }

  private static Answer alias(
      String name, String target, int type, Function<String, List<Resource>> elsewhere) {
    List<Resource> all = new ArrayList<>();
    all.add(new Resource.Pointer(name, Resource.CNAME, target));
    if (type != Resource.CNAME) {
      all.addAll(elsewhere.apply(target));
    }
    return Answer.of(all);
  }

  private Answer host(String name, String label, ServiceRecords records, int type) {
    if (label.startsWith("_")) {
      return records.ports().stream().anyMatch(each -> label.equals("_" + each.protocol()))
          ? nothing()
          : unknown();
    }
    @Nullable List<byte[]> addresses = records.hosts().get(label);
    return addresses == null ? unknown() : addresses(name, addresses, type);
  }

  private Answer port(String name, String[] labels, ServiceRecords records, int type) {
    Predicate<Port> isAsked =
        each -> labels[0].equals("_" + each.name()) && labels[1].equals("_" + each.protocol());
    if (records.ports().stream().noneMatch(isAsked)) {
      return unknown();
    }
    return type == Resource.SRV || type == Resource.ANY ? ports(name, records, isAsked) : nothing();
  }

  private static Answer ports(String name, ServiceRecords records, Predicate<Port> isAsked) {
    List<Port> asked = records.ports().stream().filter(isAsked).toList();
    List<Resource> found = new ArrayList<>();
    List<Resource> additional = new ArrayList<>();
    List<String> targets = asked.stream().map(Port::target).distinct().toList();
    int weight = Math.max(1, WEIGHT / Math.max(1, targets.size()));
    asked.forEach(
        each -> found.add(new Resource.Service(name, weight, each.number(), each.target())));
    for (String target : targets) {
      List<byte[]> addresses =
          target.equals(records.domain())
              ? records.addresses()
              : records.hosts().getOrDefault(target.substring(0, target.indexOf('.')), List.of());
      addresses.forEach(each -> additional.add(new Resource.Address(target, each)));
    }
    return new Answer(Answer.NO_ERROR, found, List.of(), additional);
  }

  /// The address that a name is of, empty for a part of one.
  private static String reversed(String name) {
    String[] labels = name.substring(0, name.length() - REVERSE.length()).split("\\.", -1);
    return labels.length == 4 ? String.join(".", labels[3], labels[2], labels[1], labels[0]) : "";
  }

  private static String reversedNibbles(String name) {
    String text = name.substring(0, name.length() - REVERSE_6.length());
    if (!text.matches("[0-9a-f](\\.[0-9a-f]){31}")) {
      return "";
    }
    String digits = new StringBuilder(text.replace(".", "")).reverse().toString();
    return Family.IPV6.text(HexFormat.of().parseHex(digits));
  }

  private Optional<Answer> reverse(String name, int type) {
    String address = name.endsWith(REVERSE) ? reversed(name) : reversedNibbles(name);
    if (address.isEmpty()) {
      return Optional.empty();
    }
    @Nullable SortedMap<String, String> domains = pointers.get(address);
    if (domains == null) {
      return isOwnAddress.test(address) ? Optional.of(unknown()) : Optional.empty();
    }
    return Optional.of(
        type == Resource.PTR || type == Resource.ANY
            ? Answer.of(
                List.of(
                    new Resource.Pointer(name, Resource.PTR, domains.sequencedValues().getFirst())))
            : nothing());
  }
}
