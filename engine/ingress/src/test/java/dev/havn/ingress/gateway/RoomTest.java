// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import dev.havn.ingress.routing.Match;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  private static String each(String name, IntFunction<String> expression, int count) {
    return route(name, "2026-01-01T00:00:00Z", 0)
        .replace(
            "{matches: []}",
            IntStream.range(0, count)
                .mapToObj(expression)
                .map("{matches: [{path: {type: RegularExpression, value: '%s'}}]}"::formatted)
                .collect(Collectors.joining(", ")));
  }

  private static List<Match.Path> paths(Plan plan) {
    return plan.doors().getFirst().sites().best("").hosts().best("").stream()
        .map(each -> each.match().path())
        .toList();
  }

  /// What a listener has no room for is not made in the first place.
  @Test
  void ofARouteWithTooManyExpressionsTheFirstAreServed() {
    Plan plan = Documents.of(GATEWAY, each("web", i -> "/a{1,900}" + i, 30)).plan();
    Finding partial = plan.routes().getFirst().parents().getFirst().findings().getLast();
    assertThat(partial.type()).isEqualTo("PartiallyInvalid");
    assertThat(partial.message())
        .contains("29 (the regular expressions of the route have more than 20000 instructions)");
    assertThat(paths(plan)).isNotEmpty().hasSizeLessThan(20);
  }

  @Test
  void anExpressionIsMadeOnceWhileSomeRouteHasIt() {
    Documents documents = Documents.of(GATEWAY, each("web", i -> "/a+" + i / 2, 2));
    Expressions expressions = new Expressions();
    List<Match.Path> before = paths(documents.plan(expressions));
    List<Match.Path> after = paths(documents.plan(expressions));
    assertThat(before).hasSize(2);
    assertThat(pattern(before.get(0))).isSameAs(pattern(before.get(1)));
    assertThat(pattern(after.get(0))).isSameAs(pattern(before.get(0)));
  }

  private static Pattern pattern(Match.Path path) {
    return ((Match.Path.Expression) path).text().pattern();
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
