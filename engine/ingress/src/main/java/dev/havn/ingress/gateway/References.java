// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.rules.Backends;
import dev.havn.ingress.rules.Observed;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Looks up what a route refers to, and remembers what is wrong about it. A backend that cannot be
/// had answers with an error in its share of requests.
final class References {
  private static final String TYPE = "ResolvedRefs";
  private static final int MESSAGES_MAX = 8;
  private static final int ERROR = 500;
  private static final int UNAVAILABLE = 503;

  private final Observed observed;
  private final Grants grants;
  private final String kind;
  private final String namespace;
  private final boolean isGrpc;
  private final List<String> messages = new ArrayList<>();
  private @Nullable String reason;

  /// A reference as a route says it.
  record Reference(
      @Nullable String group,
      @Nullable String kind,
      @Nullable String namespace,
      @Nullable String name,
      @Nullable Integer port) {}

  /// @param kind of the route
  /// @param isGrpc whether backends speak gRPC
  References(Observed observed, Grants grants, String kind, String namespace, boolean isGrpc) {
    this.observed = observed;
    this.grants = grants;
    this.kind = kind;
    this.namespace = namespace;
    this.isGrpc = isGrpc;
  }

  /// Of the answer where there is no backend. Clients of gRPC read 503 as `UNAVAILABLE`.
  private int status() {
    return isGrpc ? UNAVAILABLE : ERROR;
  }

  /// @param backends all that a rule names
  Rule.Action action(List<Rule.Weighted> backends) {
    return backends.stream().allMatch(each -> each.weight() == 0)
        ? new Rule.Answer(status(), "the rule sends requests to no backend")
        : new Rule.Forward(backends);
  }

  Rule.Target find(Reference reference) {
    String group = Objects.requireNonNullElse(reference.group(), "");
    String wanted = Objects.requireNonNullElse(reference.kind(), "Service");
    String name = Objects.requireNonNullElse(reference.name(), "");
    String there = Objects.requireNonNullElse(reference.namespace(), namespace);
    if (!group.isEmpty() && !group.equals("core") || !wanted.equals("Service")) {
      return wrong(
          "InvalidKind",
          "a backend is a Service, not " + wanted + " of \"" + group + "\": " + name);
    }
    if (!grants.allow(kind, namespace, new Grants.Target("Service", there, name))) {
      return wrong(
          "RefNotPermitted",
          "no ReferenceGrant of "
              + there
              + " lets a "
              + kind
              + " of "
              + namespace
              + " refer to Service "
              + name);
    }
    Backends.Found found =
        Backends.of(
            observed,
            there,
            name,
            port -> Objects.equals(port.getPort(), reference.port()),
            status());
    if (found.problem() != null && found.target() instanceof Rule.Answer answer) {
      return wrong(
          switch (found.problem()) {
            case NO_SERVICE, NO_PORT -> "BackendNotFound";
            case EXTERNAL_NAME -> "UnsupportedValue";
            case UNKNOWN_PROTOCOL -> "UnsupportedProtocol";
          },
          answer.words());
    }
    return isGrpc && found.target() instanceof Rule.Backend backend
        ? new Rule.Backend(backend.name(), Rule.Protocol.H2C, backend.endpoints(), backend.owner())
        : found.target();
  }

  private Rule.Answer wrong(String why, String message) {
    if (reason == null) {
      reason = why;
    }
    if (messages.size() < MESSAGES_MAX && !messages.contains(message)) {
      messages.add(message);
    }
    return new Rule.Answer(status(), message);
  }

  Finding finding() {
    return reason == null
        ? Finding.yes(TYPE, "ResolvedRefs", "All references are resolved")
        : Finding.no(TYPE, reason, String.join("; ", messages));
  }
}
