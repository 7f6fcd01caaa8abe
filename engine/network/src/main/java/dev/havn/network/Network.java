// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.network.dns.ClusterNames;
import dev.havn.network.dns.NameServer;
import dev.havn.network.dns.Predecessor;
import dev.havn.network.policy.PolicyPod;
import dev.havn.network.rules.Family;
import dev.havn.network.service.Place;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The network of the nodes of this machine. What changes in the cluster marks the objects it
/// concerns; a single worker computes the rules of those that are marked and gives the kernel the
/// difference.
///
/// The rules stay when this is closed, so that connections go on while no Havn runs; [#remove]
/// takes them away.
public final class Network implements AutoCloseable {
  private static final Reconciler.Key DNS = new Reconciler.Key("kube-system", "kube-dns");
  static final Reconciler.Key ALL = new Reconciler.Key("", "rules");
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);

  /// After an outage rules are tried again so soon.
  private static final Duration AGAIN_MAX = Duration.ofSeconds(30);

  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);
  private static final String ZONE = "topology.kubernetes.io/zone";

  private final Settings settings;
  private final Informer<Service> services;
  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Informer<EndpointSlice> slices;
  private final ServiceEndpoints endpoints = new ServiceEndpoints();
  private final Set<Mark> marked = ConcurrentHashMap.newKeySet();
  private final List<List<FamilyTable>> tables;
  private final List<HealthDoors> doors = new ArrayList<>();
  private final PolicyWatch policies;
  private final Controller controller;
  private final @Nullable Controller balancers;
  private final @Nullable Overlay overlay;
  private final Informers informers;
  private volatile @Nullable ClusterNames names;
  private List<Place> places;

  /// The worker begins with the first object that is heard of, while this is still being made.
  private volatile boolean complete;

  /// @param nodes of this machine that share its network namespace, the first one at least, with
  ///   their addresses of the cluster's own family; zones are read from labels
  /// @param apart other nodes of this machine
  /// @param parts what there is of each family, the cluster's own first
  /// @param formerBalancers ranges that load balancers no longer have
  /// @param plugged whether plugins make the links of pods and lead host ports to them
  /// @param underlay how nodes of other machines are reached, null for not at all
  /// @param tunnel what marks the cluster's packets between machines, see [Underlay]
  public record Settings(
      String clusterId,
      List<Place> nodes,
      List<NodeNetwork> apart,
      List<Part> parts,
      List<AddressRange> formerBalancers,
      boolean plugged,
      Commands commands,
      Names names,
      @Nullable Underlay underlay,
      int tunnel,
      ScheduledExecutorService executor) {

    List<Place> allNodes() {
      return Stream.concat(nodes.stream(), apart.stream().map(NodeNetwork::place)).toList();
    }
  }

  /// What a cluster has of one family of addresses.
  ///
  /// @param addresses of this machine's nodes, by their names
  /// @param pods the addresses of all pods
  /// @param balancers the addresses of load balancers
  /// @param routes whether the machine routes packets for others by itself
  public record Part(
      Map<String, String> addresses,
      AddressRange pods,
      AddressRange services,
      AddressRange balancers,
      boolean routes) {
    /// What this machine leads elsewhere.
    List<AddressRange> local() {
      return List.of(services, balancers);
    }
  }

  /// The network that joins this machine with those of other nodes.
  ///
  /// @param address of this machine on it
  /// @param mtu of pods' packets that are wrapped to go there, in bytes
  /// @param id of the cluster in packets between machines (RFC 7348), the same for all of them
  public record Underlay(String address, int mtu, int id) {}

  /// @param address of the Service `kube-dns`
  /// @param api that may make this Service and its endpoints, and give Services addresses of load
  ///   balancers; null where another machine does so
  /// @param nanos a clock for durations, of any beginning
  /// @param answering runs the name server, also when the rest has ended
  public record Names(
      String address,
      @Nullable Api api,
      Predecessor predecessor,
      InstantSource clock,
      LongSupplier nanos,
      RandomGenerator random,
      ScheduledExecutorService answering) {}

  public Network(Settings settings, Informers informers) {
    this.settings = settings;
    this.informers = informers;
    this.places = settings.allNodes();
    this.services = informers.of(Service.class);
    this.pods = informers.podOutlines();
    this.nodes = informers.of(Node.class);
    this.slices = informers.of(EndpointSlice.class);
    this.controller =
        new Controller(
            "network",
            new WholeTable(),
            settings.names().clock(),
            settings.executor(),
            1,
            AGAIN_MAX);
    // Nothing is looked at before all is known, and then at once.
    for (Informer<?> each :
        List.of(
            services,
            pods,
            nodes,
            slices,
            informers.of(NetworkPolicy.class),
            informers.of(Namespace.class))) {
      controller.awaits(each::whenSynced);
    }
    this.balancers = balancers(settings);
    this.overlay = overlay(settings);
    services.onChange((before, after) -> mark(Mark.Kind.SERVICE, before, after));
    pods.onChange((before, after) -> mark(Mark.Kind.POD, before, after));
    endpoints.follow(slices, this::haveChanged);
    this.policies = new PolicyWatch(informers, this::mark);
    this.tables = tables(settings);
    nodes.onChange((_, _) -> controller.add(ALL));
    this.complete = true;
    controller.add(ALL);
  }

  /// Those of each network namespace.
  private List<List<FamilyTable>> tables(Settings given) {
    NetworkTables made = new NetworkTables(given, services, pods, nodes, endpoints);
    List<List<FamilyTable>> all = new ArrayList<>();
    all.add(made.ofMachine(policies, openDoors(ServerSocket::new)));
    for (NodeNetwork each : given.apart()) {
      // What its book holds of policies is its own; what changes is told once.
      all.add(made.of(each, new PolicyWatch(informers, _ -> {}), openDoors(each.doors())));
    }
    return List.copyOf(all);
  }

  private HealthDoors openDoors(NodeNetwork.Doors sockets) {
    HealthDoors made = new HealthDoors(settings.executor(), sockets);
    doors.add(made);
    return made;
  }

  private @Nullable Controller balancers(Settings given) {
    @Nullable Api api = given.names().api();
    if (api == null) {
      return null;
    }
    InstantSource clock = given.names().clock();
    Balancers giving =
        new Balancers(
            services,
            api,
            new Events(api, Balancers.COMPONENT, "", clock),
            given.parts().stream().map(Part::balancers).toList(),
            given.formerBalancers());
    Controller made = new Controller("load-balancers", giving, clock, given.executor(), 1);
    services.onChange((before, after) -> giving.concerned(before, after).forEach(made::add));
    return made;
  }

  private static @Nullable Overlay overlay(Settings given) {
    @Nullable Underlay underlay = given.underlay();
    return underlay == null
        ? null
        : new Overlay(
            given.clusterId(),
            underlay,
            given.allNodes().stream().map(Place::node).toList(),
            new Ranges(given.parts().stream().map(Part::pods).toList()),
            given.commands());
  }

  /// Lets packets pass between the bridges of the cluster, and only there: the machine does not
  /// begin to route for others. Packets to Services that this machine sends take the first node's
  /// bridge, so that there is a route on which they can be led elsewhere.
  ///
  /// @return what is wrong, for the user
  public List<String> open() {
    List<String> problems = new ArrayList<>();
    for (Place place : settings.allNodes()) {
      Path folder = Path.of("/proc/sys/net/ipv4/conf", place.link());
      try {
        Files.writeString(folder.resolve("forwarding"), "1");
        Files.writeString(folder.resolve("route_localnet"), "1");
      } catch (IOException e) {
        problems.add("pods do not reach each other nor Services: " + e.getMessage());
      }
      if (settings.parts().stream().anyMatch(each -> each.pods().family() == AddressFamily.IPV6)) {
        openSecond(place.link(), problems);
      }
    }
    leadServices(settings.commands(), settings.nodes().getFirst(), problems);
    settings.apart().forEach(each -> leadServices(each.commands(), each.place(), problems));
    @Nullable Api api = settings.names().api();
    if (api != null) {
      ClusterNames made = names(api);
      names = made;
      made.start();
    }
    return problems;
  }

  private List<AddressRange> local() {
    return settings.parts().stream().flatMap(each -> each.local().stream()).toList();
  }

  private void leadServices(Commands commands, Place first, List<String> problems) {
    for (AddressRange range : local()) {
      String problem = "node " + first.node() + " does not reach Services itself: ";
      try {
        Commands.Output output =
            commands.run(
                List.of("ip", "route", "replace", range.toString(), "dev", first.link()), "");
        if (!output.ok()) {
          problems.add(problem + output.output());
        }
      } catch (IOException e) {
        problems.add(problem + e.getMessage());
      }
    }
  }

  /// Links that forward on their own are younger than other machines' kernels (Linux 6.17).
  private static void openSecond(String link, List<String> problems) {
    Path folder = Path.of("/proc/sys/net/ipv6/conf");
    Path own = folder.resolve(link).resolve("force_forwarding");
    try {
      if (Files.exists(own)) {
        Files.writeString(own, "1");
      } else if (!Files.readString(folder.resolve("all/forwarding")).strip().equals("1")) {
        problems.add(
            "pods do not reach each other nor Services by IPv6; that needs Linux 6.17, or a machine that forwards IPv6: sysctl -w net.ipv6.conf.all.forwarding=1");
      }
    } catch (IOException e) {
      problems.add("pods do not reach each other nor Services by IPv6: " + e.getMessage());
    }
  }

  private ClusterNames names(Api api) {
    Place first = settings.nodes().getFirst();
    List<AddressRange> own = new ArrayList<>(local());
    settings.parts().forEach(each -> own.add(each.pods()));
    return new ClusterNames(
        new ClusterNames.Settings(
            settings.clusterId(),
            first.address(),
            settings.names().address(),
            first.node(),
            address -> own.stream().anyMatch(each -> each.contains(address)),
            endpoints::of,
            settings.names().predecessor(),
            () -> mark(new Mark(Mark.Kind.POLICIES, ALL)),
            settings.names().clock(),
            settings.names().nanos(),
            settings.names().random(),
            settings.executor(),
            settings.names().answering()),
        informers,
        api);
  }

  /// What waits to be made.
  public List<Controller.Counts> counts() {
    List<Controller.Counts> counts = new ArrayList<>(List.of(controller.counts()));
    Optional.ofNullable(balancers).map(Controller::counts).ifPresent(counts::add);
    Optional.ofNullable(names).map(ClusterNames::counts).ifPresent(counts::add);
    return counts;
  }

  /// Whether the cluster's DNS answers, or will not.
  public boolean hasNames() {
    @Nullable ClusterNames known = names;
    return known == null || known.port() > 0 || !known.problem().isEmpty();
  }

  /// What is wrong with the cluster's DNS, for the user.
  public List<String> problems() {
    @Nullable ClusterNames known = names;
    return known == null ? List.of() : known.problems();
  }

  /// What the cluster's DNS has done, empty when there is none.
  public Optional<ClusterNames.Figures> figures() {
    return Optional.ofNullable(names).map(ClusterNames::figures);
  }

  private void haveChanged(Reconciler.Key service) {
    mark(new Mark(Mark.Kind.SERVICE, service));
    if (service.equals(DNS)) {
      mark(new Mark(Mark.Kind.POLICIES, ALL));
    }
    @Nullable ClusterNames known = names;
    if (known != null) {
      known.changed(service);
    }
  }

  private void mark(Mark.Kind kind, @Nullable HasMetadata before, @Nullable HasMetadata after) {
    @Nullable HasMetadata object = after == null ? before : after;
    if (object != null) {
      mark(new Mark(kind, Informer.keyOf(object)));
    }
  }

  private void mark(Mark mark) {
    boolean unused = marked.add(mark); // it may still be there of a round that failed
    controller.add(ALL);
  }

  private boolean haveSynced() {
    return complete
        && services.hasSynced()
        && pods.hasSynced()
        && nodes.hasSynced()
        && slices.hasSynced()
        && policies.haveSynced();
  }

  private final class WholeTable implements Reconciler {
    @Override
    public Result reconcile(Key key) {
      if (!haveSynced()) {
        return Result.after(UNTIL_SYNCED);
      }
      placesAsLabelled();
      Set<Mark> now = new HashSet<>(marked);
      marked.removeAll(now);
      try {
        bring(now);
      } catch (RuntimeException e) {
        marked.addAll(now);
        throw e;
      }
      if (overlay != null) {
        overlay.bring(nodes.list());
      }
      return Result.after(LOOK_EVERY);
    }
  }

  /// Services look different from a node that came into another zone.
  private void placesAsLabelled() {
    List<Place> labelled =
        settings.allNodes().stream()
            .map(each -> new Place(each.node(), each.link(), each.address(), zone(each.node())))
            .toList();
    if (!labelled.equals(places)) {
      places = labelled;
      services
          .list()
          .forEach(each -> marked.add(new Mark(Mark.Kind.SERVICE, Informer.keyOf(each))));
    }
  }

  private String zone(String name) {
    @Nullable Node node = nodes.get("", name);
    return node == null ? "" : zone(node);
  }

  /// Empty for a node without one.
  static String zone(Node node) {
    return node.getMetadata().getLabels() == null
        ? ""
        : node.getMetadata().getLabels().getOrDefault(ZONE, "");
  }

  /// Namespaces do not wait for each other, all for the slowest.
  private void bring(Set<Mark> now) {
    @Nullable PolicyPod nameServer = nameServer();
    List<Place> nodesNow = places;
    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (List<FamilyTable> each : tables.subList(1, tables.size())) {
      others.add(
          CompletableFuture.runAsync(
              () -> each.forEach(table -> table.bring(now, nodesNow, nameServer)),
              settings.executor()));
    }
    try {
      tables.getFirst().forEach(table -> table.bring(now, nodesNow, nameServer));
    } finally {
      CompletableFuture.allOf(others.toArray(CompletableFuture[]::new)).join();
    }
  }

  private @Nullable PolicyPod nameServer() {
    @Nullable ClusterNames open = names;
    return open == null || open.port() == 0
        ? PolicyWatch.nameServer(endpoints.of(DNS))
        : PolicyWatch.nameServer(settings.nodes().getFirst().address(), open.port());
  }

  /// Takes the rules of a cluster away.
  ///
  /// @return whether there were any
  public static boolean remove(String clusterId, Commands commands) throws IOException {
    boolean linked = Overlay.remove(clusterId, commands);
    Commands.Output output = commands.run(Commands.TABLES, "");
    boolean ruled = false;
    for (Family family : Family.values()) {
      String table = family.word() + " havn-" + clusterId;
      if (output.ok() && output.output().contains("table " + table + " {")) {
        Commands.Output deleted = commands.run(List.of("nft", "delete", "table " + table), "");
        if (!deleted.ok()) {
          throw new IOException("nft: " + deleted.output());
        }
        ruled = true;
      }
    }
    return linked || ruled;
  }

  /// Ends, but for the name server, which goes on with what it knows.
  ///
  /// @return the name server, which whoever asks closes; empty when there is none
  public Optional<NameServer> leave() {
    controller.close();
    if (balancers != null) {
      balancers.close();
    }
    doors.forEach(HealthDoors::close);
    return Optional.ofNullable(names).flatMap(ClusterNames::leave);
  }

  /// Is complete once nobody changes the kernel's tables any more, after [#leave()].
  public CompletableFuture<Void> ended() {
    return controller.ended();
  }

  @Override
  public void close() {
    leave().ifPresent(NameServer::close);
  }
}
