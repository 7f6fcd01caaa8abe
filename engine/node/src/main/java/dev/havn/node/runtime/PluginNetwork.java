// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressFamily;
import dev.havn.node.cni.CniException;
import dev.havn.node.cni.CniNetwork;
import dev.havn.node.cni.CniNodes;
import dev.havn.node.cni.CniPlaces;
import dev.havn.node.cni.Neighbours;
import dev.havn.node.cni.Sandbox;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The network of pods that the machine's plugins make. The node's bridge is there all the same: at
/// its address are the node's doors, node ports and the API, and pods that were on it before
/// plugins were configured stay there.
///
/// Threads: any, one at a time for each pod.
final class PluginNetwork implements SandboxNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(PluginNetwork.class);

  /// As long as any program that a pod waits for.
  private static final Duration PLUGIN_TIME_MAX = Duration.ofSeconds(60);

  /// As containerd says it and a kubelet shows it.
  private static final String NOT_READY =
      "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: ";

  /// The node's own.
  private final PodNetwork machine;

  private final CniNetwork plugins;

  /// What new pods get their networks from, null for the node's own.
  private final @Nullable CniNodes nodes;

  private final NodeId id;

  /// Of the node's own address, as a kubelet orders those of pods.
  private final AddressFamily family;

  /// Uids of pods whose network was found as it had been made.
  private final Set<String> checked = ConcurrentHashMap.newKeySet();

  /// All addresses of pods, by the first one.
  private final Map<String, List<String>> addresses = new ConcurrentHashMap<>();

  private PluginNetwork(RuncRuntime.Settings settings, PodNetwork machine, CniNetwork plugins) {
    this.machine = machine;
    this.plugins = plugins;
    this.nodes = settings.plugins();
    this.id = settings.id();
    this.family = settings.addresses().first().family();
  }

  /// Of a node. What plugins have made is theirs also after none are configured any more.
  static SandboxNetwork of(RuncRuntime.Settings settings) throws IOException {
    @Nullable CniNodes nodes = settings.plugins();
    PodNetwork own =
        new PodNetwork(
            settings.folder().resolve("addresses"),
            settings.id(),
            settings.addresses(),
            settings.unreachable(),
            settings.apiAddress(),
            settings.mtu(),
            nodes == null,
            settings.uplink());
    Path notes = settings.folder().resolve(Neighbours.NOTES);
    if (nodes == null && !Files.exists(notes)) {
      return own;
    }
    CniPlaces places = nodes == null ? new CniPlaces(notes, List.of()) : nodes.places();
    CniNetwork plugins =
        new CniNetwork(
            new CniNetwork.Settings(
                notes,
                places,
                PLUGIN_TIME_MAX,
                own.node().orElse(null),
                settings.addresses(),
                nodes != null && nodes.several()));
    return new PluginNetwork(settings, own, plugins);
  }

  @Override
  public void open() throws IOException {
    if (nodes != null && nodes.several() && machine.hasGiven()) {
      throw new IOException(
          "pods of this node are on Havn's own network, which has the addresses that plugins are to give: end them first (havn down)");
    }
    machine.open();
    if (nodes != null) {
      plugins.collect(nodes.neighbours());
    }
  }

  @Override
  public boolean isOpen() throws IOException {
    return machine.isOpen() || plugins.isUsed();
  }

  @Override
  public String ensure(PodPlace place, Optional<Path> users) throws IOException {
    if (place.sharing().hostNetwork()) {
      return machine.ensure(place, users);
    }
    String uid = place.uid();
    Path namespace = Path.of("/run/netns", namespace(uid));
    List<String> known = ordered(plugins.find(uid));
    if (!known.isEmpty() && Files.exists(namespace)) {
      check(uid);
      addresses.put(known.getFirst(), known);
      return known.getFirst();
    }
    if (nodes == null || machine.find(uid).isPresent()) {
      return machine.ensure(place, users);
    }
    requireReady();
    remove(uid);
    makeNamespace(uid, users);
    Sandbox sandbox =
        new Sandbox(
            uid,
            namespace,
            "/" + id.cgroup(uid),
            place.namespace(),
            place.name(),
            place.wishes().ports(),
            place.wishes().annotations(),
            place.wishes().dns().get());
    try {
      List<String> given = ordered(plugins.attach(sandbox));
      checked.add(uid);
      addresses.put(given.getFirst(), given);
      return given.getFirst();
    } catch (CniException e) {
      throw new IOException(
          "rpc error: code = Unknown desc = failed to setup network for sandbox \"%s\": %s"
              .formatted(uid, e.getMessage()),
          e);
    }
  }

  /// One of each family, as a kubelet has it: that of the node's own address first.
  private List<String> ordered(List<String> all) {
    return Stream.of(family, family.other())
        .flatMap(of -> all.stream().filter(each -> AddressFamily.of(each) == of).limit(1))
        .toList();
  }

  private void makeNamespace(String uid, Optional<Path> users) throws IOException {
    if (users.isPresent()) {
      try (NamespaceHolder holder = NamespaceHolder.within(users.get(), "net")) {
        Program.must(List.of("ip", "netns", "attach", namespace(uid), "" + holder.pid()));
      }
    } else {
      Program.must(List.of("ip", "netns", "add", namespace(uid)));
    }
    Program.must(List.of("ip", "-n", namespace(uid), "link", "set", "lo", "up"));
  }

  private void requireReady() {
    List<String> problems = problems();
    if (!problems.isEmpty()) {
      throw new StartException(
          "NetworkNotReady", "network is not ready: " + problems.getFirst(), null);
    }
  }

  /// Once for each pod that another process has made.
  private void check(String uid) {
    if (checked.add(uid)) {
      try {
        plugins.check(uid);
      } catch (IOException e) {
        LOG.warn("the network of pod {} is not as it was made: {}", uid, e.getMessage());
      }
    }
  }

  @Override
  public Optional<String> find(String uid) throws IOException {
    List<String> known = ordered(plugins.find(uid));
    return known.isEmpty() ? machine.find(uid) : Optional.of(known.getFirst());
  }

  @Override
  public List<String> reported(String address) {
    return addresses.getOrDefault(address, List.of());
  }

  @Override
  public Optional<NetworkNamespace> node() {
    return machine.node();
  }

  @Override
  public boolean isOnNode(String uid) {
    return machine.isOnNode(uid);
  }

  @Override
  public String namespace(String uid) {
    return machine.namespace(uid);
  }

  /// Plugins take away what is in the namespace before it goes.
  @Override
  public void remove(String uid) throws IOException {
    List<String> known = ordered(plugins.find(uid));
    try {
      plugins.detach(uid);
    } catch (CniException e) {
      String why =
          "rpc error: code = Unknown desc = failed to destroy network for sandbox \"%s\": %s"
              .formatted(uid, e.getMessage());
      throw new StartException(
          "FailedKillPod",
          "error killing pod: failed to \"KillPodSandbox\" for \"%s\" with KillPodSandboxError: \"%s\""
              .formatted(uid, why.replace("\"", "\\\"")),
          e);
    }
    checked.remove(uid);
    if (!known.isEmpty()) {
      addresses.remove(known.getFirst(), known);
    }
    machine.remove(uid);
  }

  @Override
  public void removeAll() {
    Closing closing = new Closing();
    closing.step(plugins::detachAll);
    closing.step(machine::removeAll);
    closing.finish();
  }

  @Override
  public void look() {
    machine.look();
  }

  @Override
  public List<String> problems() {
    return nodes == null ? List.of() : plugins.problem().map(NOT_READY::concat).stream().toList();
  }
}
