// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.kernel.Program;
import dev.havn.node.protocol.cri.Cri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The network of pods that a CRI runtime makes: the runtime asks CNI's plugin `bridge` to put them
/// on the node's bridge, by a configuration that is made here, and `host-local` for addresses. Then
/// each pod's address is made one of a network of its own, as `PodNetwork` says why.
final class CriNetwork {
  /// The plugins it needs.
  private static final List<String> PLUGINS = List.of("bridge", "host-local", "loopback");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "10-havn-";
  private static final String SUFFIX = ".conflist";
  private static final Path FOLDER = Path.of("/etc/cni/net.d");
  private static final String CONFIGURATION = "cniconfig";

  private final CriClient client;
  private final PodNetwork bridge;
  private final String id;
  private final Ranges ranges;
  private final Path addresses;

  /// @param bridge that pods are put on
  /// @param ranges of the pods' addresses
  /// @param addresses folder of those that are taken
  CriNetwork(CriClient client, PodNetwork bridge, NodeId id, Ranges ranges, Path addresses) {
    this.client = client;
    this.bridge = bridge;
    this.id = id.toString();
    this.ranges = ranges;
    this.addresses = addresses;
  }

  private String name() {
    return "havn-" + id;
  }

  /// Makes the bridge, and waits until the runtime uses it.
  void open() throws IOException {
    bridge.open();
    JsonNode known = info(client, CONFIGURATION);
    Path folder = folder(known);
    requirePlugins(known);
    Files.createDirectories(folder);
    requireFirst(folder);
    Path fresh = folder.resolve(PREFIX + id + ".new");
    Files.writeString(fresh, configuration().toPrettyString());
    Files.move(fresh, file(folder), StandardCopyOption.ATOMIC_MOVE);
    for (int look = 0; !isUsed(); look++) {
      if (look == Pause.LOOKS_MAX) {
        throw new IOException(
            "the runtime does not take the network %s: restart it, and look at its log"
                .formatted(file(folder)));
      }
      Pause.brief();
    }
  }

  private static Path folder(JsonNode known) {
    String folder = known.path("PluginConfDir").asText("");
    return folder.isEmpty() ? FOLDER : Path.of(folder);
  }

  private Path file(Path folder) {
    return folder.resolve(PREFIX + id + SUFFIX);
  }

  private static void requirePlugins(JsonNode known) throws IOException {
    List<Path> folders = new ArrayList<>();
    known.path("PluginDirs").forEach(each -> folders.add(Path.of(each.asText())));
    List<String> missing =
        PLUGINS.stream()
            .filter(name -> folders.stream().noneMatch(in -> Files.isExecutable(in.resolve(name))))
            .toList();
    if (!folders.isEmpty() && !missing.isEmpty()) {
      throw new IOException(
          "the runtime looks for the CNI plugins %s in %s, where they are not: apt-get install containernetworking-plugins (which puts them into /usr/lib/cni), or set bin_dir in the runtime's configuration"
              .formatted(
                  String.join(", ", missing),
                  folders.stream().map(Path::toString).collect(Collectors.joining(", "))));
    }
  }

  /// A runtime takes the first network alone.
  private void requireFirst(Path folder) throws IOException {
    String own = PREFIX + id + SUFFIX;
    try (Stream<Path> files = Files.list(folder)) {
      List<String> others =
          files
              .map(each -> String.valueOf(each.getFileName()))
              .filter(each -> each.matches(".*\\.(conf|conflist|json)") && !each.equals(own))
              .filter(each -> each.compareTo(own) < 0 || each.startsWith(PREFIX))
              .sorted()
              .toList();
      if (!others.isEmpty()) {
        throw new IOException(
            "%s has the network %s, which another has made, and a runtime has one only: %s"
                .formatted(
                    folder,
                    String.join(", ", others),
                    others.getFirst().startsWith(PREFIX)
                        ? "stop the other cluster (havn down with its --data-dir)"
                        : "move it away, or give Havn a runtime of its own, with another conf_dir"));
      }
    }
  }

  private ObjectNode configuration() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("cniVersion", "0.4.0").put("name", name());
    ObjectNode plugin = root.putArray("plugins").addObject();
    plugin.put("type", "bridge").put("bridge", "hv" + id).put("hairpinMode", true);
    plugin.put("mtu", bridge.mtu());
    plugin.put("isGateway", false).put("ipMasq", false);
    ObjectNode ipam = plugin.putObject("ipam").put("type", "host-local");
    ipam.put("dataDir", addresses.toString());
    ObjectNode range = ipam.putArray("ranges").addArray().addObject();
    AddressRange own = ranges.first();
    range.put("subnet", own.toString()).put("gateway", own.address(PodNetwork.OWN));
    range.put("rangeStart", own.address(PodNetwork.FIRST));
    range.put("rangeEnd", own.address(PodNetwork.LAST));
    return root;
  }

  private boolean isUsed() throws IOException {
    JsonNode known = info(client, CONFIGURATION);
    if (known.isEmpty()) {
      // Others than containerd do not tell which network they have.
      return isReady();
    }
    for (JsonNode each : known.path("Networks")) {
      if (each.path("Config").path("Name").asText().equals(name())) {
        return true;
      }
    }
    return false;
  }

  private boolean isReady() {
    Cri.StatusResponse status =
        client.ask(stub -> stub.status(Cri.StatusRequest.getDefaultInstance()));
    return status.getStatus().getConditionsList().stream()
        .anyMatch(each -> each.getType().equals("NetworkReady") && each.getStatus());
  }

  /// A part of what a runtime says of itself; empty when it does not.
  static JsonNode info(CriClient client, String part) throws IOException {
    Map<String, String> info =
        client
            .ask(stub -> stub.status(Cri.StatusRequest.newBuilder().setVerbose(true).build()))
            .getInfoMap();
    return json(info.getOrDefault(part, "{}"));
  }

  static JsonNode json(String text) throws IOException {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException("what the runtime tells is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /// Gives a pod its address on a network of its own, and the one of the other family with the same
  /// number: `host-local` chooses those by themselves. May be done again, also when it was cut off.
  ///
  /// @param namespace path of the pod's network namespace
  void place(String namespace, String address) throws IOException {
    AddressRange own = ranges.first();
    if (!own.contains(address)) {
      return;
    }
    String enter = "--net=" + namespace;
    String speaks = LinkSettings.inPod(ranges.has(AddressFamily.IPV6));
    String has =
        Program.must(
            List.of("nsenter", enter, "sh", "-c", speaks + "exec ip -o address show dev eth0"));
    String given = address + "/" + own.prefix();
    List<String> lines = new ArrayList<>();
    if (has.contains(" " + given + " ")) {
      // Of IPv6, a link has an address once, whatever range it is of.
      lines.add("address del " + given + " dev eth0");
    }
    for (AddressRange each : ranges.all()) {
      lines.add(
          "address replace %s/%d dev eth0%s"
              .formatted(
                  each.address(own.number(address)),
                  each.family().bits(),
                  PodNetwork.unasked(each)));
    }
    for (String each : ranges.addresses(PodNetwork.OWN)) {
      lines.add("route replace " + each + " dev eth0");
      lines.add("route replace default via " + each + " dev eth0");
    }
    Program.Result result =
        Program.run(
            List.of("nsenter", enter, "ip", "-batch", "-"), String.join("\n", lines) + "\n");
    if (!result.ok()) {
      throw new IOException("network of " + address + ": " + result.output());
    }
  }

  boolean isOpen() throws IOException {
    return bridge.isOpen();
  }

  /// Removes everything of this node; its pods are gone.
  void removeAll() throws IOException {
    Path folder = FOLDER;
    try {
      folder = folder(info(client, CONFIGURATION));
    } catch (CriException gone) {
      throw new IOException(
          "the runtime does not say where its networks are: " + gone.getMessage(), gone);
    } finally {
      bridge.removeAll();
    }
    Files.deleteIfExists(file(folder));
    Program.must(List.of("rm", "-rf", "--one-file-system", addresses.toString()));
  }
}
