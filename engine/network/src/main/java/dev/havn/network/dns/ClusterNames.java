// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The cluster's DNS: a name server in this process, and the Service `kube-dns` that leads to it. A
/// `kube-dns` with a selector is somebody's own, and is left to them.
public final class ClusterNames implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterNames.class);
  private static final String ZONE = "cluster.local";
  private static final String NAMESPACE = "kube-system";
  private static final String NAME = "kube-dns";
  private static final Reconciler.Key SERVICE = new Reconciler.Key(NAMESPACE, NAME);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);
  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);
  private static final int PORT = 53;

  private final Settings settings;
  private final Api api;
  private final Informer<Service> services;
  private final Informer<ConfigMap> configuration;
  private final ClusterZone zone;
  private final Resolver resolver;
  private final Controller controller;
  private final NameServer server;
  private volatile Upstreams upstreams;

  /// @param address of this machine at which it listens
  /// @param serviceAddress of the Service `kube-dns`
  /// @param node at which it is
  /// @param isOwnAddress whether an address is one of pods or Services
  /// @param endpoints of a Service
  public record Settings(
      String clusterId,
      String address,
      String serviceAddress,
      String node,
      Predicate<String> isOwnAddress,
      Function<Reconciler.Key, Collection<EndpointSlice>> endpoints,
      InstantSource clock,
      RandomGenerator random,
      ScheduledExecutorService executor) {}

  /// @throws IOException when it cannot listen
  public ClusterNames(Settings settings, Informers informers, Api api) throws IOException {
    this.settings = settings;
    this.api = api;
    this.services = informers.of(Service.class);
    Informer<Namespace> namespaces = informers.of(Namespace.class);
    this.configuration =
        informers.of(
            ConfigMap.class,
            "&fieldSelector=metadata.namespace%3D" + NAMESPACE + "%2Cmetadata.name%3D" + NAME);
    this.upstreams = upstreams(null);
    this.zone =
        new ClusterZone(ZONE, name -> namespaces.get("", name) != null, settings.isOwnAddress());
    this.resolver =
        new Resolver(
            zone,
            new AnswerCache(settings.clock()),
            new Forwarder(settings.random()),
            () -> upstreams);
    this.server = open();
    this.controller = new Controller("dns", this::keep, settings.clock(), settings.executor(), 1);
    services.onChange((before, after) -> look(after == null ? before : after));
    configuration.onChange((_, after) -> upstreams = upstreams(after));
    controller.add(SERVICE);
  }

  /// At another port when something of the machine has the usual one: whoever asks the Service does
  /// not see it.
  private NameServer open() throws IOException {
    try {
      return NameServer.open(settings.address(), PORT, resolver, settings.executor());
    } catch (IOException taken) {
      LOG.info("port {} of {} is taken, another is used", PORT, settings.address());
      return NameServer.open(settings.address(), 0, resolver, settings.executor());
    }
  }

  private Upstreams upstreams(@Nullable ConfigMap map) {
    return StubDomains.read(
        map == null || map.getData() == null ? Map.of() : map.getData(),
        Path.of("/etc/resolv.conf"),
        Set.of(settings.address(), settings.serviceAddress()));
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
    if (!services.hasSynced()) {
      return Reconciler.Result.after(UNTIL_SYNCED);
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
    ObjectNode wanted = slice(slice, service);
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
    ports.addObject().put("name", "dns").put("port", PORT).put("protocol", "UDP");
    ports.addObject().put("name", "dns-tcp").put("port", PORT).put("protocol", "TCP");
    return service;
  }

  private ObjectNode slice(String name, Service service) {
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
    ports.addObject().put("name", "dns").put("port", server.port()).put("protocol", "UDP");
    ports.addObject().put("name", "dns-tcp").put("port", server.port()).put("protocol", "TCP");
    return slice;
  }

  /// What the name server has done.
  ///
  /// @param unknown answers that there is no such name
  /// @param remembered answers that were known from another time
  /// @param kept answers that are remembered now
  public record Figures(
      long requests, long unknown, long failures, long remembered, long forwarded, int kept) {}

  /// At which it listens.
  public int port() {
    return server.port();
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  public Figures figures() {
    Resolver.Counters counters = resolver.counters();
    return new Figures(
        counters.requests.sum(),
        counters.unknownNames.sum(),
        counters.failures.sum(),
        counters.remembered.sum(),
        counters.forwarded.sum(),
        resolver.remembered());
  }

  @Override
  public void close() {
    controller.close();
    server.close();
  }
}
