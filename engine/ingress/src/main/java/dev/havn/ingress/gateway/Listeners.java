// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.RoutingTable.Identity;
import dev.havn.ingress.rules.Observed;
import dev.havn.ingress.rules.TlsSecret;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Listener;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ListenerTLSConfig;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteGroupKind;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.SecretObjectReference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which listeners of a Gateway can be served, and what the others lack.
final class Listeners {
  static final String ACCEPTED = "Accepted";
  static final String RESOLVED = "ResolvedRefs";
  static final String CONFLICTED = "Conflicted";
  static final String HTTPS = "HTTPS";
  private static final String HTTP = "HTTP";
  private static final Set<String> PROTOCOLS = Set.of(HTTP, HTTPS);
  private static final List<String> KINDS = List.of("HTTPRoute", "GRPCRoute");

  /// Different Secrets of one Gateway.
  private static final int CERTIFICATES_MAX = 256;

  private final Set<String> named = new HashSet<>();
  private final Gateway gateway;
  private final List<Listener> all;
  private final Observed observed;
  private final Grants grants;

  private Listeners(Gateway gateway, Observed observed, Grants grants) {
    this.gateway = gateway;
    this.all = Grants.orNone(gateway.getSpec().getListeners());
    this.observed = observed;
    this.grants = grants;
  }

  /// What references of a listener come to.
  private record Resolved(List<Identity> identities, Finding finding) {}

  static List<OpenListener> of(Gateway gateway, Observed observed, Grants grants) {
    Listeners listeners = new Listeners(gateway, observed, grants);
    return listeners.all.stream().map(listeners::open).toList();
  }

  private OpenListener open(Listener listener) {
    String protocol = String.valueOf(listener.getProtocol());
    List<Finding> findings = new ArrayList<>();
    @Nullable Finding conflict = PROTOCOLS.contains(protocol) ? conflict(listener) : null;
    findings.add(accepted(listener, protocol, conflict));
    findings.add(
        conflict == null
            ? Finding.no(CONFLICTED, "NoConflicts", "No other listener is in its way")
            : conflict);
    List<String> kinds = PROTOCOLS.contains(protocol) ? kinds(listener) : List.of();
    Resolved resolved = resolved(listener, protocol);
    findings.add(routeKinds(listener, resolved.finding()));
    overlap(listener, protocol, findings);
    return new OpenListener(
        listener, gateway.getMetadata().getNamespace(), kinds, findings, resolved.identities());
  }

  private Finding accepted(Listener listener, String protocol, @Nullable Finding conflict) {
    if (!PROTOCOLS.contains(protocol)) {
      return Finding.no(
          ACCEPTED,
          "UnsupportedProtocol",
          "protocol " + protocol + " is not served, only HTTP and HTTPS are");
    }
    if (conflict != null) {
      return Finding.no(ACCEPTED, conflict.reason(), conflict.message());
    }
    @Nullable ListenerTLSConfig tls = listener.getTls();
    if (tls != null && tls.getMode() != null && !tls.getMode().equals("Terminate")) {
      return Finding.no(
          ACCEPTED,
          "UnsupportedValue",
          "TLS ends at a listener of HTTPS, no mode " + tls.getMode());
    }
    if (tls != null && tls.getOptions() != null && !tls.getOptions().isEmpty()) {
      return Finding.no(
          ACCEPTED,
          "UnsupportedValue",
          "no options of TLS are known: " + tls.getOptions().keySet());
    }
    if (protocol.equals(HTTPS)
        && gateway.getSpec().getTls() != null
        && gateway.getSpec().getTls().getFrontend() != null) {
      return Finding.no(
          ACCEPTED,
          "UnsupportedValue",
          "certificates of clients are not checked here, so nobody is let in without that");
    }
    return Finding.yes(ACCEPTED, ACCEPTED, "The listener is served");
  }

  /// None of those that cannot be told apart wins.
  private @Nullable Finding conflict(Listener listener) {
    for (Listener other : all) {
      if (other == listener
          || !PROTOCOLS.contains(String.valueOf(other.getProtocol()))
          || !Objects.equals(other.getPort(), listener.getPort())) {
        continue;
      }
      if (!Objects.equals(other.getProtocol(), listener.getProtocol())) {
        return Finding.yes(
            CONFLICTED,
            "ProtocolConflict",
            "listener " + other.getName() + " has another protocol on port " + listener.getPort());
      }
      if (Hostnames.plain(other.getHostname()).equals(Hostnames.plain(listener.getHostname()))) {
        return Finding.yes(
            CONFLICTED,
            "HostnameConflict",
            "listener " + other.getName() + " has the same hostname on port " + listener.getPort());
      }
    }
    return null;
  }

  private static List<RouteGroupKind> wanted(Listener listener) {
    return listener.getAllowedRoutes() == null
        ? List.of()
        : Grants.orNone(listener.getAllowedRoutes().getKinds());
  }

  private static boolean isKnown(RouteGroupKind kind) {
    return Grants.GROUP.equals(Objects.requireNonNullElse(kind.getGroup(), Grants.GROUP))
        && KINDS.contains(kind.getKind());
  }

  private static List<String> kinds(Listener listener) {
    List<RouteGroupKind> wanted = wanted(listener);
    return wanted.isEmpty()
        ? KINDS
        : wanted.stream().filter(Listeners::isKnown).map(RouteGroupKind::getKind).toList();
  }

  private static Finding routeKinds(Listener listener, Finding resolved) {
    List<String> unknown =
        wanted(listener).stream()
            .filter(each -> !isKnown(each))
            .map(RouteGroupKind::getKind)
            .toList();
    return unknown.isEmpty() || !resolved.isTrue()
        ? resolved
        : Finding.no(
            RESOLVED, "InvalidRouteKinds", "no routes of these kinds are served: " + unknown);
  }

  private Resolved resolved(Listener listener, String protocol) {
    Finding fine = Finding.yes(RESOLVED, RESOLVED, "All references are resolved");
    if (!protocol.equals(HTTPS)) {
      return new Resolved(List.of(), fine);
    }
    @Nullable ListenerTLSConfig tls = listener.getTls();
    List<SecretObjectReference> references =
        tls == null ? List.of() : Grants.orNone(tls.getCertificateRefs());
    List<Identity> identities = new ArrayList<>();
    @Nullable Finding wrong =
        references.isEmpty() ? invalid("a listener of HTTPS needs a certificateRef") : null;
    for (SecretObjectReference each : references) {
      @Nullable Finding found = certificate(each, identities);
      wrong = wrong == null ? found : wrong;
    }
    return new Resolved(identities, wrong == null ? fine : wrong);
  }

  private static Finding invalid(String message) {
    return Finding.no(RESOLVED, "InvalidCertificateRef", message);
  }

  private @Nullable Finding certificate(
      SecretObjectReference reference, List<Identity> identities) {
    String own = gateway.getMetadata().getNamespace();
    String namespace = Objects.requireNonNullElse(reference.getNamespace(), own);
    String name = Objects.requireNonNullElse(reference.getName(), "");
    if (!Objects.requireNonNullElse(reference.getGroup(), "").isEmpty()
        || !Objects.requireNonNullElse(reference.getKind(), "Secret").equals("Secret")) {
      return invalid("a certificate is in a Secret, not in a " + reference.getKind());
    }
    if (!grants.allow("Gateway", own, new Grants.Target("Secret", namespace, name))) {
      return Finding.no(
          RESOLVED,
          "RefNotPermitted",
          "no ReferenceGrant of "
              + namespace
              + " lets a Gateway of "
              + own
              + " refer to Secret "
              + name);
    }
    if (!named.contains(namespace + "/" + name) && named.size() >= CERTIFICATES_MAX) {
      return invalid("the Gateway names more than " + CERTIFICATES_MAX + " Secrets");
    }
    named.add(namespace + "/" + name);
    @Nullable Secret secret = observed.secret(namespace, name);
    if (secret == null) {
      return invalid("there is no Secret " + namespace + "/" + name + " of type kubernetes.io/tls");
    }
    try {
      identities.add(observed.identity(secret));
      return null;
    } catch (TlsSecret.UnusableException e) {
      return invalid("Secret " + namespace + "/" + name + ": " + e.getMessage());
    }
  }

  /// A client that takes one connection for several names may meet the wrong listener.
  private void overlap(Listener listener, String protocol, List<Finding> findings) {
    if (!protocol.equals(HTTPS)) {
      return;
    }
    String name = Hostnames.plain(listener.getHostname());
    for (Listener other : all) {
      if (other != listener
          && HTTPS.equals(other.getProtocol())
          && Objects.equals(other.getPort(), listener.getPort())
          && Hostnames.intersect(name, Hostnames.plain(other.getHostname()))) {
        findings.add(
            Finding.yes(
                "OverlappingTLSConfig",
                "OverlappingHostnames",
                "hosts of listener "
                    + other.getName()
                    + " are among its own, or its own among"
                    + " those"));
        return;
      }
    }
  }

  /// @return the listeners by port, in the order of the Gateway
  static Map<Integer, List<OpenListener>> byPort(List<OpenListener> listeners) {
    Map<Integer, List<OpenListener>> ports = new java.util.TreeMap<>();
    for (OpenListener each : listeners) {
      if (each.isAccepted()) {
        ports.computeIfAbsent(each.port(), _ -> new ArrayList<>()).add(each);
      }
    }
    return ports;
  }
}
