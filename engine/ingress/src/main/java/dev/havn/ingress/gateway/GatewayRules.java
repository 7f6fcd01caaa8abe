// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.RoutingTable.Door;
import dev.havn.ingress.rules.Observed;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewaySpecAddress;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteParentStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What all Gateways of Havn's classes and all routes mean together.
///
/// A request belongs to the listener with the most specific hostname. Among its routes the one with
/// the most specific hostname is tried first, as the route names it; where none of its rules fits,
/// the next one's are.
public final class GatewayRules {
  /// Of classes, in `spec.controllerName`.
  public static final String CONTROLLER = "havn.dev/gateway";

  private static final Logger LOG = LoggerFactory.getLogger(GatewayRules.class);
  private static final String ACCEPTED = "Accepted";

  private final GatewayObjects objects;
  private final Observed observed;
  private final Grants grants;
  private final Expressions expressions;
  private final Map<String, Served> gateways = new LinkedHashMap<>();

  /// A route before it is read.
  private record Candidate(
      HasMetadata route,
      List<ParentReference> parents,
      List<RouteParentStatus> said,
      Supplier<RouteRules> reading) {
    String created() {
      return Objects.requireNonNullElse(route.getMetadata().getCreationTimestamp(), "");
    }
  }

  private static final Comparator<Candidate> OLDEST_FIRST =
      Comparator.comparing(Candidate::created).thenComparing(each -> nameOf(each.route()));

  private record Served(Gateway gateway, List<OpenListener> listeners) {}

  private GatewayRules(GatewayObjects objects, Observed observed, Expressions expressions) {
    this.expressions = expressions;
    this.objects = objects;
    this.observed = observed;
    this.grants = new Grants(objects.grants());
  }

  /// @param expressions what is known of the last look at everything
  public static Plan of(GatewayObjects objects, Observed observed, Expressions expressions) {
    expressions.turn();
    return new GatewayRules(objects, observed, expressions).plan();
  }

  private Plan plan() {
    List<Plan.OfClass> classes =
        objects.classes().stream()
            .filter(each -> each.getSpec() != null)
            .filter(each -> CONTROLLER.equals(each.getSpec().getControllerName()))
            .map(each -> new Plan.OfClass(each, accepted(each), isUsed(each)))
            .toList();
    Set<String> names = new HashSet<>();
    classes.stream()
        .filter(each -> each.accepted().isTrue())
        .forEach(each -> names.add(each.found().getMetadata().getName()));
    for (Gateway each : objects.gateways()) {
      if (each.getMetadata().getDeletionTimestamp() == null
          && each.getSpec() != null
          && names.contains(each.getSpec().getGatewayClassName())) {
        gateways.put(nameOf(each), new Served(each, listeners(each)));
      }
    }
    List<Plan.OfRoute> routes = routes();
    return new Plan(classes, gateways.values().stream().map(GatewayRules::done).toList(), routes);
  }

  /// Older ones are attached first, since a listener has room for so many.
  private List<Plan.OfRoute> routes() {
    List<Candidate> candidates = new ArrayList<>();
    for (HTTPRoute each : objects.httpRoutes()) {
      candidates.add(
          new Candidate(
              each,
              each.getSpec() == null ? List.of() : Grants.orNone(each.getSpec().getParentRefs()),
              each.getStatus() == null ? List.of() : Grants.orNone(each.getStatus().getParents()),
              () -> HttpRules.of(each, observed, grants, expressions)));
    }
    for (GRPCRoute each : objects.grpcRoutes()) {
      candidates.add(
          new Candidate(
              each,
              each.getSpec() == null ? List.of() : Grants.orNone(each.getSpec().getParentRefs()),
              each.getStatus() == null ? List.of() : Grants.orNone(each.getStatus().getParents()),
              () -> GrpcRules.of(each, observed, grants, expressions)));
    }
    Map<Candidate, Plan.OfRoute> attached = new IdentityHashMap<>();
    candidates.stream()
        .sorted(OLDEST_FIRST)
        .forEach(each -> attach(each).ifPresent(plan -> attached.put(each, plan)));
    return candidates.stream().flatMap(each -> Stream.ofNullable(attached.get(each))).toList();
  }

  private boolean isUsed(GatewayClass found) {
    return objects.gateways().stream()
        .anyMatch(
            each ->
                each.getSpec() != null
                    && found.getMetadata().getName().equals(each.getSpec().getGatewayClassName()));
  }

  private static String nameOf(HasMetadata object) {
    return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
  }

  private static Finding accepted(GatewayClass found) {
    return found.getSpec().getParametersRef() == null
        ? Finding.yes(ACCEPTED, ACCEPTED, "Gateways of this class are served")
        : Finding.no(
            ACCEPTED, "InvalidParameters", "no parameters are known: name no parametersRef");
  }

  /// What of one Gateway nobody expected keeps no other from being served.
  private List<OpenListener> listeners(Gateway gateway) {
    try {
      return Listeners.of(gateway, observed, grants);
    } catch (RuntimeException e) {
      LOG.info("Gateway {} cannot be read as a whole: {}", nameOf(gateway), e.toString());
      return List.of();
    }
  }

  private Optional<Plan.OfRoute> attach(Candidate candidate) {
    HasMetadata route = candidate.route();
    if (route.getMetadata().getDeletionTimestamp() != null) {
      return Optional.empty();
    }
    Plan.OfRoute plan = planOf(candidate);
    return !plan.parents().isEmpty() || plan.said().stream().anyMatch(GatewayRules::isOurs)
        ? Optional.of(plan)
        : Optional.empty();
  }

  private Plan.OfRoute planOf(Candidate candidate) {
    HasMetadata route = candidate.route();
    try {
      return attach(candidate.reading().get());
    } catch (RuntimeException e) {
      LOG.info("{} {} cannot be read as a whole: {}", route.getKind(), nameOf(route), e.toString());
      Finding refused =
          Finding.no(ACCEPTED, "UnsupportedValue", "The route cannot be read as a whole: " + e);
      List<Plan.OfParent> parents =
          candidate.parents().stream()
              .filter(each -> gateway(each, route.getMetadata().getNamespace()) != null)
              .map(each -> new Plan.OfParent(each, List.of(refused)))
              .toList();
      return new Plan.OfRoute(route, candidate.said(), parents);
    }
  }

  static boolean isOurs(RouteParentStatus status) {
    return CONTROLLER.equals(status.getControllerName());
  }

  private Plan.OfRoute attach(RouteRules route) {
    List<Plan.OfParent> parents = new ArrayList<>();
    for (ParentReference each : route.parents()) {
      @Nullable Served gateway = gateway(each, route.namespace());
      if (gateway == null) {
        continue;
      }
      List<Finding> findings = new ArrayList<>();
      Finding accepted = attach(route, each, gateway);
      findings.add(accepted);
      findings.add(route.resolved());
      if (accepted.isTrue() && route.partial() != null) {
        findings.add(route.partial());
      }
      parents.add(new Plan.OfParent(each, findings));
    }
    return new Plan.OfRoute(route.route(), route.said(), parents);
  }

  /// @param home namespace of the route
  private @Nullable Served gateway(ParentReference reference, String home) {
    boolean isGateway =
        Grants.GROUP.equals(Objects.requireNonNullElse(reference.getGroup(), Grants.GROUP))
            && "Gateway".equals(Objects.requireNonNullElse(reference.getKind(), "Gateway"));
    String namespace = Objects.requireNonNullElse(reference.getNamespace(), home);
    return isGateway ? gateways.get(namespace + "/" + reference.getName()) : null;
  }

  private Finding attach(RouteRules route, ParentReference reference, Served gateway) {
    List<OpenListener> named =
        gateway.listeners().stream()
            .filter(
                each ->
                    (reference.getSectionName() == null
                            || reference.getSectionName().isEmpty()
                            || reference.getSectionName().equals(each.name()))
                        && (reference.getPort() == null || reference.getPort() == each.port()))
            .toList();
    if (named.isEmpty()) {
      return Finding.no(
          ACCEPTED, "NoMatchingParent", "the Gateway has no listener of that name and port");
    }
    List<OpenListener> allowing =
        named.stream().filter(each -> each.allows(route, objects.namespaceLabels())).toList();
    if (allowing.isEmpty()) {
      return Finding.no(
          ACCEPTED,
          "NotAllowedByListeners",
          "no listener takes a " + route.kind() + " of namespace " + route.namespace());
    }
    List<OpenListener> fitting =
        allowing.stream().filter(each -> !each.common(route).isEmpty()).toList();
    if (fitting.isEmpty()) {
      return Finding.no(
          ACCEPTED,
          "NoMatchingListenerHostname",
          "no listener is for one of the hostnames " + route.hostnames());
    }
    if (route.refused() != null) {
      return route.refused();
    }
    for (OpenListener each : fitting) {
      if (!each.hasRoom(route)) {
        return Finding.no(
            ACCEPTED,
            "UnsupportedValue",
            "listener "
                + each.name()
                + " has no room for its regular expressions: those of all routes of a listener have"
                + " at most "
                + OpenListener.EXPRESSIONS_MAX
                + " instructions, older routes come first");
      }
    }
    fitting.forEach(each -> each.attach(route));
    return Finding.yes(ACCEPTED, ACCEPTED, "The route is served");
  }

  private static Plan.OfGateway done(Served served) {
    List<Plan.OfListener> listeners =
        served.listeners().stream()
            .map(
                each ->
                    new Plan.OfListener(
                        each.name(),
                        each.port(),
                        each.kinds(),
                        each.attachedRoutes(),
                        each.findings(),
                        each.isUsable()))
            .toList();
    Finding accepted = accepted(served);
    return new Plan.OfGateway(
        served.gateway(), accepted, listeners, accepted.isTrue() ? doors(served) : List.of());
  }

  private static List<Door> doors(Served served) {
    List<Door> doors = new ArrayList<>();
    Listeners.byPort(served.listeners())
        .forEach(
            (port, all) -> {
              if (all.stream().anyMatch(OpenListener::isUsable)) {
                doors.add(Doorways.of(nameOf(served.gateway()), port, all));
              }
            });
    return doors;
  }

  private static Finding accepted(Served served) {
    var spec = served.gateway().getSpec();
    for (GatewaySpecAddress each : Grants.orNone(spec.getAddresses())) {
      boolean isAny = each.getValue() == null || each.getValue().isEmpty();
      if (!isAny || !"IPAddress".equals(Objects.requireNonNullElse(each.getType(), "IPAddress"))) {
        return Finding.no(
            ACCEPTED,
            "UnsupportedAddress",
            "an address is given to a Gateway, it cannot choose one: name none");
      }
    }
    if (spec.getInfrastructure() != null && spec.getInfrastructure().getParametersRef() != null) {
      return Finding.no(
          ACCEPTED, "InvalidParameters", "no parameters are known: name no parametersRef");
    }
    if (spec.getTls() != null && spec.getTls().getBackend() != null) {
      return Finding.no(
          ACCEPTED, "UnsupportedValue", "nothing speaks TLS to backends: leave out tls.backend");
    }
    List<String> refused =
        served.listeners().stream()
            .filter(each -> !each.isAccepted())
            .map(OpenListener::name)
            .toList();
    if (refused.isEmpty() && !served.listeners().isEmpty()) {
      return Finding.yes(ACCEPTED, ACCEPTED, "The Gateway is served");
    }
    String message = "not accepted: " + String.join(", ", refused) + "; see their conditions";
    return refused.size() == served.listeners().size()
        ? Finding.no(ACCEPTED, "ListenersNotValid", message)
        : Finding.yes(ACCEPTED, "ListenersNotValid", message);
  }
}
