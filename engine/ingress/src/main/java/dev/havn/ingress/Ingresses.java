// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.routing.RoutingTable.DoorId;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.rules.IngressRules;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  private final Api api;
  private final Doors doors;
  private final Entrances entrances;
  private final Events events;
  private final Informer<Ingress> ingresses;
  private final Informer<IngressClass> classes;
  private final Caches caches;
  private final Controller controller;
  private final Set<Said> said = new HashSet<>();

  private record Said(Reconciler.Key key, IngressRules.Problem problem) {}

  public Ingresses(Settings settings, Informers informers, DataPlane plane) {
    this.api = settings.api();
    this.doors = plane.doors();
    this.events = new Events(api, "havn-ingress", "", settings.clock());
    this.ingresses = informers.of(Ingress.class);
    this.classes = informers.of(IngressClass.class);
    this.caches = new Caches(informers, settings.exposure());
    this.entrances = new Entrances(settings.exposure(), caches.services(), caches.slices(), api);
    this.controller =
        new Controller("ingress", new WholeTable(), settings.clock(), settings.executor(), 1);
    ingresses.onChange((_, _) -> controller.add(ALL));
    classes.onChange((_, _) -> controller.add(ALL));
    caches.onChange(() -> controller.add(ALL));
    controller.add(ALL);
  }

  private boolean haveSynced() {
    return ingresses.hasSynced() && classes.hasSynced() && caches.haveSynced();
  }

  private final class WholeTable implements Reconciler {
    @Override
    public Result reconcile(Key key) {
      if (!haveSynced()) {
        return Result.after(UNTIL_SYNCED);
      }
      IngressRules.Plan plan = IngressRules.of(ingresses.list(), classes.list(), caches.observed());
      doors.show(OWNER, doorsOf(plan));
      Entrances.@Nullable Entrance entrance =
          entrances.of(new Entrances.Wanted(NAMESPACE, SERVICE, _ -> {}), doors.of(OWNER));
      tell(plan);
      show(plan, entrance);
      return doors.haveFailed() ? Result.after(UNTIL_REOPENED) : Result.DONE;
    }
  }

  private static List<Door> doorsOf(IngressRules.Plan plan) {
    List<Door> all = new ArrayList<>();
    if (!plan.ours().isEmpty()) {
      HostMap<Site> sites = new HostMap<>(Map.of("", plan.site()), true);
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
    ArrayNode places = status.putObject("loadBalancer").putArray("ingress");
    for (String address : entrance.addresses()) {
      ArrayNode ports = places.addObject().put("ip", address).putArray("ports");
      entrance
          .ports()
          .values()
          .forEach(port -> ports.addObject().put("port", port).put("protocol", "TCP"));
    }
    return status;
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  @Override
  public void close() {
    controller.close();
    doors.show(OWNER, List.of());
  }
}
