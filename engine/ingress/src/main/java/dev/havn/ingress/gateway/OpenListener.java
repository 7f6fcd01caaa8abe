// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.HostMap;
import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.routing.RoutingTable.Site;
import dev.havn.ingress.routing.Rule;
import dev.havn.reconcile.LabelSelectors;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Listener;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteNamespaces;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A listener of a Gateway, and the routes that are attached to it.
final class OpenListener {
  /// Instructions of all regular expressions together: a request whose path, headers and parameters
  /// have up to 200 characters each can try them all.
  static final int EXPRESSIONS_MAX = 20_000;

  private final Listener listener;
  private final String namespace;
  private final List<String> kinds;
  private final List<Finding> findings;
  private final List<Identity> identities;
  private final Map<String, List<Ranked>> hosts = new LinkedHashMap<>();
  private final Set<String> attached = new HashSet<>();
  private long expressions;

  /// @param namespace of the Gateway
  /// @param kinds of routes that it takes
  /// @param findings all that does not depend on whether it listens
  OpenListener(
      Listener listener,
      String namespace,
      List<String> kinds,
      List<Finding> findings,
      List<Identity> identities) {
    this.listener = listener;
    this.namespace = namespace;
    this.kinds = kinds;
    this.findings = findings;
    this.identities = identities;
  }

  String name() {
    return listener.getName();
  }

  int port() {
    return Objects.requireNonNullElse(listener.getPort(), 0);
  }

  String hostname() {
    return Hostnames.plain(listener.getHostname());
  }

  boolean isTls() {
    return Listeners.HTTPS.equals(listener.getProtocol());
  }

  List<String> kinds() {
    return kinds;
  }

  List<Finding> findings() {
    return findings;
  }

  List<Identity> identities() {
    return identities;
  }

  int attachedRoutes() {
    return attached.size();
  }

  boolean isAccepted() {
    return findings.stream()
        .anyMatch(each -> each.type().equals(Listeners.ACCEPTED) && each.isTrue());
  }

  /// Whether it has all that it needs to take requests.
  boolean isUsable() {
    return isAccepted() && (!isTls() || !identities.isEmpty());
  }

  /// @param namespaceLabels by the name of a namespace
  boolean allows(RouteRules route, Function<String, Map<String, String>> namespaceLabels) {
    if (!kinds.contains(route.kind())) {
      return false;
    }
    @Nullable RouteNamespaces from =
        listener.getAllowedRoutes() == null ? null : listener.getAllowedRoutes().getNamespaces();
    String which = from == null ? "Same" : Objects.requireNonNullElse(from.getFrom(), "Same");
    return switch (which) {
      case "All" -> true;
      case "Same" -> namespace.equals(route.namespace());
      case "Selector" ->
          from != null
              && LabelSelectors.matches(
                  from.getSelector(), namespaceLabels.apply(route.namespace()));
      default -> false;
    };
  }

  /// Those of a route's names that have a host in common with its own.
  List<String> common(RouteRules route) {
    return route.hostnames().stream()
        .filter(each -> Hostnames.intersect(hostname(), each))
        .toList();
  }

  /// Whether the regular expressions of a route are few enough beside those of the routes before
  /// it.
  boolean hasRoom(RouteRules route) {
    return attached.contains(identity(route)) || expressions + route.size() <= EXPRESSIONS_MAX;
  }

  private static String identity(RouteRules route) {
    return route.kind() + " " + route.namespace() + "/" + route.name();
  }

  /// The names stay those of the route: requests for other hosts do not come here, and among those
  /// that do the route with the more specific name comes first.
  void attach(RouteRules route) {
    if (!attached.add(identity(route))) {
      return;
    }
    expressions += route.size();
    for (String host : common(route)) {
      hosts.computeIfAbsent(host, _ -> new ArrayList<>()).addAll(route.rules());
    }
  }

  Site site() {
    Map<String, List<Rule>> rules = new LinkedHashMap<>();
    if (isUsable()) {
      hosts.forEach(
          (host, all) ->
              rules.put(host, all.stream().sorted(Ranked.ORDER).map(Ranked::rule).toList()));
    }
    return new Site(name(), new HostMap<>(rules, false));
  }
}
