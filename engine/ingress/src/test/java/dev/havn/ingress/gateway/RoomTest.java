// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// What one listener has room for.
class RoomTest {
  private static final String GATEWAY =
      """
      apiVersion: gateway.networking.k8s.io/v1
      kind: GatewayClass
      metadata: {name: havn}
      spec: {controllerName: havn.dev/gateway}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: web, namespace: default}
      spec:
        gatewayClassName: havn
        listeners: [{name: http, port: 80, protocol: HTTP}]
      """;

  private static String route(String name, String created, int expressions) {
    String match = "{path: {type: RegularExpression, value: '/a{1,900}'}}";
    return """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: %s, namespace: default, creationTimestamp: "%s"}
        spec:
          parentRefs: [{name: web}]
          rules: [{matches: [%s]}]
        """
        .formatted(
            name, created, String.join(", ", java.util.Collections.nCopies(expressions, match)));
  }

  private static List<String> accepted(Plan plan) {
    return plan.routes().stream()
        .map(
            each ->
                each.route().getMetadata().getName()
                    + " "
                    + each.parents().getFirst().findings().getFirst().reason())
        .toList();
  }

  @Test
  void theExpressionsOfAListenerHaveABoundAndTheOlderRouteIsServed() {
    Plan plan =
        Documents.of(
                GATEWAY,
                route("a-late", "2026-02-02T00:00:00Z", 6),
                route("b-early", "2026-01-01T00:00:00Z", 6),
                route("c-small", "2026-03-03T00:00:00Z", 1))
            .plan();
    assertThat(accepted(plan))
        .containsExactly("a-late UnsupportedValue", "b-early Accepted", "c-small Accepted");
    assertThat(plan.gateways().getFirst().listeners().getFirst().attached()).isEqualTo(2);
  }
}
