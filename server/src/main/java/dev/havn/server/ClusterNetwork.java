// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.MetricsText;
import dev.havn.network.Commands;
import dev.havn.network.ConnectionQuestion;
import dev.havn.network.Network;
import dev.havn.network.NodeNetwork;
import dev.havn.network.dns.NameServer;
import dev.havn.network.dns.Predecessor;
import dev.havn.network.policy.Policies;
import dev.havn.network.service.Place;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.RealTime;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The network of a cluster whose pods have addresses of their own, on a machine that can lead
/// packets; else nothing, and a word about what is missing.
final class ClusterNetwork implements AutoCloseable {
  private static final Path ROUTES = Path.of("/proc/sys/net/ipv4/ip_forward");
  private static final Path ROUTES_6 = Path.of("/proc/sys/net/ipv6/conf/all/forwarding");

  /// There where the kernel can look at what a bridge carries.
  private static final Path BRIDGED = Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables");

  private static final int DNS_NUMBER = 10;

  private final @Nullable Network network;
  private final RealTime answering;
  private final String clusterId;
  private final List<String> problems;
  private final Map<String, String> nodes;

  /// @param answering runs the name server
  /// @param parts what the network has of each family
  private ClusterNetwork(
      @Nullable Network network,
      RealTime answering,
      String clusterId,
      List<String> problems,
      List<Network.Part> parts) {
    this.network = network;
    this.answering = answering;
    this.clusterId = clusterId;
    this.problems = problems;
    this.nodes = new HashMap<>();
    parts.forEach(part -> part.addresses().forEach((name, address) -> nodes.put(address, name)));
  }

  /// @param names of this server's nodes
  static ClusterNetwork open(
      List<String> names,
      Runtimes runtimes,
      Informers informers,
      Configuration configuration,
      DataDirectory directory,
      Api admin,
      World world) {
    List<Place> places = new ArrayList<>();
    List<NodeNetwork> apart = new ArrayList<>();
    for (int i = 0; i < names.size() && runtimes.haveNetwork(); i++) {
      Place place = new Place(names.get(i), runtimes.nodeLink(i), runtimes.nodeAddress(i), "");
      Optional<NetworkNamespace> own = runtimes.namespace(i);
      if (own.isPresent()) {
        apart.add(apart(place, own.get(), runtimes.uplink(i)));
      } else {
        places.add(place);
      }
    }
    String clusterId = directory.clusterId();
    RealTime answering = new RealTime();
    Network.Names dns =
        new Network.Names(
            dnsAddress(runtimes, configuration),
            admin,
            Handover.before(directory.path()),
            world.clock(),
            System::nanoTime,
            world.random(),
            answering);
    Network.@Nullable Underlay underlay =
        HostAddress.of(configuration)
            .filter(_ -> configuration.network().plugins() == null)
            .map(
                host ->
                    new Network.Underlay(host, runtimes.mtu(), HostAddress.overlayId(clusterId)))
            .orElse(null);
    return open(
        places,
        apart,
        runtimes,
        informers,
        configuration,
        clusterId,
        dns,
        answering,
        underlay,
        world);
  }

  private static NodeNetwork apart(Place place, NetworkNamespace namespace, String uplink) {
    return new NodeNetwork(
        place,
        uplink,
        (command, input) -> run(namespace.command(command), input),
        () -> namespace.serverSocket().socket());
  }

  /// Of the only node of a process that has joined a cluster; the cluster's name server and its
  /// load balancers are elsewhere.
  ///
  /// @param clusterId of the node's own data directory
  static ClusterNetwork join(
      Place place,
      Runtimes runtimes,
      Informers informers,
      Configuration configuration,
      String clusterId,
      Network.Underlay underlay,
      World world) {
    RealTime answering = new RealTime();
    Network.Names dns =
        new Network.Names(
            dnsAddress(runtimes, configuration),
            null,
            Predecessor.NONE,
            world.clock(),
            System::nanoTime,
            world.random(),
            answering);
    List<Place> places = List.of(place);
    return open(
        places,
        List.of(),
        runtimes,
        informers,
        configuration,
        clusterId,
        dns,
        answering,
        underlay,
        world);
  }

  private static ClusterNetwork open(
      List<Place> places,
      List<NodeNetwork> apart,
      Runtimes runtimes,
      Informers informers,
      Configuration configuration,
      String clusterId,
      Network.Names dns,
      RealTime answering,
      Network.@Nullable Underlay underlay,
      World world) {
    if (!runtimes.haveNetwork()) {
      return new ClusterNetwork(null, answering, clusterId, List.of(), List.of());
    }
    List<String> missing = Program.missing(Commands.NEEDED);
    if (!missing.isEmpty()) {
      return new ClusterNetwork(
          null,
          answering,
          clusterId,
          List.of(
              "Services do not lead to pods; that needs %s (apt-get install nftables)"
                  .formatted(String.join(", ", missing))),
          List.of());
    }
    List<Network.Part> parts = parts(all(places, apart), configuration);
    Network network =
        new Network(
            new Network.Settings(
                clusterId,
                places,
                apart,
                parts,
                formerBalancers(configuration),
                configuration.network().plugins() != null,
                ClusterNetwork::run,
                dns,
                underlay,
                underlay == null ? HostAddress.overlayId(clusterId) : underlay.id(),
                world.executor()),
            informers);
    List<String> problems = new ArrayList<>(network.open());
    if (configuration.network().plugins() != null && !Files.exists(BRIDGED)) {
      problems.add(
          "Services and policies do not hold between pods that a plugin's bridge joins; that needs br_netfilter (modprobe br_netfilter)");
    }
    return new ClusterNetwork(network, answering, clusterId, problems, parts);
  }

  /// Of the Service `kube-dns`, at its usual place in the range; empty when there will be none.
  static String dnsAddress(Runtimes runtimes, Configuration configuration) {
    boolean leads = runtimes.haveNetwork() && Program.missing(Commands.NEEDED).isEmpty();
    return leads ? configuration.services().first().address(DNS_NUMBER) : "";
  }

  /// Adds to `/metrics` what the cluster's DNS has done.
  void measure(MetricsText text) {
    if (network != null) {
      network.figures().ifPresent(figures -> NameMetrics.write(text, figures));
    }
  }

  /// Whether one may connect to another; see [ControlCommands].
  JsonNode why(JsonNode question, Api admin, KubernetesSerialization serialization) {
    String namespace = question.path("namespace").asText();
    List<NetworkPolicy> tried = new ArrayList<>();
    String file = question.path("file").asText("");
    try {
      if (!file.isEmpty()) {
        NetworkPolicy policy =
            serialization.unmarshal("---\n" + Files.readString(Path.of(file)), NetworkPolicy.class);
        if (policy.getMetadata().getNamespace() == null) {
          policy.getMetadata().setNamespace(namespace);
        }
        tried.add(policy);
      }
      Policies.Verdict verdict =
          new ConnectionQuestion(
                  question.path("from").asText(),
                  question.path("to").asText(),
                  question.path("protocol").asText("tcp"),
                  question.path("port").asInt(),
                  namespace,
                  tried)
              .answer(admin, nodes);
      return Api.object()
          .put("allowed", verdict.allowed())
          .put("verdict", verdict.allowed() ? "allowed" : "denied")
          .put("reason", verdict.reason());
    } catch (IllegalArgumentException | IOException | KubernetesClientException e) {
      throw new StartException("the question cannot be answered: " + e.getMessage(), e);
    }
  }

  private static List<AddressRange> formerBalancers(Configuration configuration) {
    return configuration.network().formerBalancers().stream()
        .flatMap(each -> Ranges.parse(each).all().stream())
        .toList();
  }

  private static List<Place> all(List<Place> places, List<NodeNetwork> apart) {
    return Stream.concat(places.stream(), apart.stream().map(NodeNetwork::place)).toList();
  }

  private static List<Network.Part> parts(List<Place> places, Configuration configuration) {
    List<Network.Part> parts = new ArrayList<>();
    Ranges balancers = BalancerRanges.of(configuration);
    for (AddressRange pods : configuration.pods().all()) {
      Map<String, String> addresses = new HashMap<>();
      for (Place each : places) {
        boolean isItsOwn = AddressFamily.of(each.address()) == pods.family();
        String bridge = pods.ofNode(Runtimes.number(each.link())).address(1);
        addresses.put(each.node(), isItsOwn ? each.address() : bridge);
      }
      parts.add(
          new Network.Part(
              addresses,
              pods,
              configuration.services().of(pods.family()).orElseThrow(),
              balancers.of(pods.family()).orElseThrow(),
              routes(pods.family() == AddressFamily.IPV4 ? ROUTES : ROUTES_6)));
    }
    return parts;
  }

  private static boolean routes(Path file) {
    try {
      return Files.exists(file) && Files.readString(file).strip().equals("1");
    } catch (IOException e) {
      throw new StartException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static Commands.Output run(List<String> command, String input) throws IOException {
    Program.Result result = Program.run(command, input);
    return new Commands.Output(result.status(), result.output());
  }

  /// What waits to be made; nothing without a network.
  List<Controller.Counts> counts() {
    return network == null ? List.of() : network.counts();
  }

  List<String> problems() {
    return network == null
        ? problems
        : Stream.concat(problems.stream(), network.problems().stream()).toList();
  }

  /// Whether the cluster's DNS answers, or will not.
  boolean hasNames() {
    return network == null || network.hasNames();
  }

  /// Ends, and leaves the kernel's tables and the name server as they are for the next server.
  ///
  /// @return the name server, empty when there is none
  Optional<Handover> leave() {
    Optional<NameServer> names = network == null ? Optional.empty() : network.leave();
    if (names.isEmpty()) {
      answering.shutdown();
    }
    return names.map(each -> new Handover(each, answering));
  }

  /// Removes what a cluster has left in the kernel's tables.
  ///
  /// @return whether there was anything
  static boolean remove(String clusterId) throws IOException {
    return RuntimeKind.isRoot()
        && Program.missing(Commands.NEEDED).isEmpty()
        && Network.remove(clusterId, ClusterNetwork::run);
  }

  @Override
  public void close() {
    Closing closing = new Closing();
    closing.step(() -> leave().ifPresent(Handover::close));
    if (network != null) {
      // Else the kernel's tables are made again.
      closing.step(() -> EndOfWork.await("rules", List.of(network.ended())));
      closing.step(this::removeRules);
    }
    closing.finish();
  }

  private void removeRules() {
    try {
      remove(clusterId);
    } catch (IOException e) {
      throw new StartException(
          "the rules of cluster " + clusterId + " cannot be removed: " + e.getMessage(), e);
    }
  }
}
