// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ListenerStatus;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteParentStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Statuses as they are to be, made of what is found and of what stands there: a condition keeps
/// its time while it stays what it is, and what others say stays.
///
/// @param now when conditions begin that change now
/// @param toTree models as JSON
public record Statuses(Instant now, Function<Object, JsonNode> toTree) {
  private static final String PROGRAMMED = "Programmed";
  private static final int MESSAGE_CHARS_MAX = 1_024;
  private static final String CUT = "...";

  /// The rest is of others.
  private static final Set<String> OWN =
      Set.of(
          "Accepted",
          PROGRAMMED,
          "ResolvedRefs",
          "Conflicted",
          "OverlappingTLSConfig",
          "PartiallyInvalid",
          "SupportedVersion");

  /// Where a Gateway is reached.
  ///
  /// @param addresses none while there are none, the cluster's own family first
  /// @param sockets where ports are not those that were asked for: by the port that was
  /// @param failures why a port is not open
  public record Reached(
      List<String> addresses, Map<Integer, String> sockets, Map<Integer, String> failures) {
    private String socket(int port) {
      String address = addresses.getFirst();
      return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
    }
  }

  public ObjectNode ofClass(Plan.OfClass plan, List<Finding> more, List<String> features) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    List<Finding> findings = new ArrayList<>(List.of(plan.accepted()));
    findings.addAll(more);
    @Nullable List<Condition> before =
        plan.found().getStatus() == null ? null : plan.found().getStatus().getConditions();
    status.set("conditions", conditions(before, findings, plan.found()));
    ArrayNode supported = status.putArray("supportedFeatures");
    features.stream().sorted().forEach(each -> supported.addObject().put("name", each));
    return status;
  }

  public ObjectNode ofGateway(Plan.OfGateway plan, Reached reached) {
    Gateway gateway = plan.gateway();
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    addresses(status, reached);
    List<Finding> findings = new ArrayList<>(List.of(plan.accepted()));
    findings.add(programmed(plan, reached));
    status.set(
        "conditions",
        conditions(
            gateway.getStatus() == null ? null : gateway.getStatus().getConditions(),
            findings,
            gateway));
    ArrayNode listeners = status.putArray("listeners");
    for (Plan.OfListener each : plan.listeners()) {
      ObjectNode one = listeners.addObject().put("name", each.name());
      one.put("attachedRoutes", each.attached());
      if (!each.kinds().isEmpty()) {
        ArrayNode kinds = one.putArray("supportedKinds");
        each.kinds()
            .forEach(kind -> kinds.addObject().put("group", Grants.GROUP).put("kind", kind));
      }
      List<Finding> all = new ArrayList<>(each.findings());
      all.add(programmed(plan, each, reached));
      one.set("conditions", conditions(before(gateway, each.name()), all, gateway));
    }
    return status;
  }

  private static void addresses(ObjectNode status, Reached reached) {
    if (!reached.addresses().isEmpty()) {
      ArrayNode addresses = status.putArray("addresses");
      reached
          .addresses()
          .forEach(each -> addresses.addObject().put("type", "IPAddress").put("value", each));
      reached
          .sockets()
          .values()
          .forEach(each -> addresses.addObject().put("type", "havn.dev/socket").put("value", each));
    }
  }

  private static @Nullable List<Condition> before(Gateway gateway, String listener) {
    if (gateway.getStatus() == null) {
      return null;
    }
    for (ListenerStatus each : Grants.orNone(gateway.getStatus().getListeners())) {
      if (listener.equals(each.getName())) {
        return each.getConditions();
      }
    }
    return null;
  }

  private static Finding programmed(Plan.OfGateway plan, Reached reached) {
    if (!plan.accepted().isTrue()
        || plan.listeners().stream().noneMatch(Plan.OfListener::isUsable)) {
      return Finding.no(PROGRAMMED, "Invalid", "no listener can be served");
    }
    List<Finding> listeners =
        plan.listeners().stream()
            .filter(Plan.OfListener::isUsable)
            .map(each -> programmed(plan, each, reached))
            .toList();
    if (listeners.stream().anyMatch(Finding::isTrue)) {
      return Finding.yes(
          PROGRAMMED,
          PROGRAMMED,
          "Requests are taken at " + String.join(", ", reached.addresses()));
    }
    return reached.failures().isEmpty()
        ? Finding.no(PROGRAMMED, "AddressNotAssigned", "there is no address yet")
        : Finding.no(PROGRAMMED, "NoResources", listeners.getFirst().message());
  }

  private static Finding programmed(
      Plan.OfGateway plan, Plan.OfListener listener, Reached reached) {
    for (Finding each : listener.findings()) {
      if (each.type().equals(Listeners.CONFLICTED) && each.isTrue()) {
        return Finding.no(PROGRAMMED, each.reason(), each.message());
      }
    }
    if (!listener.isUsable() || !plan.accepted().isTrue()) {
      return Finding.no(PROGRAMMED, "Invalid", "it cannot be served, see the other conditions");
    }
    @Nullable String failure = reached.failures().get(listener.port());
    if (failure != null) {
      return Finding.no(PROGRAMMED, "PortUnavailable", failure);
    }
    if (reached.addresses().isEmpty()) {
      return Finding.no(PROGRAMMED, "Pending", "the Gateway has no address yet");
    }
    String place = reached.sockets().getOrDefault(listener.port(), reached.socket(listener.port()));
    return Finding.yes(PROGRAMMED, PROGRAMMED, "Requests are taken at " + place);
  }

  /// Entries of other controllers stay as they are.
  public ObjectNode ofRoute(Plan.OfRoute plan) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    ArrayNode parents = status.putArray("parents");
    for (RouteParentStatus each : plan.said()) {
      if (!GatewayRules.isOurs(each)) {
        parents.add(toTree.apply(each));
      }
    }
    for (Plan.OfParent each : plan.parents()) {
      @Nullable List<Condition> before = null;
      for (RouteParentStatus known : plan.said()) {
        if (GatewayRules.isOurs(known) && each.reference().equals(known.getParentRef())) {
          before = known.getConditions();
        }
      }
      ObjectNode one = parents.addObject();
      one.set("parentRef", toTree.apply(each.reference()));
      one.put("controllerName", GatewayRules.CONTROLLER);
      one.set("conditions", conditions(before, each.findings(), plan.route()));
    }
    return status;
  }

  /// A status that is too large is refused as a whole, again and again.
  private static String cut(String message) {
    if (message.length() <= MESSAGE_CHARS_MAX) {
      return message;
    }
    int end = MESSAGE_CHARS_MAX - CUT.length();
    boolean splits = Character.isHighSurrogate(message.charAt(end - 1));
    return message.substring(0, splits ? end - 1 : end) + CUT;
  }

  private ArrayNode conditions(
      @Nullable List<Condition> before, List<Finding> findings, HasMetadata object) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    List<Condition> known = Grants.orNone(before);
    for (Condition each : known) {
      if (!OWN.contains(each.getType())) {
        all.add(toTree.apply(each));
      }
    }
    long generation = Objects.requireNonNullElse(object.getMetadata().getGeneration(), 0L);
    for (Finding each : findings) {
      String truth = each.isTrue() ? "True" : "False";
      String since =
          known.stream()
              .filter(old -> each.type().equals(old.getType()) && truth.equals(old.getStatus()))
              .map(Condition::getLastTransitionTime)
              .findFirst()
              .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString());
      all.addObject()
          .put("type", each.type())
          .put("status", truth)
          .put("reason", each.reason())
          .put("message", cut(each.message()))
          .put("observedGeneration", Math.toIntExact(generation))
          .put("lastTransitionTime", since);
    }
    return all;
  }
}
