// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Rule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteParentStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Collects the rules of a route. A rule that cannot be served as it stands is left out as a whole;
/// where none is left, neither is the route.
final class Draft {
  private final HasMetadata route;
  private final boolean isGrpc;
  private final List<Ranked> rules = new ArrayList<>();
  private final List<String> dropped = new ArrayList<>();
  private @Nullable String reason;
  private int taken;

  /// A rule and how specific it is.
  record Weighed(Rule rule, List<Integer> weights) {}

  /// Reads one rule of the route, as one for each of its matches.
  @FunctionalInterface
  interface Reading<T> {
    List<Weighed> of(T rule) throws UnsupportedException;
  }

  Draft(HasMetadata route, boolean isGrpc) {
    this.route = route;
    this.isGrpc = isGrpc;
  }

  String name() {
    return route.getMetadata().getNamespace() + "/" + route.getMetadata().getName();
  }

  /// @param all rules of the route
  <T> void add(List<T> all, Reading<T> reading) {
    for (int i = 0; i < all.size(); i++) {
      add(i, all.get(i), reading);
    }
  }

  private <T> void add(int index, T rule, Reading<T> reading) {
    try {
      for (Weighed each : reading.of(rule)) {
        rules.add(
            new Ranked(
                each.rule(),
                isGrpc,
                each.weights(),
                Objects.requireNonNullElse(route.getMetadata().getCreationTimestamp(), ""),
                name(),
                rules.size()));
      }
      taken++;
    } catch (UnsupportedException e) {
      if (reason == null) {
        reason = e.reason();
      }
      dropped.add(index + " (" + e.getMessage() + ")");
    }
  }

  RouteRules done(
      @Nullable List<ParentReference> parents,
      @Nullable List<String> hostnames,
      @Nullable List<RouteParentStatus> said,
      Finding resolved) {
    List<String> names =
        Grants.orNone(hostnames).isEmpty()
            ? List.of("")
            : Grants.orNone(hostnames).stream().map(Hostnames::plain).distinct().toList();
    String which = String.join(", ", dropped);
    @Nullable String why = reason;
    return new RouteRules(
        route,
        Grants.orNone(parents),
        names,
        Grants.orNone(said),
        rules,
        resolved,
        why == null || taken > 0
            ? null
            : Finding.no("Accepted", why, "No rule can be served: " + which),
        why == null || taken == 0
            ? null
            : Finding.yes("PartiallyInvalid", why, "Dropped Rule " + which));
  }
}
