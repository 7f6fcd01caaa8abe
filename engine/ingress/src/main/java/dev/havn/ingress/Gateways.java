// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.ingress.gateway.Expressions;
import dev.havn.ingress.gateway.Finding;
import dev.havn.ingress.gateway.GatewayRules;
import dev.havn.ingress.gateway.Plan;
import dev.havn.ingress.gateway.Statuses;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves Gateways and their routes. Made when the kinds of the Gateway API are there: until then
/// nothing is watched.
public final class Gateways implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateways.class);
  private static final Reconciler.Key ALL = new Reconciler.Key("", "gateways");
  private static final String WHO = "gateways";
  private static final String CLASS = "havn";

  /// The finalizer of a class with Gateways.
  private static final String USED = "gateway-exists-finalizer.gateway.networking.k8s.io";

  private static final Duration UNTIL_REOPENED = Duration.ofSeconds(30);

  /// What is refused for one Gateway keeps the others from nothing for long.
  private static final Duration PAUSE_MAX = Duration.ofSeconds(30);

  private static final Pattern KNOWN_BUNDLE = Pattern.compile("v1\\.[1-9][0-9]*\\..*");

  private final Settings settings;
  private final Api api;
  private final InstantSource clock;
  private final Doors doors;
  private final Entrances entrances;
  private final Caches caches;
  private final Informer<Namespace> namespaces;
  private final Expressions expressions = new Expressions();
  private final Controller controller;
  private final GatewayKinds kinds;

  public Gateways(Settings settings, Informers informers, DataPlane plane) {
    this.settings = settings;
    this.api = settings.api();
    this.clock = settings.clock();
    this.doors = plane.doors();
    this.caches = new Caches(informers, settings.exposure());
    this.namespaces = informers.of(Namespace.class);
    this.entrances = new Entrances(settings.exposure(), caches.services(), caches.slices(), api);
    this.controller =
        new Controller(WHO, new WholeTable(), settings.clock(), settings.executor(), 1, PAUSE_MAX);
    controller.pause(); // until all that it reads is set
    this.kinds = new GatewayKinds(informers, () -> controller.add(ALL));
    caches.onChange(() -> controller.add(ALL));
    caches.whenSynced(() -> controller.add(ALL));
    namespaces.onChange((_, _) -> controller.add(ALL));
    namespaces.whenSynced(() -> controller.add(ALL));
    controller.add(ALL);
    controller.resume();
  }

  private final class WholeTable implements Reconciler {
    /// Whoever is not there yet says so when it is.
    @Override
    public Result reconcile(Key key) {
      if (!kinds.follow() || !caches.haveSynced() || !namespaces.hasSynced()) {
        return Result.DONE;
      }
      offerClass();
      Plan plan =
          GatewayRules.of(kinds.objects(Gateways.this::labels), caches.observed(), expressions);
      doors.show(WHO, plan.doors());
      Writes writes = new Writes();
      Statuses statuses = new Statuses(clock.instant(), api::toTree);
      for (Plan.OfClass each : plan.classes()) {
        GatewayClass found = each.found();
        boolean isSaid =
            writes.bring(
                found, found.getStatus(), statuses.ofClass(each, supported(), GatewayFeatures.ALL));
        if (isSaid) {
          writes.attempt(found, () -> hold(each));
        }
      }
      for (Plan.OfGateway each : plan.gateways()) {
        writes.attempt(each.gateway(), () -> bring(each, statuses, writes));
      }
      for (Plan.OfRoute each : plan.routes()) {
        writes.bring(each.route(), statusOf(each.route()), statuses.ofRoute(each));
      }
      writes.attempt(null, () -> sweep(plan));
      writes.done();
      return doors.haveFailed() ? Result.after(UNTIL_REOPENED) : Result.DONE;
    }
  }

  private Map<String, String> labels(String namespace) {
    @Nullable Namespace found = namespaces.get("", namespace);
    return found == null
        ? Map.of()
        : Objects.requireNonNullElse(found.getMetadata().getLabels(), Map.of());
  }

  private static @Nullable Object statusOf(HasMetadata route) {
    return switch (route) {
      case HTTPRoute http -> http.getStatus();
      case GRPCRoute grpc -> grpc.getStatus();
      default -> null;
    };
  }

  /// Once for each time that the kind is installed.
  private void offerClass() {
    @Nullable Definition definition = kinds.definition(GatewayClass.class);
    if (definition == null || definition.wasOffered() || !kinds.has(GatewayClass.class)) {
      return;
    }
    ObjectNode offered = Api.object().put("kind", "GatewayClass");
    offered.put("apiVersion", HasMetadata.getApiVersion(GatewayClass.class));
    offered.putObject("metadata").put("name", CLASS);
    offered.putObject("spec").put("controllerName", GatewayRules.CONTROLLER);
    try {
      api.create(Api.path(GatewayClass.class, "", ""), offered.toString());
    } catch (Api.RefusedException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
    ObjectNode patch = Api.object();
    patch.putObject("metadata").putObject("annotations").put(Definition.OFFERED, "true");
    api.merge(GatewayKinds.DEFINITIONS + "/" + definition.metadata().name(), patch);
  }

  /// A class stays as long as it is used, as the Gateway API has it: without it nobody would say
  /// what became of its Gateways.
  private void hold(Plan.OfClass plan) {
    ObjectMeta metadata = plan.found().getMetadata();
    List<String> known = Objects.requireNonNullElse(metadata.getFinalizers(), List.of());
    boolean isHeld = known.contains(USED);
    boolean isGoing = metadata.getDeletionTimestamp() != null;
    if (isHeld == plan.isUsed() || (isGoing && !isHeld)) {
      return;
    }
    ObjectNode patch = Api.object();
    ObjectNode changed = patch.putObject("metadata");
    changed.put("resourceVersion", metadata.getResourceVersion());
    ArrayNode finalizers = changed.putArray("finalizers");
    known.stream().filter(each -> !each.equals(USED)).forEach(finalizers::add);
    if (plan.isUsed()) {
      finalizers.add(USED);
    }
    api.merge(Api.path(plan.found()), patch);
  }

  private List<Finding> supported() {
    @Nullable Definition definition = kinds.definition(GatewayClass.class);
    String bundle = definition == null ? "" : definition.bundle();
    if (bundle.isEmpty()) {
      return List.of();
    }
    return List.of(
        KNOWN_BUNDLE.matcher(bundle).matches()
            ? new Finding(
                "SupportedVersion", true, "SupportedVersion", "Gateway API " + bundle + " is known")
            : new Finding(
                "SupportedVersion",
                false,
                "UnsupportedVersion",
                "Gateway API " + bundle + " is not known: install one from 1.1 to 1.x"));
  }

  /// What keeps a Gateway from an address stands in its status, and is tried again.
  private void bring(Plan.OfGateway plan, Statuses statuses, Writes writes) {
    Map<Integer, Integer> bound = doors.of(plan.owner());
    Map<Integer, String> failures = new LinkedHashMap<>(doors.failures(plan.owner()));
    Entrances.Wanted wanted = GatewayService.of(plan.gateway());
    Entrances.@Nullable Entrance entrance = null;
    if (settings.exposure() instanceof Exposure.Balanced && entrances.isTaken(wanted)) {
      String why = "Service " + wanted.name() + " is not the Gateway's: delete or rename it";
      bound.keySet().forEach(port -> failures.put(port, why));
    } else {
      try {
        entrance = entrances.of(wanted, bound);
      } catch (Api.RefusedException e) {
        String why = "its Service is refused: " + e.getMessage();
        bound.keySet().forEach(port -> failures.put(port, why));
        writes.refused(plan.gateway(), e);
      }
    }
    writes.bring(
        plan.gateway(),
        plan.gateway().getStatus(),
        statuses.ofGateway(
            plan,
            new Statuses.Reached(
                entrance == null ? List.of() : entrance.addresses(), sockets(entrance), failures)));
  }

  private Map<Integer, String> sockets(Entrances.@Nullable Entrance entrance) {
    Map<Integer, String> sockets = new LinkedHashMap<>();
    if (entrance != null && settings.exposure() instanceof Exposure.Loopback) {
      entrance
          .ports()
          .forEach((asked, got) -> sockets.put(asked, entrance.addresses().getFirst() + ":" + got));
    }
    return sockets;
  }

  /// Removes Services of Gateways that are not served any more; those of Gateways that are gone go
  /// with them.
  private void sweep(Plan plan) {
    if (settings.exposure() instanceof Exposure.Loopback) {
      return;
    }
    Set<Reconciler.Key> wanted = new HashSet<>();
    plan.gateways()
        .forEach(
            each -> {
              Entrances.Wanted service = GatewayService.of(each.gateway());
              wanted.add(new Reconciler.Key(service.namespace(), service.name()));
            });
    for (Service each : caches.services().list()) {
      if (GatewayService.isOne(each) && !wanted.contains(Informer.keyOf(each))) {
        api.delete(each);
      }
    }
  }

  /// Writes of one look at everything: one that is refused keeps no other back, and is tried again.
  private final class Writes {
    private Api.@Nullable RefusedException refused;

    void attempt(@Nullable HasMetadata about, Runnable task) {
      try {
        task.run();
      } catch (Api.RefusedException e) {
        refused(about, e);
      }
    }

    void refused(@Nullable HasMetadata about, Api.RefusedException why) {
      if (!why.isGone()) {
        LOG.debug(
            "{} is refused: {}",
            about == null ? "a Service" : about.getKind() + " " + Informer.keyOf(about),
            why.getMessage());
        refused = why;
      }
    }

    /// Whether it says that already; else it changes, and is looked at again.
    boolean bring(HasMetadata object, @Nullable Object before, ObjectNode wanted) {
      boolean isSaid = before != null && api.toTree(before).equals(wanted);
      if (!isSaid) {
        attempt(object, () -> api.updateStatus(object, wanted));
      }
      return isSaid;
    }

    void done() {
      if (refused != null) {
        throw refused;
      }
    }
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  @Override
  public void close() {
    controller.close();
    kinds.close();
    doors.show(WHO, List.of());
  }
}
