// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.ingress.proxy.Limits;
import dev.havn.ingress.proxy.Proxy;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import dev.havn.ingress.rules.IngressRules;
import dev.havn.ingress.rules.Observed;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// Serves Ingresses. Made when the first one is there: until then nothing listens and nothing is
/// watched.
public final class Ingresses implements AutoCloseable {
  private static final Reconciler.Key ALL = new Reconciler.Key("", "table");
  private static final String OWNER = "ingress";
  private static final String NAMESPACE = "kube-system";
  private static final String SERVICE = "havn-ingress";
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;
  private static final Duration UNTIL_SYNCED = Duration.ofMillis(20);
  private static final Duration UNTIL_REOPENED = Duration.ofSeconds(30);
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  private final Api api;
  private final Proxy proxy;
  private final Doors doors;
  private final Entrances entrances;
  private final Events events;
  private final Informer<Ingress> ingresses;
  private final Informer<IngressClass> classes;
  private final Informer<Service> services;
  private final Informer<EndpointSlice> slices;
  private final Index<EndpointSlice> slicesOfService;
  private final Informer<Secret> secrets;
  private final @Nullable ClusterAddresses addresses;
  private final Controller controller;
  private final Set<Said> said = new HashSet<>();

  private record Said(Reconciler.Key key, IngressRules.Problem problem) {}

  /// @param api that may write statuses, events and, where the exposure is balanced, Services
  public record Settings(
      Exposure exposure, Api api, InstantSource clock, ScheduledExecutorService executor) {}

  public Ingresses(Settings settings, Informers informers) {
    this.api = settings.api();
    this.proxy = new Proxy(Limits.USUAL);
    this.doors = new Doors(proxy, settings.exposure());
    this.events = new Events(api, "havn-ingress", "", settings.clock());
    this.ingresses = informers.of(Ingress.class);
    this.classes = informers.of(IngressClass.class);
    this.services = informers.of(Service.class);
    this.slices = informers.of(EndpointSlice.class);
    this.slicesOfService = slices.index("service", Ingresses::service);
    this.secrets = informers.of(Secret.class, "&fieldSelector=type%3Dkubernetes.io%2Ftls");
    this.addresses =
        settings.exposure() instanceof Exposure.Balanced ? new ClusterAddresses(informers) : null;
    this.entrances = new Entrances(settings.exposure(), services, slices, api);
    this.controller = new Controller("ingress", new WholeTable(), settings.executor(), 1);
    ingresses.onChange((_, _) -> controller.add(ALL));
    classes.onChange((_, _) -> controller.add(ALL));
    services.onChange((_, _) -> controller.add(ALL));
    slices.onChange((_, _) -> controller.add(ALL));
    secrets.onChange((_, _) -> controller.add(ALL));
    if (addresses != null) {
      addresses.onChange(() -> controller.add(ALL));
    }
    controller.add(ALL);
  }

  private static List<String> service(EndpointSlice slice) {
    @Nullable Map<String, String> labels = slice.getMetadata().getLabels();
    return labels == null || !labels.containsKey(SERVICE_NAME)
        ? List.of()
        : List.of(slice.getMetadata().getNamespace() + "/" + labels.get(SERVICE_NAME));
  }

  private boolean haveSynced() {
    return ingresses.hasSynced()
        && classes.hasSynced()
        && services.hasSynced()
        && slices.hasSynced()
        && secrets.hasSynced()
        && (addresses == null || addresses.hasSynced());
  }

  private final class Caches implements Observed {
    private final @Nullable Reach reach = addresses == null ? null : addresses.reach();

    /// Without a network of its own the cluster's pods are processes of the machine.
    @Override
    public boolean mayReach(String namespace, String address) {
      return reach == null || reach.allows(namespace, address);
    }

    @Override
    public @Nullable Service service(String namespace, String name) {
      return services.get(namespace, name);
    }

    @Override
    public Collection<EndpointSlice> slices(String namespace, String service) {
      return slicesOfService.list(namespace + "/" + service);
    }

    @Override
    public @Nullable Secret secret(String namespace, String name) {
      return secrets.get(namespace, name);
    }
  }

  private final class WholeTable implements Reconciler {
    @Override
    public Result reconcile(Key key) {
      if (!haveSynced()) {
        return Result.after(UNTIL_SYNCED);
      }
      IngressRules.Plan plan = IngressRules.of(ingresses.list(), classes.list(), new Caches());
      doors.show(new RoutingTable(doorsOf(plan)));
      Entrances.@Nullable Entrance entrance =
          entrances.of(new Entrances.Wanted(NAMESPACE, SERVICE, _ -> {}), doors.of(OWNER));
      tell(plan);
      show(plan, entrance);
      return doors.failures().isEmpty() ? Result.DONE : Result.after(UNTIL_REOPENED);
    }
  }

  private static List<Door> doorsOf(IngressRules.Plan plan) {
    List<Door> all = new ArrayList<>();
    if (!plan.ours().isEmpty()) {
      HostMap<RoutingTable.Site> sites = new HostMap<>(Map.of("", plan.site()), true);
      all.add(new Door(new DoorId(OWNER, HTTP_PORT), false, new HostMap<>(Map.of(), true), sites));
      if (!plan.identities().byName().isEmpty()) {
        all.add(new Door(new DoorId(OWNER, HTTPS_PORT), true, plan.identities(), sites));
      }
    }
    return all;
  }

  /// Each problem once, and again when it had gone.
  private void tell(IngressRules.Plan plan) {
    Set<Said> now = new HashSet<>();
    plan.problems().forEach((key, all) -> all.forEach(problem -> now.add(new Said(key, problem))));
    said.retainAll(now);
    for (Said each : now) {
      @Nullable Ingress about = ingresses.get(each.key().namespace(), each.key().name());
      if (about != null && said.add(each)) {
        events.warning(about, each.problem().reason(), each.problem().message());
      }
    }
  }

  private void show(IngressRules.Plan plan, Entrances.@Nullable Entrance entrance) {
    if (entrance == null) {
      return;
    }
    Set<Reconciler.Key> ours = new HashSet<>();
    ObjectNode wanted = status(entrance);
    for (Ingress each : plan.ours()) {
      ours.add(Informer.keyOf(each));
      bring(each, wanted);
    }
    for (Ingress other : ingresses.list()) {
      if (!ours.contains(Informer.keyOf(other)) && has(other, wanted)) {
        bring(other, Api.object().set("loadBalancer", Api.object()));
      }
    }
  }

  private boolean has(Ingress ingress, ObjectNode wanted) {
    return ingress.getStatus() != null
        && api.toTree(ingress.getStatus()).path("loadBalancer").equals(wanted.path("loadBalancer"));
  }

  private void bring(Ingress ingress, ObjectNode wanted) {
    if (!has(ingress, wanted)) {
      api.updateStatus(ingress, wanted);
    }
  }

  private static ObjectNode status(Entrances.Entrance entrance) {
    ObjectNode status = Api.object();
    ObjectNode place =
        status
            .putObject("loadBalancer")
            .putArray("ingress")
            .addObject()
            .put("ip", entrance.address());
    ArrayNode ports = place.putArray("ports");
    entrance
        .ports()
        .values()
        .forEach(port -> ports.addObject().put("port", port).put("protocol", "TCP"));
    return status;
  }

  public Proxy.Figures figures() {
    return proxy.figures();
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  @Override
  public void close() {
    controller.close();
    proxy.close();
  }
}
