// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.apiserver.ApiServer;
import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.http.DoorLimits;
import dev.havn.apiserver.http.HttpsDoor;
import dev.havn.apiserver.streaming.PodSessions;
import dev.havn.network.Network;
import dev.havn.network.service.Place;
import dev.havn.node.Node;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.stats.Counters;
import dev.havn.node.stats.NodeStats;
import dev.havn.node.stats.PodDiskMeter;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Closing;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import dev.havn.server.NodeCertificates.Purpose;
import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The parts of a node in a process of its own, made one after another as the cluster allows: what
/// is made stays when a later step has to be tried again. The same parts as those of the nodes of a
/// server, with the API over HTTPS.
final class JoinedNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JoinedNode.class);
  private static final String SETTINGS = "/api/v1/namespaces/kube-system/configmaps/havn-network";
  private static final int DOOR_PORT = 10_250;

  private final JoinRequest request;
  private final DataDirectory directory;
  private final NodeFile file;
  private final NodeCertificates certificates;
  private final Api api;
  private final World world;
  private final SecureRandom random;
  private final PodSessions sessions;
  private final NodeAdapter connection;
  private volatile @Nullable Works works;
  private @Nullable HttpsDoor door;
  private @Nullable RenewedCertificate shown;
  private boolean started;
  private boolean closed;

  /// What is there once the addresses of the node's pods are known.
  private record Works(
      Runtimes runtimes,
      Node node,
      Informers informers,
      ClusterNetwork network,
      KubeletPages pages) {}

  JoinedNode(
      JoinRequest request,
      DataDirectory directory,
      NodeFile file,
      NodeCertificates certificates,
      Api api,
      World world,
      SecureRandom random) {
    this.request = request;
    this.directory = directory;
    this.file = file;
    this.certificates = certificates;
    this.api = api;
    this.world = world;
    this.random = random;
    this.connection = new NodeAdapter(world.clock());
    this.sessions = new PodSessions(connection, world.executor());
  }

  /// Goes as far as it comes.
  ///
  /// @return whether the node works; else this is to be called again
  synchronized boolean begin() throws IOException {
    if (closed) {
      return false;
    }
    Works made = works;
    if (made == null) {
      Optional<Ranges> ranges = register();
      if (ranges.isEmpty()) {
        return false;
      }
      made = make(ranges.get(), api.get(SETTINGS).path("data"));
      works = made;
    }
    if (!started) {
      made.node().start();
      started = true;
    }
    if (door == null) {
      openDoor(made);
    }
    return true;
  }

  /// The addresses of the node's pods, none when the cluster has given it none yet.
  private Optional<Ranges> register() {
    String path = "/api/v1/nodes/" + file.name();
    Optional<JsonNode> known = api.find(path);
    if (known.isEmpty()) {
      ObjectNode node = Api.object().put("kind", "Node").put("apiVersion", "v1");
      node.putObject("metadata").put("name", file.name());
      node.putObject("spec");
      api.create("/api/v1/nodes", node.toString());
      return Optional.empty();
    }
    List<AddressRange> ranges = new ArrayList<>();
    known
        .get()
        .path("spec")
        .path("podCIDRs")
        .forEach(each -> ranges.add(AddressRange.parse(each.asText())));
    return ranges.isEmpty() ? Optional.empty() : Optional.of(new Ranges(ranges));
  }

  private Configuration configuration(JsonNode settings) {
    return new Configuration(
        directory.path(),
        file.address(),
        0,
        null,
        1,
        request.runtime(),
        StoreChoice.FILE,
        settings.path("service-range").asText(),
        settings.path("pod-range").asText(),
        ConcurrencyLimits.STANDARD,
        ApiFiles.NONE,
        ControllerChoice.USUAL,
        Configuration.Leading.OFF,
        null,
        request.registriesFile(),
        null,
        new NetworkChoice(
            null,
            settings.path(BalancerRanges.NAME).asText(),
            List.of(),
            NetworkChoice.Nodes.NAMESPACE,
            PodMtu.said(settings.path(PodMtu.NAME).asText(""))));
  }

  private void requireFree(Configuration configuration) {
    boolean hasNetwork = RuntimeKind.choose(request.runtime()).hasNetwork();
    Optional<Route> other =
        AddressRanges.inTheWay(
            new AddressRanges.Kept(configuration.pods(), configuration.services()).all(),
            directory.clusterId(),
            Route.all());
    if (hasNetwork && other.isPresent()) {
      throw new StartException(
          "the cluster's addresses %s and %s are used on this machine by %s: stop what uses them, or name other ranges at the server"
              .formatted(configuration.podRange(), configuration.serviceRange(), other.get()));
    }
  }

  private Works make(Ranges ranges, JsonNode settings) throws IOException {
    Configuration configuration = configuration(settings);
    requireFree(configuration);
    AddressRanges.note(
        directory.path().resolve(AddressRanges.FILE),
        new AddressRanges.Kept(configuration.pods(), configuration.services()),
        configuration.network());
    int index = configuration.pods().first().indexOf(ranges.first());
    Runtimes runtimes = Runtimes.open(configuration, directory, world);
    // By this name, which ends in its number, what is left of it is found again.
    String folder = "node-" + index;
    ContainerRuntime runtime = runtimes.of(folder, index);
    connection.add(file.name(), file.address(), runtime);
    UsageMeter meter = new UsageMeter(runtime, world.clock());
    Node.Settings node =
        new Node.Settings(
            file.name(),
            file.address(),
            file.address(),
            ApiServer.VERSION,
            ranges,
            runtime,
            meter,
            directory.path().resolve("nodes").resolve(folder).resolve("pods"),
            ClusterNetwork.dnsAddress(runtimes, configuration),
            runtimes.images(folder),
            KubeletConfiguration.STANDARD,
            world.clock(),
            world.executor());
    Informers informers = new Informers(api, world.executor());
    BoundPods pods = BoundPods.watched(informers, file.name());
    ClusterNetwork network =
        ClusterNetwork.join(
            new Place(file.name(), runtimes.nodeLink(index), file.address(), ""),
            runtimes,
            informers,
            configuration,
            directory.clusterId(),
            new Network.Underlay(
                file.address(), runtimes.mtu(), settings.path("overlay-id").asInt()),
            world);
    Node made = new Node(node, api, pods, new Events.Memory());
    KubeletPages pages = pages(runtime, meter, made);
    connection.add(pages);
    return new Works(runtimes, made, informers, network, pages);
  }

  private KubeletPages pages(ContainerRuntime runtime, UsageMeter meter, Node node) {
    return new KubeletPages(
        file.name(),
        api,
        new NodeStats(
            file.name(),
            runtime,
            meter,
            Counters.ofMachine(runtime, null),
            node.probes(),
            node.ownUsers(),
            node::volumes,
            new PodDiskMeter(runtime, node::measured, world.clock(), world.executor()),
            directory.path(),
            world.clock()),
        sessions,
        connection,
        world.clock().instant());
  }

  private void openDoor(Works made) throws IOException {
    Optional<Authority.Identity> known = certificates.read(Purpose.SERVING);
    Authority.Identity identity =
        known.isPresent() && !certificates.isDue(known.get()) ? known.get() : newServing();
    X509Certificate authority = certificates.authority();
    KubeletDoor handler =
        new KubeletDoor(
            file.name(),
            new ReviewedAccess(
                api,
                new ClientCertificates(List.of(authority), world.clock()),
                Duration.ZERO,
                world.clock()),
            made.pages());
    HttpsDoor open = null;
    for (int port : List.of(DOOR_PORT, 0)) {
      try {
        open =
            HttpsDoor.open(
                file.address(),
                port,
                identity(identity),
                handler,
                new HttpsDoor.Surroundings(world.executor(), random, DoorLimits.standard()));
        break;
      } catch (IOException taken) {
        LOG.info("port {} of {} is not to be had: {}", port, file.address(), taken.getMessage());
      }
    }
    if (open == null) {
      throw new IOException("no port of " + file.address() + " is free for the node's own API");
    }
    door = open;
    shown =
        new RenewedCertificate(
            certificates, Purpose.SERVING, file.name(), file.address(), identity);
    made.node().listensAt(open.port());
  }

  private HttpsDoor.Identity identity(Authority.Identity identity) throws IOException {
    return new HttpsDoor.Identity(
        identity.keys().getPrivate(),
        List.of(identity.certificate()),
        List.of(certificates.authority()));
  }

  private Authority.Identity newServing() throws IOException {
    return certificates.request(api, Purpose.SERVING, file.name(), file.address());
  }

  /// Shows another certificate when the one that is shown is near its end.
  synchronized void renew() throws IOException {
    RenewedCertificate serving = shown;
    HttpsDoor open = door;
    if (!closed && open != null && serving != null) {
      serving.renew(api, next -> open.show(identity(next)));
    }
  }

  Optional<Runtimes> runtimes() {
    return Optional.ofNullable(works).map(Works::runtimes);
  }

  /// Adds what `havn status` shows.
  void describe(ObjectNode status) {
    Works made = works;
    ArrayNode problems = status.putArray("problems");
    if (made == null) {
      return;
    }
    status.put("runtime", made.runtimes().version());
    made.runtimes().describe(status);
    made.runtimes().problems().forEach(problems::add);
    made.network().problems().forEach(problems::add);
  }

  @Override
  public synchronized void close() {
    closed = true;
    Closing closing = new Closing();
    if (door != null) {
      closing.step(door::close);
    }
    Works made = works;
    if (made != null) {
      closing.step(made.node()::close);
      closing.step(made.informers()::close);
      closing.step(() -> EndOfWork.await("pods", List.of(made.node().ended())));
      closing.step(made.network()::close);
      closing.step(made.runtimes()::removeAll);
      closing.step(made.runtimes()::close);
    }
    closing.step(sessions::close);
    closing.finish();
  }
}
