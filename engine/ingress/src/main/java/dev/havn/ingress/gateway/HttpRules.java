// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Match;
import dev.havn.ingress.routing.Rule;
import dev.havn.ingress.rules.Observed;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPBackendRef;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPPathMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteMatch;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteRule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteTimeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What an HTTPRoute means.
///
/// Of the matches that fit a request an exact path wins, then a regular expression, then the
/// longest prefix; then one with a method, the one with most headers, the one with most parameters.
///
/// @param source of the rules, for whoever asks where one comes from
record HttpRules(References references, Texts texts, String source) {
  private static final int EXACT = 2;
  private static final int EXPRESSION = 1;
  private static final int PREFIX = 0;

  static RouteRules of(HTTPRoute route, Observed observed, Grants grants, Expressions expressions) {
    String namespace = route.getMetadata().getNamespace();
    References references = new References(observed, grants, "HTTPRoute", namespace, false);
    Draft draft = new Draft(route, false);
    HttpRules rules =
        new HttpRules(references, new Texts(expressions), "HTTPRoute " + draft.name());
    List<HTTPRouteRule> all = Grants.orNone(route.getSpec().getRules());
    if (all.isEmpty()) {
      all = List.of(new HTTPRouteRule());
    }
    draft.add(all, rules::of);
    return draft.done(
        route.getSpec().getParentRefs(),
        route.getSpec().getHostnames(),
        route.getStatus() == null ? null : route.getStatus().getParents(),
        references.finding());
  }

  private List<Draft.Weighed> of(HTTPRouteRule rule) throws UnsupportedException {
    if (rule.getRetry() != null) {
      throw UnsupportedException.value("retry is not served");
    }
    if (rule.getSessionPersistence() != null) {
      throw UnsupportedException.value("sessionPersistence is not served");
    }
    @Nullable HTTPRouteTimeouts timeouts = rule.getTimeouts();
    @Nullable Duration whole = timeouts == null ? null : Texts.time(timeouts.getRequest());
    @Nullable Duration one = timeouts == null ? null : Texts.time(timeouts.getBackendRequest());
    List<HTTPRouteMatch> matches = Grants.orNone(rule.getMatches());
    if (matches.isEmpty()) {
      matches = List.of(new HTTPRouteMatch());
    }
    List<Draft.Weighed> all = new ArrayList<>();
    for (HTTPRouteMatch each : matches) {
      @Nullable HTTPPathMatch path = each.getPath();
      String type =
          path == null ? "PathPrefix" : Objects.requireNonNullElse(path.getType(), "PathPrefix");
      String value = path == null ? "/" : Objects.requireNonNullElse(path.getValue(), "/");
      Filters filters =
          Filters.of(rule.getFilters(), type.equals("PathPrefix") ? value : null, references);
      Match match = new Match(path(type, value), each.getMethod(), headers(each), parameters(each));
      all.add(
          new Draft.Weighed(
              new Rule(
                  source,
                  match,
                  filters.all(),
                  action(rule, filters, type.equals("PathPrefix") ? value : null),
                  whole,
                  one),
              weights(match)));
    }
    return all;
  }

  private Match.Path path(String type, String value) throws UnsupportedException {
    return switch (type) {
      case "Exact" -> new Match.Path.Exact(Texts.path(value));
      case "PathPrefix" -> new Match.Path.Prefix(Texts.path(value));
      case "RegularExpression" -> new Match.Path.Expression(texts.expression(value));
      default -> throw UnsupportedException.value("no path is matched by type " + type);
    };
  }

  private List<Match.Value> headers(HTTPRouteMatch match) throws UnsupportedException {
    return texts.values(
        Grants.orNone(match.getHeaders()).stream()
            .map(each -> new Texts.Named(each.getType(), each.getName(), each.getValue()))
            .toList(),
        true);
  }

  private List<Match.Value> parameters(HTTPRouteMatch match) throws UnsupportedException {
    return texts.values(
        Grants.orNone(match.getQueryParams()).stream()
            .map(each -> new Texts.Named(each.getType(), each.getName(), each.getValue()))
            .toList(),
        false);
  }

  private static List<Integer> weights(Match match) {
    return List.of(
        switch (match.path()) {
          case Match.Path.Exact _ -> EXACT;
          case Match.Path.Expression _ -> EXPRESSION;
          case Match.Path.Prefix _ -> PREFIX;
        },
        match.path() instanceof Match.Path.Prefix prefix ? prefix.path().length() : 0,
        match.method() == null ? 0 : 1,
        match.headers().size(),
        match.parameters().size());
  }

  private Rule.Action action(HTTPRouteRule rule, Filters filters, @Nullable String prefix)
      throws UnsupportedException {
    if (filters.redirect() != null) {
      return filters.redirect();
    }
    List<Rule.Weighted> backends = new ArrayList<>();
    for (HTTPBackendRef each : Grants.orNone(rule.getBackendRefs())) {
      Filters own = Filters.of(each.getFilters(), prefix, references);
      if (own.redirect() != null) {
        throw UnsupportedException.value("RequestRedirect is for rules, not for their backends");
      }
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
              own.all()));
    }
    return references.action(backends);
  }
}
