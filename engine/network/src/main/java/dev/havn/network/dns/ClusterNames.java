// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Histogram;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The cluster's DNS: a name server in this process, and the Service `kube-dns` that leads to it. A
/// `kube-dns` with a selector is somebody's own, and is left to them.
///
/// The name server listens once all Services and endpoints are known: until then it would deny
/// names that are there. One of the server before this one answers as long ([Predecessor]).
public final class ClusterNames implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNames.class);
  private static final String ZONE = "cluster.local";
  private static final String NAMESPACE = "kube-system";
  private static final String NAME = "kube-dns";
  private static final Reconciler.Key SERVICE = new Reconciler.Key(NAMESPACE, NAME);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);

  private final Settings settings;
  private final Api api;
  private final Informer<Service> services;
  private final Informer<Namespace> namespaces;
  private final Informer<EndpointSlice> slices;
  private final Informer<ConfigMap> configuration;
  private final ClusterZone zone;
  private final Resolver resolver;
  private final Controller controller;
  private volatile @Nullable NameServer server;
  private volatile String problem = "";
  private volatile StubDomains stubs;
  private volatile Upstreams upstreams;
  private boolean closed;

  /// @param address of this machine at which it listens
  /// @param serviceAddress of the Service `kube-dns`
  /// @param node at which it is
  /// @param isOwnAddress whether an address is one of pods or Services
  /// @param endpoints of a Service
  /// @param opened is told when the name server listens
  /// @param nanos a clock for durations, of any beginning
  /// @param answering runs the name server, also when `executor` has ended
  public record Settings(
      String clusterId,
      String address,
      String serviceAddress,
      String node,
      Predicate<String> isOwnAddress,
      Function<Reconciler.Key, Collection<EndpointSlice>> endpoints,
      Predecessor predecessor,
      Runnable opened,
      InstantSource clock,
      LongSupplier nanos,
      RandomGenerator random,
      ScheduledExecutorService executor,
      ScheduledExecutorService answering) {}

  public ClusterNames(Settings settings, Informers informers, Api api) {
    this.settings = settings;
    this.api = api;
    this.services = informers.of(Service.class);
    this.namespaces = informers.of(Namespace.class);
    this.slices = informers.of(EndpointSlice.class);
    this.configuration =
        informers.of(
            ConfigMap.class,
            "&fieldSelector=metadata.namespace%3D" + NAMESPACE + "%2Cmetadata.name%3D" + NAME);
    this.stubs = stubs(null);
    this.upstreams = upstreams(stubs);
    this.zone =
        new ClusterZone(ZONE, name -> namespaces.get("", name) != null, settings.isOwnAddress());
    Traffic traffic = new Traffic(settings.nanos());
    this.resolver =
        new Resolver(
            zone,
            new AnswerCache(settings.clock()),
            new Forwarder(settings.random(), traffic),
            () -> upstreams,
            traffic);
    this.controller = new Controller("dns", this::keep, settings.clock(), settings.executor(), 1);
    for (Informer<?> each : List.of(services, namespaces, slices, configuration)) {
      controller.awaits(each::whenSynced);
    }
  }

  /// Begins to follow the cluster, once whoever knows endpoints tells of their changes.
  public void start() {
    services.onChange((before, after) -> look(after == null ? before : after));
    configuration.onChange((_, after) -> configure(after));
    controller.add(SERVICE);
  }

  /// @return whether there is a name server
  private synchronized boolean haveOpened() {
    if (server != null || closed) {
      return server != null;
    }
    try {
      server = open();
      problem = "";
      settings.opened().run();
      return true;
    } catch (IOException e) {
      problem = "pods do not find Services by name: " + e.getMessage();
      LOG.warn("{}", problem);
      return false;
    }
  }

  private NameServer open() throws IOException {
    int port = 0;
    try {
      port = settings.predecessor().letIn();
    } catch (IOException e) {
      LOG.info("the name server of the server before this one does not answer: {}", e.getMessage());
    }
    if (port > 0) {
      try {
        NameServer beside =
            NameServer.beside(settings.address(), port, resolver, settings.answering());
        settings.predecessor().relieve();
        return beside;
      } catch (IOException e) {
        LOG.info("port {} of {} is not handed over: {}", port, settings.address(), e.getMessage());
        settings.predecessor().relieve();
      }
    }
    return NameServer.open(settings.address(), resolver, settings.answering());
  }

  private void configure(@Nullable ConfigMap map) {
    StubDomains given = stubs(map);
    if (!given.problems().equals(stubs.problems())) {
      given.problems().forEach(each -> LOG.warn("{}", each));
    }
    stubs = given;
    upstreams = upstreams(given);
  }

  private StubDomains stubs(@Nullable ConfigMap map) {
    return StubDomains.read(
        map == null || map.getData() == null ? Map.of() : map.getData(), ownAddresses());
  }

  private Upstreams upstreams(StubDomains given) {
    return given.upstreams(Path.of("/etc/resolv.conf"), ownAddresses());
  }

  private Set<String> ownAddresses() {
    return Set.of(settings.address(), settings.serviceAddress());
  }

  private void look(@Nullable Service service) {
    if (service != null) {
      changed(Informer.keyOf(service));
    }
  }

  /// Takes what is known of a Service and its endpoints now.
  public void changed(Reconciler.Key key) {
    @Nullable Service service = services.get(key.namespace(), key.name());
    zone.set(
        key.namespace(),
        key.name(),
        service == null ? null : ServiceRecords.of(service, settings.endpoints().apply(key), ZONE));
    if (key.equals(SERVICE)) {
      controller.add(SERVICE);
    }
  }

  private Reconciler.Result keep(Reconciler.Key key) {
    @Nullable NameServer open = haveOpened() ? server : null;
    if (open == null) {
      return Reconciler.Result.after(LOOK_EVERY);
    }
    @Nullable Service service = services.get(NAMESPACE, NAME);
    String slice = NAME + "-" + settings.clusterId();
    String path = Api.path(EndpointSlice.class, NAMESPACE, "");
    if (service == null) {
      if (api.find(Api.path(Service.class, NAMESPACE, NAME)).isEmpty()) {
        api.create(Api.path(Service.class, NAMESPACE, ""), service().toString());
      }
      return Reconciler.Result.after(LOOK_EVERY);
    }
    boolean isTheirs =
        service.getSpec().getSelector() != null && !service.getSpec().getSelector().isEmpty();
    if (isTheirs) {
      if (api.find(path + "/" + slice).isPresent()) {
        api.delete(path + "/" + slice, Api.object());
      }
      return Reconciler.Result.after(LOOK_EVERY);
    }
    ObjectNode wanted = slice(slice, service, open.port());
    JsonNode there = api.find(path + "/" + slice).orElse(Api.object());
    if (there.isEmpty()) {
      api.create(path, wanted.toString());
    } else if (!there.path("ports").equals(wanted.path("ports"))
        || !there.path("endpoints").equals(wanted.path("endpoints"))) {
      api.merge(path + "/" + slice, wanted);
    }
    return Reconciler.Result.after(LOOK_EVERY);
  }

  private ObjectNode service() {
    ObjectNode service = Api.object().put("kind", "Service").put("apiVersion", "v1");
    ObjectNode metadata = service.putObject("metadata").put("name", NAME);
    metadata
        .putObject("labels")
        .put("k8s-app", NAME)
        .put("kubernetes.io/cluster-service", "true")
        .put("kubernetes.io/name", "CoreDNS");
    ObjectNode spec = service.putObject("spec").put("clusterIP", settings.serviceAddress());
    var ports = spec.putArray("ports");
    ports.addObject().put("name", "dns").put("port", NameServer.PORT).put("protocol", "UDP");
    ports.addObject().put("name", "dns-tcp").put("port", NameServer.PORT).put("protocol", "TCP");
    return service;
  }

  private ObjectNode slice(String name, Service service, int port) {
    ObjectNode slice = Api.object().put("kind", "EndpointSlice");
    slice.put("apiVersion", "discovery.k8s.io/v1");
    slice.put("addressType", AddressFamily.of(settings.address()).toString());
    ObjectNode metadata = slice.putObject("metadata").put("name", name);
    metadata
        .putObject("labels")
        .put("kubernetes.io/service-name", NAME)
        .put("endpointslice.kubernetes.io/managed-by", "havn");
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Service")
        .put("name", NAME)
        .put("uid", service.getMetadata().getUid());
    ObjectNode endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(settings.address());
    endpoint
        .putObject("conditions")
        .put("ready", true)
        .put("serving", true)
        .put("terminating", false);
    endpoint.put("nodeName", settings.node());
    var ports = slice.putArray("ports");
    ports.addObject().put("name", "dns").put("port", port).put("protocol", "UDP");
    ports.addObject().put("name", "dns-tcp").put("port", port).put("protocol", "TCP");
    return slice;
  }

  /// What the name server has done.
  ///
  /// @param requests by protocol, family of the client's address, and type
  /// @param responses by code
  /// @param durations of questions until their answer
  public record Figures(
      List<Count> requests,
      List<Count> responses,
      Histogram.Counts durations,
      Remembered remembered,
      Forwarded forwarded) {}

  /// How many there were of a kind.
  ///
  /// @param labels such as `rcode="NOERROR"`
  public record Count(String labels, long number) {}

  /// What is known from answers of others.
  ///
  /// @param hits questions that such an answer was known of
  /// @param denials of which it was known that there is nothing
  /// @param misses questions of names of others that nothing was known of
  /// @param answers that are kept now
  /// @param kept answers that there is nothing, kept now
  public record Remembered(long hits, long denials, long misses, int answers, int kept) {}

  /// Questions that other name servers were asked.
  ///
  /// @param rejected questions that found no room
  public record Forwarded(List<Told> answers, long rejected) {}

  /// What another name server has answered with a code.
  ///
  /// @param server its address and port, `other` for those that are too many to be told apart
  public record Told(String server, String code, Histogram.Counts durations) {}

  /// At which it listens, 0 as long as it does not.
  public int port() {
    @Nullable NameServer open = server;
    return open == null ? 0 : open.port();
  }

  /// Why it does not listen, empty when it does or has not tried yet.
  public String problem() {
    return problem;
  }

  /// What is wrong, also with what it is told to ask others.
  public List<String> problems() {
    String own = problem;
    return own.isEmpty()
        ? stubs.problems()
        : Stream.concat(Stream.of(own), stubs.problems().stream()).toList();
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  public Figures figures() {
    return resolver.figures();
  }

  /// Ends, but for the name server, which goes on with what it knows.
  ///
  /// @return the name server, which whoever asks closes; empty when there is none
  public synchronized Optional<NameServer> leave() {
    closed = true;
    controller.close();
    return Optional.ofNullable(server);
  }

  @Override
  public void close() {
    leave().ifPresent(NameServer::close);
  }
}
