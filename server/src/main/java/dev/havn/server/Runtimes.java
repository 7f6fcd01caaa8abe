// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.MetricsText;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.node.cni.CniNodes;
import dev.havn.node.cni.CniPlaces;
import dev.havn.node.cni.Neighbours;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Images;
import dev.havn.node.image.Reference;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.registry.DockerDaemon;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.CriRuntime;
import dev.havn.node.runtime.NodeId;
import dev.havn.node.runtime.NodeNamespace;
import dev.havn.node.runtime.ProcessRuntime;
import dev.havn.node.runtime.RuncRuntime;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The container runtimes of the nodes, chosen by configuration and by what this machine can do.
final class Runtimes implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Runtimes.class);

  private final Map<String, ContainerRuntime> byNode = new LinkedHashMap<>();
  private final Configuration configuration;
  private final DataDirectory directory;
  private final World world;
  private final Map<String, ImagesOfNode> imagesByNode = new ConcurrentHashMap<>();
  private final @Nullable SharedImages images;
  private final @Nullable SocketRuntime socket;
  private final RuntimeKind kind;
  private final List<String> problems;
  private final NodePlaces places;
  private final KubeletConfiguration kubelet;
  private final int mtu;
  private @Nullable String version;

  private Runtimes(
      Configuration configuration,
      DataDirectory directory,
      World world,
      RuntimeKind kind,
      List<String> problems) {
    this.configuration = configuration;
    this.directory = directory;
    this.world = world;
    this.kind = kind;
    this.problems = problems;
    this.places = new NodePlaces(configuration, problems);
    this.mtu = kind.hasNetwork() ? PodMtu.of(configuration) : PodMtu.USUAL_BYTES;
    this.kubelet = KubeletFile.read(configuration.kubeletFile());
    requireFollowed(kubelet, kind);
    RegistriesFile registries =
        RegistriesFile.read(configuration.registriesFile(), System.getenv());
    Path folder = directory.path().resolve("images");
    boolean isOwn = kind != RuntimeKind.CONTAINERD;
    boolean simulated = kind == RuntimeKind.SIMULATED;
    this.images =
        isOwn ? new SharedImages(folder, kubelet.evictions(), registries, world, simulated) : null;
    this.socket =
        isOwn
            ? null
            : SocketRuntime.open(
                kubelet.runtimeSocket(), folder.resolve("access"), registries, world);
  }

  /// Who names a socket of a runtime expects that one to run the pods.
  private static void requireFollowed(KubeletConfiguration kubelet, RuntimeKind kind) {
    if (kind != RuntimeKind.CONTAINERD && !kubelet.namedSocket().isEmpty()) {
      throw new StartException(
          "%s %s is for the runtime containerd: name it (--runtime containerd) instead of %s, or leave the field out of the kubelet configuration"
              .formatted(
                  KubeletConfiguration.RUNTIME_ENDPOINT,
                  kubelet.namedSocket(),
                  kind.name().toLowerCase(Locale.ROOT)));
    }
  }

  static Runtimes open(Configuration configuration, DataDirectory directory, World world) {
    RuntimeKind kind = RuntimeKind.choose(configuration.runtime());
    boolean asked = configuration.runtime() != Configuration.RuntimeChoice.AUTO;
    if (kind == RuntimeKind.CONTAINERD && configuration.nodes() > 1) {
      throw new StartException(
          "runtime containerd runs the pods of one node, since it has one network: --nodes 1 instead of "
              + configuration.nodes());
    }
    requirePlugged(kind, configuration);
    return new Runtimes(configuration, directory, world, kind, kind.problems(asked));
  }

  /// What CNI's plugins can make the network of.
  private static void requirePlugged(RuntimeKind kind, Configuration configuration) {
    if (configuration.network().plugins() == null) {
      return;
    }
    if (kind == RuntimeKind.CONTAINERD) {
      throw new StartException(
          "cni-conf-dir is for the runtime runc: runtime containerd has pods on Havn's own network, leave the key out");
    }
    if (!kind.isOci()) {
      RuntimeKind runc = RuntimeKind.choose(Configuration.RuntimeChoice.RUNC);
      throw new StartException(
          "cni-conf-dir is for the runtime %s: name it instead of %s, or leave the key out"
              .formatted(
                  runc.name().toLowerCase(Locale.ROOT), kind.name().toLowerCase(Locale.ROOT)));
    }
    if (configuration.nodes() > 1
        && configuration.network().nodes() == NetworkChoice.Nodes.BRIDGE) {
      throw new StartException(
          "with cni-conf-dir several nodes need network namespaces, since plugins make one network in each: leave out node-network: bridge, or --nodes 1 instead of "
              + configuration.nodes());
    }
  }

  ContainerRuntime of(String node, int index) {
    return byNode.computeIfAbsent(node, _ -> create(node, index));
  }

  private ContainerRuntime create(String node, int index) {
    Ranges addresses = configuration.pods().ofNode(index);
    if (kind == RuntimeKind.SIMULATED) {
      return new SimulatedRuntime(world.clock(), world.executor(), addresses.first());
    }
    NodeId id = new NodeId(directory.clusterId(), index);
    Path folder = directory.path().resolve("nodes").resolve(node).resolve(kind.folder());
    List<AddressRange> ranges =
        Stream.of(configuration.pods(), configuration.services())
            .flatMap(each -> each.all().stream())
            .toList();
    String ownApi = index == 0 ? apiAddress() : "";
    if (socket != null) {
      return CriRuntime.open(
          new CriRuntime.Settings(
              socket.client(),
              folder,
              id,
              addresses,
              ranges,
              ownApi,
              mtu,
              kubelet.podProcessesMax(),
              world.clock(),
              world.executor()));
    }
    ImagesOfNode store = imagesOf(node);
    if (kind == RuntimeKind.PROCESS) {
      return ProcessRuntime.open(
          new ProcessRuntime.Settings(
              folder, id, !RuntimeKind.isRoot(), store, world.clock(), world.executor()));
    }
    return places.open(
        id,
        uplink ->
            new RuncRuntime.Settings(
                kind.program(),
                folder,
                id,
                addresses,
                ranges,
                ownApi,
                mtu,
                kubelet.podProcessesMax(),
                uplink,
                store,
                world.clock(),
                world.executor(),
                plugins()));
  }

  private @Nullable CniNodes plugins() {
    @Nullable CniPlaces places = configuration.network().plugins();
    return places == null
        ? null
        : new CniNodes(
            places,
            Neighbours.of(directory.path().resolve("nodes"), directory.clusterId()),
            configuration.nodes() > 1);
  }

  /// Asked for once: who wants to know what is wrong must not wait for a program that hangs.
  synchronized String version() {
    if (version == null) {
      version = byNode.values().stream().findFirst().map(ContainerRuntime::version).orElse("none");
    }
    return version;
  }

  /// How the nodes work.
  KubeletConfiguration kubelet() {
    return kubelet;
  }

  /// Of the Service `kubernetes`.
  String apiAddress() {
    return configuration.services().first().address(1);
  }

  /// Whether pods have a network of their own, in which the API needs an address.
  boolean haveNetwork() {
    return kind.hasNetwork();
  }

  /// Of the first node, at which the API is to be had.
  String nodeAddress() {
    return nodeAddress(0);
  }

  /// The address of a node: that of its pods' bridge, which other machines cannot reach.
  String nodeAddress(int index) {
    AddressRange pods = configuration.pods().first();
    return kind.hasNetwork()
        ? pods.ofNode(index).address(1)
        : pods.family() == AddressFamily.IPV4 ? "127.0.0.1" : "::1";
  }

  /// The largest packet on pods' links, in bytes.
  int mtu() {
    return mtu;
  }

  /// The bridge of a node's pods.
  String nodeLink(int index) {
    return "hv" + new NodeId(directory.clusterId(), index);
  }

  /// The network namespace of a node; none for the machine's.
  Optional<NetworkNamespace> namespace(int index) {
    return places.namespace(index);
  }

  /// The link in such a namespace that leads to the machine.
  String uplink(int index) {
    return NodeNamespace.inner(new NodeId(directory.clusterId(), index));
  }

  /// What a node's doors listen with.
  HttpsDoor.Channels channels(int index) {
    return namespace(index)
        .<HttpsDoor.Channels>map(each -> each::serverSocket)
        .orElse(ServerSocketChannel::open);
  }

  /// The number of the node whose pods have this bridge.
  static int number(String link) {
    return Integer.parseInt(link.substring(link.length() - 2), Character.MAX_RADIX);
  }

  List<String> problems() {
    return problems;
  }

  /// Adds what `havn status` shows of images. The pulls of a runtime of its own are not seen.
  void describe(ObjectNode status) {
    if (images != null) {
      images.describe(status);
    }
  }

  void measure(MetricsText text) {
    if (images != null) {
      images.measure(text);
    }
  }

  /// Those that a node sees.
  Images images(String node) {
    return socket == null ? imagesOf(node) : socket.images();
  }

  private ImagesOfNode imagesOf(String node) {
    SharedImages shared = Objects.requireNonNull(images);
    return imagesByNode.computeIfAbsent(node, _ -> shared.ofNode());
  }

  /// What the command line does with them.
  ImageCommands imageCommands() {
    return new ImageCommands(socket == null ? Objects.requireNonNull(images) : socket);
  }

  /// Brings an image from Docker.
  ///
  /// @param host as `DOCKER_HOST` names it, empty for where Docker usually is
  JsonNode loadFromDocker(String name, String host) {
    Path folder = directory.path().resolve("images");
    try {
      String full = Reference.parse(name).full();
      LOG.info("image {} comes from Docker", full);
      Path file = ImageStore.temporary(folder);
      try {
        DockerDaemon.at(host).save(name, file);
        return imageCommands().load(file);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (Reference.InvalidNameException e) {
      throw new StartException("'" + name + "' is no name of an image: " + e.getMessage(), e);
    } catch (ImageException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new StartException("no file can be made in " + folder + ": " + e.getMessage(), e);
    }
  }

  /// Whether a container is made of an image, by the name that it was started with or by its id.
  boolean isUsed(String image) {
    for (ContainerRuntime runtime : byNode.values()) {
      for (String pod : runtime.pods()) {
        for (ContainerRuntime.Container each : runtime.containers(pod)) {
          boolean same =
              ImageStore.normalise(each.image()).equals(ImageStore.normalise(image))
                  || each.imageId().endsWith(image);
          if (same) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /// Ends all containers and removes what they need outside the data directory.
  void removeAll() {
    Closing closing = new Closing();
    byNode.values().forEach(each -> closing.step(each::removeAll));
    // Volumes in memory are mounts in it.
    closing.step(() -> Mounts.detachBelow(directory.path().resolve("nodes")));
    closing.finish();
  }

  @Override
  public void close() {
    Closing closing = new Closing();
    byNode.values().forEach(each -> closing.step(each::close));
    if (images != null) {
      closing.step(images::close);
    }
    if (socket != null) {
      closing.step(socket::close);
    }
    closing.finish();
  }
}
