// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The network of a node's pods: a bridge, and for each pod a network namespace with an address on
/// it. Every name carries the cluster's id and the node's number, by which all of it is found
/// again; routes carry the cluster's id as their metric.
///
/// A pod's address is on a network of its own, so that packets to its neighbours take the way by
/// the machine too: only there are Services and policies.
///
/// Each address that is given is a file in a folder; it holds the uid of its pod, and `up` when the
/// pod's link stands.
final class PodNetwork {
  static final int FIRST = 2;
  static final int LAST = 250;
  private static final String UP = " up";

  private final Path folder;
  private final NodeId id;
  private final String prefix;
  private final String second;
  private final List<String> unreachable;
  private final String apiAddress;

  /// The last part of the address given last: one that became free rests until all others were
  /// given, so that who still talks to its former pod does not reach another.
  private int last = FIRST - 1;

  /// @param prefix the first three parts of the addresses
  /// @param second what the addresses of the second family begin with, which end in the same
  ///   number; empty for none
  /// @param unreachable ranges of the cluster: what is not there must not leave the machine
  /// @param apiAddress of the Service `kubernetes`, which this machine has as one of its own so
  ///   that pods find the API there; empty for none
  PodNetwork(
      Path folder,
      NodeId id,
      String prefix,
      String second,
      List<String> unreachable,
      String apiAddress)
      throws IOException {
    this.folder = folder;
    this.id = id;
    this.prefix = prefix;
    this.second = second;
    this.unreachable = unreachable;
    this.apiAddress = apiAddress;
    Files.createDirectories(folder);
  }

  private String bridge() {
    return "hv" + id;
  }

  String namespace(String uid) {
    return "hv" + id + "-" + uid.replace("-", "").substring(0, 12);
  }

  /// A link's name has at most 15 characters: the last part of the address tells pods apart.
  private String outer(String address) {
    String number = number(address);
    return bridge() + (number.length() < 2 ? "0" : "") + number;
  }

  /// The last part of an address, as the second family writes it.
  private static String number(String address) {
    return Integer.toHexString(Integer.parseInt(address.substring(address.lastIndexOf('.') + 1)));
  }

  /// Makes the bridge; packets for pods and Services that are not there end here.
  void open() throws IOException {
    if (isOpen()) {
      settle();
      ownApiAddress();
      return;
    }
    batch("link add name " + bridge() + " type bridge");
    settle();
    List<String> lines =
        new ArrayList<>(
            List.of(
                "address add " + prefix + ".1/24 dev " + bridge(), "link set " + bridge() + " up"));
    if (!second.isEmpty()) {
      // Nobody else has these addresses, so none is looked for before they are used.
      lines.add("address add " + second + "1/64 dev " + bridge() + " nodad");
    }
    batch(lines.toArray(String[]::new));
    ownApiAddress();
    for (String range : unreachable) {
      Program.Result result = route("add", range);
      if (!result.ok() && !result.output().contains("File exists")) {
        throw new IOException("route to " + range + ": " + result.output());
      }
    }
  }

  /// Also of links that an older Havn has made.
  private void settle() throws IOException {
    for (String link : Links.names()) {
      if (link.equals(bridge())) {
        LinkSettings.bridge(link, !second.isEmpty());
      } else if (link.startsWith(bridge())) {
        LinkSettings.port(link);
      }
    }
  }

  private void ownApiAddress() throws IOException {
    if (!apiAddress.isEmpty()) {
      Program.must(List.of("ip", "address", "replace", apiAddress + "/32", "dev", bridge()));
    }
  }

  boolean isOpen() throws IOException {
    return Links.names().contains(bridge());
  }

  private Program.Result route(String verb, String range) throws IOException {
    return Program.run(
        List.of("ip", "route", verb, "unreachable", range, "metric", "" + id.metric()));
  }

  /// The pod's address; its namespace is made when it is not there.
  String ensure(String uid) throws IOException {
    String address = address(uid);
    Path note = folder.resolve(address);
    boolean there = Files.exists(Path.of("/run/netns", namespace(uid)));
    if (there && Files.readString(note).endsWith(UP)) {
      return address;
    }
    deleteLink(outer(address));
    if (there) {
      Program.must(List.of("ip", "netns", "delete", namespace(uid)));
    }
    batch(
        "netns add " + namespace(uid),
        "link add " + outer(address) + " type veth peer name eth0 netns " + namespace(uid),
        "link set " + outer(address) + " master " + bridge() + " up",
        // Where bridges look at packets as routers do, one that a Service leads back to its sender
        // leaves by the port it came from.
        "link set " + outer(address) + " type bridge_slave hairpin on");
    LinkSettings.port(outer(address));
    inside(uid, address);
    Files.writeString(note, uid + UP);
    return address;
  }

  /// Gives the pod its addresses and its way to the machine.
  private void inside(String uid, String address) throws IOException {
    List<String> lines =
        new ArrayList<>(List.of("link set lo up", "address add " + address + "/32 dev eth0"));
    if (!second.isEmpty()) {
      lines.add("address add " + second + number(address) + "/128 dev eth0 nodad");
    }
    lines.add("link set eth0 up");
    lines.add("route add " + prefix + ".1 dev eth0");
    lines.add("route add default via " + prefix + ".1");
    if (!second.isEmpty()) {
      lines.add("route add " + second + "1 dev eth0");
      lines.add("route add default via " + second + "1 dev eth0");
    }
    String script = LinkSettings.inPod(!second.isEmpty()) + "exec ip -batch -";
    Program.Result result =
        Program.run(
            List.of("ip", "netns", "exec", namespace(uid), "sh", "-c", script),
            String.join("\n", lines) + "\n");
    if (!result.ok()) {
      throw new IOException("network of pod " + uid + ": " + result.output());
    }
  }

  /// The address that a pod has already.
  synchronized Optional<String> find(String uid) throws IOException {
    for (Path file : notes()) {
      if (Files.readString(file).startsWith(uid)) {
        return Optional.of(String.valueOf(file.getFileName()));
      }
    }
    return Optional.empty();
  }

  private synchronized String address(String uid) throws IOException {
    Optional<String> found = find(uid);
    if (found.isPresent()) {
      return found.get();
    }
    Set<String> taken = new HashSet<>();
    for (Path file : notes()) {
      if (!Files.readString(file).isEmpty()) {
        taken.add(String.valueOf(file.getFileName()));
      }
    }
    for (int tried = FIRST; tried <= LAST; tried++) {
      last = last == LAST ? FIRST : last + 1;
      String address = prefix + "." + last;
      if (!taken.contains(address)) {
        Files.writeString(folder.resolve(address), uid);
        return address;
      }
    }
    throw new IOException("all addresses of " + prefix + ".0/24 are taken");
  }

  private List<Path> notes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /// Takes a link away at once. With its namespace alone it would go too, but as late as the last
  /// process or half-closed connection in there, and until then its name is taken.
  private static void deleteLink(String link) throws IOException {
    if (Links.names().contains(link)) {
      Program.Result result = Program.run(List.of("ip", "link", "delete", link));
      if (!result.ok() && Links.names().contains(link)) {
        throw new IOException("link " + link + " cannot be deleted: " + result.output());
      }
    }
  }

  synchronized void remove(String uid) throws IOException {
    Optional<String> address = find(uid);
    if (address.isPresent()) {
      deleteLink(outer(address.get()));
    }
    if (Files.exists(Path.of("/run/netns", namespace(uid)))) {
      Program.must(List.of("ip", "netns", "delete", namespace(uid)));
    }
    for (Path file : notes()) {
      if (Files.readString(file).startsWith(uid)) {
        Files.delete(file);
      }
    }
  }

  /// Removes everything of this cluster's node.
  void removeAll() throws IOException {
    for (String line : Program.must(List.of("ip", "netns", "list")).split("\n")) {
      String name = line.split(" ")[0];
      if (name.startsWith("hv" + id + "-")) {
        Program.must(List.of("ip", "netns", "delete", name));
      }
    }
    for (String link : Links.names()) {
      if (link.startsWith(bridge())) {
        deleteLink(link);
      }
    }
    for (String range : unreachable) {
      route("del", range);
    }
    for (Path file : notes()) {
      Files.delete(file);
    }
  }

  private static void batch(String... commands) throws IOException {
    Program.Result result =
        Program.run(List.of("ip", "-batch", "-"), String.join("\n", commands) + "\n");
    if (!result.ok()) {
      throw new IOException(String.join("; ", commands) + ": " + result.output());
    }
  }
}
