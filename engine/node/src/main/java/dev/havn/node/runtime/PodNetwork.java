// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The network of a node's pods: a bridge, in the machine's network namespace or in one of the
/// node's own, and for each pod a network namespace with an address on it. Every name carries the
/// cluster's id and the node's number, by which all of it is found again; routes carry the
/// cluster's id as their metric.
///
/// A pod's address is on a network of its own, so that packets to its neighbours take the way by
/// the machine too: only there are Services and policies.
///
/// Each address that is given is a file in a folder; it holds the uid of its pod, and more when the
/// pod's link stands.
final class PodNetwork implements SandboxNetwork {
  /// The machine's own.
  static final int OWN = 1;

  static final int FIRST = 2;
  static final int LAST = 250;

  /// In rounds of five seconds.
  private static final int LOOK_EVERY = 6;

  /// Of a pod whose link address follows from its address; one that an older Havn made is `up`.
  private static final String UP = " up as addressed";

  private static final String ELDER = " up";

  private final Path folder;
  private final NodeId id;
  private final Ranges ranges;
  private final PodPorts ports;
  private final List<AddressRange> unreachable;
  private final String apiAddress;
  private final int mtu;
  private final boolean hasPods;
  private final @Nullable Uplink uplink;
  private final @Nullable NodeNamespace own;
  private final LinkPlace links;

  /// Uids of pods without a network of their own.
  private final Set<String> onNode = ConcurrentHashMap.newKeySet();

  /// The number of the address given last: one that became free rests until all others were given,
  /// so that who still talks to its former pod does not reach another.
  private int last = FIRST - 1;

  /// Whether the kernel has rules for what pods may send.
  private boolean isGuarded;

  private int looks;

  /// @param ranges of its addresses; a pod has those with the same number of each
  /// @param unreachable ranges of the cluster: what is not there must not leave the machine
  /// @param apiAddress of the Service `kubernetes`, which this machine has as one of its own so
  ///   that pods find the API there; empty for none
  /// @param mtu the largest packet on its links, in bytes; links of pods that are there keep theirs
  /// @param hasPods whether pods have its addresses; else they are the machine's to give away
  /// @param uplink of a node that is to have a network namespace of its own; null for the
  ///   machine's, or for the one that is there, to remove it
  PodNetwork(
      Path folder,
      NodeId id,
      Ranges ranges,
      List<AddressRange> unreachable,
      String apiAddress,
      int mtu,
      boolean hasPods,
      @Nullable Uplink uplink)
      throws IOException {
    this.folder = folder;
    this.id = id;
    this.ranges = ranges;
    this.uplink = uplink;
    boolean apart = uplink != null || NodeNamespace.of(id).exists();
    this.own = apart ? new NodeNamespace(id, ranges, mtu) : null;
    this.links = own == null ? LinkPlace.MACHINE : own.inside();
    this.ports = new PodPorts(id, ranges, links);
    this.unreachable = unreachable;
    this.apiAddress = apiAddress;
    this.mtu = mtu;
    this.hasPods = hasPods;
    Files.createDirectories(folder);
  }

  private String bridge() {
    return "hv" + id;
  }

  int mtu() {
    return mtu;
  }

  @Override
  public String namespace(String uid) {
    return "hv" + id + "-" + uid.replace("-", "").substring(0, 12);
  }

  /// Makes the bridge; packets for pods and Services that are not there end here.
  @Override
  public void open() throws IOException {
    if (own != null) {
      own.open(uplink, unreachable, hasPods);
      guard();
      return;
    }
    if (isOpen()) {
      settle();
      guard();
      links.batch(addresses(withoutFormer(), ""));
      return;
    }
    links.batch(List.of("link add name " + bridge() + " address " + mac() + " type bridge"));
    settle();
    guard();
    // Of IPv6, a link that is not up gets no routes with its addresses.
    links.batch(addresses(List.of(), " up"));
    for (AddressRange range : unreachable) {
      Program.Result result = route("add", range);
      if (!result.ok() && !result.output().contains("File exists")) {
        throw new IOException("route to " + range + ": " + result.output());
      }
    }
  }

  /// Nobody else has these addresses, so none is looked for before they are used.
  static String unasked(AddressRange range) {
    return range.family() == AddressFamily.IPV6 ? " nodad" : "";
  }

  private boolean speaks6() {
    return ranges.has(AddressFamily.IPV6);
  }

  /// Also of links that an older Havn has made.
  private void settle() throws IOException {
    for (String link : Links.names()) {
      if (link.equals(bridge())) {
        LinkSettings.bridge(link, speaks6());
      } else if (link.startsWith(bridge())) {
        LinkSettings.port(link);
      }
    }
  }

  private String mac() {
    return ports.mac(OWN);
  }

  /// The bridge of an older Havn keeps the link address that its pods know.
  private synchronized void guard() throws IOException {
    if (own != null) {
      isGuarded = ports.open(mac(), Set.of());
      return;
    }
    // One without any address is not found, and no pod has it as a neighbour yet.
    @Nullable NetworkInterface found = NetworkInterface.getByName(bridge());
    byte @Nullable [] bytes = found == null ? null : found.getHardwareAddress();
    String mac = bytes == null ? mac() : HexFormat.ofDelimiter(":").formatHex(bytes);
    if (!mac.equals(mac())) {
      Program.must(List.of("ip", "link", "set", bridge(), "address", mac));
    }
    Set<String> elder = new HashSet<>();
    for (Path note : notes()) {
      if (Files.readString(note).endsWith(ELDER)) {
        elder.add(String.valueOf(note.getFileName()));
      }
    }
    isGuarded = ports.open(mac, elder);
  }

  /// As seldom as at the tables of Services.
  @Override
  public synchronized void look() {
    looks++;
    try {
      if (isGuarded && looks % LOOK_EVERY == 0 && ports.isGone()) {
        guard();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("what pods may send", e);
    }
  }

  /// The length of the network that the bridge is on: with pods elsewhere it is alone.
  static int bits(AddressRange range, boolean hasPods) {
    return hasPods ? range.prefix() : range.family().bits();
  }

  /// What gives the bridge its addresses, and that of the API.
  ///
  /// @param state words that bring it up, or none
  private List<String> addresses(List<String> before, String state) {
    List<String> lines = new ArrayList<>(before);
    lines.add("link set " + bridge() + " mtu " + mtu + state);
    for (AddressRange each : ranges.all()) {
      lines.add(address(each.address(OWN), bits(each, hasPods)));
    }
    if (!apiAddress.isEmpty()) {
      lines.add(address(apiAddress, AddressFamily.of(apiAddress).bits()));
    }
    return lines;
  }

  private String address(String address, int bits) {
    AddressRange range = AddressRange.parse(address + "/" + bits);
    return "address replace %s/%d dev %s%s".formatted(address, bits, bridge(), unasked(range));
  }

  /// Takes the addresses away that the bridge has of a start that had its pods elsewhere, unless
  /// there are pods yet that need them. Of IPv6, a link has an address once, whatever range it is
  /// of.
  private List<String> withoutFormer() throws IOException {
    @Nullable NetworkInterface found = NetworkInterface.getByName(bridge());
    if (found == null || (!hasPods && hasGiven())) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    for (InterfaceAddress each : found.getInterfaceAddresses()) {
      String address = each.getAddress().getHostAddress().replaceFirst("%.*", "");
      AddressFamily family = AddressFamily.of(address);
      Optional<AddressRange> range = ranges.of(family);
      if (range.isPresent()
          && range.get().address(OWN).equals(family.canonical(address))
          && each.getNetworkPrefixLength() == bits(range.get(), !hasPods)) {
        lines.add(
            "address del %s/%d dev %s".formatted(address, each.getNetworkPrefixLength(), bridge()));
      }
    }
    return lines;
  }

  @Override
  public boolean isOpen() throws IOException {
    return own != null || Links.names().contains(bridge());
  }

  @Override
  public Optional<NetworkNamespace> node() {
    return Optional.ofNullable(links.namespace());
  }

  private Program.Result route(String verb, AddressRange range) throws IOException {
    return Program.run(
        List.of("ip", "route", verb, "unreachable", range.toString(), "metric", "" + id.metric()));
  }

  @Override
  public String ensure(PodPlace place, Optional<Path> users) throws IOException {
    String uid = place.uid();
    if (place.sharing().hostNetwork()) {
      onNode.add(uid);
      return "";
    }
    String address = address(uid);
    Path note = folder.resolve(address);
    boolean there = Files.exists(Path.of("/run/netns", namespace(uid)));
    if (there && isUp(Files.readString(note))) {
      return address;
    }
    long number = ranges.first().number(address);
    String link = ports.name(number);
    links.delete(link);
    if (there) {
      NetworkNamespace.named(namespace(uid)).delete();
    }
    if (users.isPresent()) {
      try (NamespaceHolder holder = NamespaceHolder.within(users.get(), "net")) {
        connect(uid, number, link, "netns attach " + namespace(uid) + " " + holder.pid());
      }
    } else {
      connect(uid, number, link, "netns add " + namespace(uid));
    }
    Files.writeString(note, uid + UP);
    return address;
  }

  /// Leads from the bridge into a pod's namespace.
  ///
  /// @param first the command that gives the namespace its name
  private void connect(String uid, long number, String link, String first) throws IOException {
    String mac = ports.mac(number);
    List<String> lines = new ArrayList<>(List.of(first));
    String inner = " type veth peer name eth0 mtu " + mtu + " address " + mac;
    lines.add("link add " + link + " mtu " + mtu + inner + " netns " + namespace(uid));
    lines.add("link set " + link + " master " + bridge() + " up");
    // Where bridges look at packets as routers do, one that a Service leads back to its sender
    // leaves by the port it came from.
    lines.add("link set " + link + " type bridge_slave hairpin on");
    // Nobody is asked who has these addresses, so nobody else can answer.
    String known = " lladdr " + mac + " dev " + bridge() + " nud permanent";
    ranges.addresses(number).forEach(each -> lines.add("neigh replace " + each + known));
    links.batch(lines);
    if (own == null) {
      LinkSettings.port(link);
    }
    inside(uid, number);
  }

  private static boolean isUp(String note) {
    return note.endsWith(UP) || note.endsWith(ELDER);
  }

  /// Gives the pod its addresses and its way to the machine.
  private void inside(String uid, long number) throws IOException {
    List<String> lines = new ArrayList<>(List.of("link set lo up"));
    for (AddressRange each : ranges.all()) {
      lines.add(
          "address add %s/%d dev eth0%s"
              .formatted(each.address(number), each.family().bits(), unasked(each)));
    }
    lines.add("link set eth0 up");
    for (String each : ranges.addresses(OWN)) {
      lines.add("route add " + each + " dev eth0");
      lines.add("route add default via " + each + " dev eth0");
    }
    String script = LinkSettings.inPod(speaks6()) + "exec ip -batch -";
    Program.Result result =
        Program.run(
            // Not `ip netns exec`, which mounts a /sys for whom it runs.
            List.of("nsenter", "--net=/run/netns/" + namespace(uid), "sh", "-c", script),
            String.join("\n", lines) + "\n");
    if (!result.ok()) {
      throw new IOException("network of pod " + uid + ": " + result.output());
    }
  }

  @Override
  public boolean isOnNode(String uid) {
    return onNode.contains(uid);
  }

  @Override
  public synchronized Optional<String> find(String uid) throws IOException {
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
      String address = ranges.first().address(last);
      if (!taken.contains(address)) {
        Files.writeString(folder.resolve(address), uid);
        return address;
      }
    }
    throw new IOException("all addresses of " + ranges.first() + " are taken");
  }

  /// Whether pods have addresses of it.
  boolean hasGiven() throws IOException {
    return !notes().isEmpty();
  }

  private List<Path> notes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  @Override
  public void remove(String uid) throws IOException {
    onNode.remove(uid);
    // Links take the kernel a while: who makes a pod meanwhile waits for no other one's end.
    Optional<String> address = find(uid);
    if (address.isPresent()) {
      links.delete(ports.name(ranges.first().number(address.get())));
    }
    NetworkNamespace.named(namespace(uid)).delete();
    free(uid);
  }

  private synchronized void free(String uid) throws IOException {
    for (Path file : notes()) {
      if (Files.readString(file).startsWith(uid)) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void removeAll() {
    Closing closing = new Closing();
    closing.step(() -> removeNamespaces(closing));
    if (own != null) {
      closing.step(own::remove);
    } else {
      removeFromMachine(closing);
    }
    closing.step(
        () -> {
          for (Path file : notes()) {
            Files.deleteIfExists(file);
          }
        });
    closing.finish();
  }

  private void removeNamespaces(Closing closing) throws IOException {
    for (String line : Program.must(List.of("ip", "netns", "list")).split("\n")) {
      String name = line.split(" ")[0];
      if (name.startsWith("hv" + id + "-")) {
        closing.step(NetworkNamespace.named(name)::delete);
      }
    }
  }

  private void removeFromMachine(Closing closing) {
    closing.step(
        () -> {
          for (String link : Links.names()) {
            if (link.startsWith(bridge())) {
              closing.step(() -> links.delete(link));
            }
          }
        });
    closing.step(ports::close);
    for (AddressRange range : unreachable) {
      closing.step(() -> route("del", range));
    }
  }
}
