// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.Rule;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.BackendObjectReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Fraction;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRouteFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPCORSFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeader;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPHeaderFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPPathModifier;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRequestMirrorFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRequestRedirectFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteFilter;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPURLRewriteFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The filters of a rule or of a backend.
///
/// @param redirect where requests are sent instead of to a backend, or null
record Filters(List<Filter> all, Rule.@Nullable Redirect redirect) {
  private static final int MILLION = 1_000_000;
  private static final int PERCENT = 10_000;
  private static final int FOUND = 302;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MAX_AGE_SECONDS = 5;

  /// @param prefix that the rule's path is matched by, or null when it is matched otherwise
  /// @throws UnsupportedException for a filter that is not known: it is not to be passed over
  static Filters of(
      @Nullable List<HTTPRouteFilter> filters, @Nullable String prefix, References references)
      throws UnsupportedException {
    List<Filter> all = new ArrayList<>();
    Rule.@Nullable Redirect redirect = null;
    for (HTTPRouteFilter each : Grants.orNone(filters)) {
      String type = String.valueOf(each.getType());
      switch (type) {
        case "RequestHeaderModifier" ->
            all.add(headers(needed(each.getRequestHeaderModifier(), type), false));
        case "ResponseHeaderModifier" ->
            all.add(headers(needed(each.getResponseHeaderModifier(), type), true));
        case "RequestMirror" -> all.add(mirror(needed(each.getRequestMirror(), type), references));
        case "URLRewrite" -> all.add(rewrite(needed(each.getUrlRewrite(), type), prefix));
        case "CORS" -> all.add(cors(needed(each.getCors(), type)));
        case "RequestRedirect" ->
            redirect = redirect(needed(each.getRequestRedirect(), type), prefix);
        default -> throw UnsupportedException.value("no filter " + type + " is known");
      }
    }
    if (redirect != null && all.stream().anyMatch(Filter.Rewrite.class::isInstance)) {
      throw new UnsupportedException(
          "IncompatibleFilters", "RequestRedirect and URLRewrite exclude each other");
    }
    return new Filters(all, redirect);
  }

  /// Those of gRPC are a part of those of HTTP.
  static List<HTTPRouteFilter> ofGrpc(@Nullable List<GRPCRouteFilter> filters) {
    List<HTTPRouteFilter> all = new ArrayList<>();
    for (GRPCRouteFilter each : Grants.orNone(filters)) {
      HTTPRouteFilter same = new HTTPRouteFilter();
      same.setType(each.getType());
      same.setRequestHeaderModifier(each.getRequestHeaderModifier());
      same.setResponseHeaderModifier(each.getResponseHeaderModifier());
      same.setRequestMirror(each.getRequestMirror());
      all.add(same);
    }
    return all;
  }

  private static <T> T needed(@Nullable T settings, String type) throws UnsupportedException {
    if (settings == null) {
      throw UnsupportedException.value("the filter " + type + " says nothing");
    }
    return settings;
  }

  private static Filter headers(HTTPHeaderFilter filter, boolean ofAnswer) {
    return new Filter.Headers(
        ofAnswer,
        byName(filter.getSet()),
        byName(filter.getAdd()),
        Grants.orNone(filter.getRemove()));
  }

  /// Of several with equal names the first counts.
  private static Map<String, String> byName(@Nullable List<HTTPHeader> headers) {
    Map<String, String> seen = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    Map<String, String> all = new LinkedHashMap<>();
    for (HTTPHeader each : Grants.orNone(headers)) {
      String value = Objects.requireNonNullElse(each.getValue(), "");
      if (seen.putIfAbsent(each.getName(), value) == null) {
        all.put(each.getName(), value);
      }
    }
    return all;
  }

  private static Filter mirror(HTTPRequestMirrorFilter filter, References references)
      throws UnsupportedException {
    BackendObjectReference to = needed(filter.getBackendRef(), "RequestMirror");
    @Nullable Fraction fraction = filter.getFraction();
    int share = MILLION;
    if (filter.getPercent() != null) {
      share = filter.getPercent() * PERCENT;
    } else if (fraction != null) {
      int denominator = Objects.requireNonNullElse(fraction.getDenominator(), 100);
      int numerator = Objects.requireNonNullElse(fraction.getNumerator(), 0);
      if (denominator <= 0) {
        throw UnsupportedException.value("the denominator of a fraction is more than 0");
      }
      share = Math.clamp((long) numerator * MILLION / denominator, 0, MILLION);
    }
    return new Filter.Mirror(
        references.find(
            new References.Reference(
                to.getGroup(), to.getKind(), to.getNamespace(), to.getName(), to.getPort())),
        share);
  }

  private static Filter rewrite(HTTPURLRewriteFilter filter, @Nullable String prefix)
      throws UnsupportedException {
    return new Filter.Rewrite(filter.getHostname(), path(filter.getPath(), prefix));
  }

  private static Filter.@Nullable PathChange path(
      @Nullable HTTPPathModifier modifier, @Nullable String prefix) throws UnsupportedException {
    if (modifier == null) {
      return null;
    }
    return switch (String.valueOf(modifier.getType())) {
      case "ReplaceFullPath" ->
          new Filter.PathChange(null, needed(modifier.getReplaceFullPath(), "ReplaceFullPath"));
      case "ReplacePrefixMatch" -> {
        if (prefix == null) {
          throw UnsupportedException.value(
              "ReplacePrefixMatch needs a path of type PathPrefix in each match");
        }
        yield new Filter.PathChange(
            prefix, needed(modifier.getReplacePrefixMatch(), "ReplacePrefixMatch"));
      }
      default -> throw UnsupportedException.value("no path modifier " + modifier.getType());
    };
  }

  private static Rule.Redirect redirect(HTTPRequestRedirectFilter filter, @Nullable String prefix)
      throws UnsupportedException {
    int status = Objects.requireNonNullElse(filter.getStatusCode(), FOUND);
    if (!REDIRECTS.contains(status)) {
      throw UnsupportedException.value("no redirect has the status " + status);
    }
    @Nullable String scheme = filter.getScheme();
    return new Rule.Redirect(
        status,
        scheme == null ? null : scheme.toLowerCase(Locale.ROOT),
        filter.getHostname(),
        filter.getPort(),
        path(filter.getPath(), prefix));
  }

  private static Filter cors(HTTPCORSFilter filter) {
    return new Filter.Cors(
        Grants.orNone(filter.getAllowOrigins()),
        Boolean.TRUE.equals(filter.getAllowCredentials()),
        Grants.orNone(filter.getAllowMethods()),
        Grants.orNone(filter.getAllowHeaders()),
        Grants.orNone(filter.getExposeHeaders()),
        Objects.requireNonNullElse(filter.getMaxAge(), MAX_AGE_SECONDS));
  }
}
