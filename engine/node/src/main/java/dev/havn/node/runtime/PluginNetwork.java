// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.cni.CniException;
import dev.havn.node.cni.CniNetwork;
import dev.havn.node.cni.CniPlaces;
import dev.havn.node.cni.Sandbox;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The network of pods that the machine's plugins make. The node's bridge is there all the same: at
/// its address are the node's doors, node ports and the API, and pods that were on it before
/// plugins were configured stay there.
///
/// @param machine the node's own
/// @param plugins theirs
/// @param isConfigured whether new pods get theirs
/// @param checked uids of pods whose network was found as it had been made
record PluginNetwork(
    PodNetwork machine, CniNetwork plugins, boolean isConfigured, Set<String> checked)
    implements SandboxNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(PluginNetwork.class);

  /// As long as any program that a pod waits for.
  private static final Duration PLUGIN_TIME_MAX = Duration.ofSeconds(60);

  /// As containerd says it and a kubelet shows it.
  private static final String NOT_READY =
      "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: ";

  PluginNetwork(PodNetwork machine, CniNetwork plugins, boolean isConfigured) {
    this(machine, plugins, isConfigured, ConcurrentHashMap.newKeySet());
  }

  /// Of a node. What plugins have made is theirs also after none are configured any more.
  static SandboxNetwork of(RuncRuntime.Settings settings) throws IOException {
    @Nullable CniPlaces places = settings.plugins();
    PodNetwork own =
        new PodNetwork(
            settings.folder().resolve("addresses"),
            settings.id(),
            settings.addresses(),
            settings.unreachable(),
            settings.apiAddress(),
            places == null,
            settings.uplink());
    Path notes = settings.folder().resolve("cni");
    if (places == null && !Files.exists(notes)) {
      return own;
    }
    CniPlaces from = places == null ? new CniPlaces(notes, List.of()) : places;
    return new PluginNetwork(own, new CniNetwork(notes, from, PLUGIN_TIME_MAX), places != null);
  }

  @Override
  public void open() throws IOException {
    machine.open();
    if (isConfigured) {
      plugins.collect();
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
    List<String> known = plugins.find(uid);
    if (!known.isEmpty() && Files.exists(namespace)) {
      check(uid);
      return known.getFirst();
    }
    if (!isConfigured || machine.find(uid).isPresent()) {
      return machine.ensure(place, users);
    }
    requireReady();
    remove(uid);
    makeNamespace(uid, users);
    Sandbox sandbox =
        new Sandbox(
            uid,
            namespace,
            place.namespace(),
            place.name(),
            place.wishes().ports(),
            place.wishes().annotations());
    try {
      String address = plugins.attach(sandbox).getFirst();
      checked.add(uid);
      return address;
    } catch (CniException e) {
      throw new IOException(
          "rpc error: code = Unknown desc = failed to setup network for sandbox \"%s\": %s"
              .formatted(uid, e.getMessage()),
          e);
    }
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
    List<String> known = plugins.find(uid);
    return known.isEmpty() ? machine.find(uid) : Optional.of(known.getFirst());
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
    machine.remove(uid);
  }

  @Override
  public void removeAll() throws IOException {
    plugins.detachAll();
    machine.removeAll();
  }

  @Override
  public void look() {
    machine.look();
  }

  @Override
  public List<String> problems() {
    return isConfigured ? plugins.problem().map(NOT_READY::concat).stream().toList() : List.of();
  }
}
