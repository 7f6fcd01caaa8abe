// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import com.google.re2j.Pattern;
import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.rules.Observed;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCBackendRef;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCMethodMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a GRPCRoute means: it is for requests of gRPC only, whose path is `/SERVICE/METHOD`. The
/// backends speak HTTP/2 without TLS.
///
/// Of the matches that fit a request the one with the longest service wins, then the longest
/// method, then the one with most headers.
///
/// @param source of the rules, for whoever asks where one comes from
record GrpcRules(References references, Texts texts, String source) {
  private static final String ANY = "[^/]+";

  /// What comes from a browser over another framing is none of it.
  private static final Match.Value IS_GRPC =
      new Match.Value("content-type", Match.Text.expression("application/grpc(?:[+;].*)?"));

  /// What all of its rules have in common is not a route's own.
  static final int SIZE = IS_GRPC.text().size();

  static RouteRules of(GRPCRoute route, Observed observed, Grants grants, Expressions expressions) {
    String namespace = route.getMetadata().getNamespace();
    References references = new References(observed, grants, "GRPCRoute", namespace, true);
    Draft draft = new Draft(route, true);
    GrpcRules rules =
        new GrpcRules(references, new Texts(expressions), "GRPCRoute " + draft.name());
    List<GRPCRouteRule> all = Grants.orNone(route.getSpec().getRules());
    draft.add(all, rules::of);
    return draft.done(
        route.getSpec().getParentRefs(),
        route.getSpec().getHostnames(),
        route.getStatus() == null ? null : route.getStatus().getParents(),
        references.finding());
  }

  private List<Draft.Weighed> of(GRPCRouteRule rule) throws UnsupportedException {
    if (rule.getSessionPersistence() != null) {
      throw UnsupportedException.value("sessionPersistence is not served");
    }
    Filters filters = Filters.of(Filters.ofGrpc(rule.getFilters()), null, references);
    Rule.Action action = action(rule);
    List<GRPCRouteMatch> matches = Grants.orNone(rule.getMatches());
    if (matches.isEmpty()) {
      matches = List.of(new GRPCRouteMatch());
    }
    List<Draft.Weighed> all = new ArrayList<>();
    for (GRPCRouteMatch each : matches) {
      @Nullable GRPCMethodMatch method = each.getMethod();
      String service = method == null ? "" : Objects.requireNonNullElse(method.getService(), "");
      String name = method == null ? "" : Objects.requireNonNullElse(method.getMethod(), "");
      @Nullable String type = method == null ? null : method.getType();
      List<Match.Value> headers = new ArrayList<>(headers(each));
      List<Integer> weights = List.of(service.length(), name.length(), headers.size());
      headers.add(IS_GRPC);
      Match match = new Match(path(type, service, name), null, headers, List.of());
      all.add(
          new Draft.Weighed(new Rule(source, match, filters.all(), action, null, null), weights));
    }
    return all;
  }

  private Match.Path path(@Nullable String type, String service, String method)
      throws UnsupportedException {
    return switch (type == null ? "Exact" : type) {
      case "Exact" -> {
        if (method.isEmpty()) {
          yield new Match.Path.Prefix("/" + service);
        }
        yield service.isEmpty()
            ? new Match.Path.Expression(texts.expression("/" + ANY + "/" + Pattern.quote(method)))
            : new Match.Path.Exact("/" + service + "/" + method);
      }
      case "RegularExpression" ->
          new Match.Path.Expression(texts.expression("/" + part(service) + "/" + part(method)));
      default -> throw UnsupportedException.value("no method is matched by type " + type);
    };
  }

  private static String part(String expression) {
    return expression.isEmpty() ? ANY : "(?:" + expression + ")";
  }

  private List<Match.Value> headers(GRPCRouteMatch match) throws UnsupportedException {
    return texts.values(
        Grants.orNone(match.getHeaders()).stream()
            .map(each -> new Texts.Named(each.getType(), each.getName(), each.getValue()))
            .toList(),
        true);
  }

  private Rule.Action action(GRPCRouteRule rule) throws UnsupportedException {
    List<Rule.Weighted> backends = new ArrayList<>();
    for (GRPCBackendRef each : Grants.orNone(rule.getBackendRefs())) {
      backends.add(
          new Rule.Weighted(
              Objects.requireNonNullElse(each.getWeight(), 1),
              references.find(
                  new References.Reference(
                      each.getGroup(),
                      each.getKind(),
                      each.getNamespace(),
                      each.getName(),
                      each.getPort())),
              Filters.of(Filters.ofGrpc(each.getFilters()), null, references).all()));
    }
    return references.action(backends);
  }
}
