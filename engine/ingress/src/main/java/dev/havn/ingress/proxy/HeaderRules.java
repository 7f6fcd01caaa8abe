// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Filter;
import dev.havn.ingress.routing.Rule;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Set;

/// What of headers is for the next server only, and what the next server is told.
final class HeaderRules {
  private static final List<String> HOP_BY_HOP =
      List.of("keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade");

  /// What says how long a body is stays, whatever a client lists under `Connection`.
  private static final Set<String> NEVER_DROPPED =
      Set.of("transfer-encoding", "content-length", "host", "authorization");

  /// Which proxies a request went through. Not `Via`, for which many servers stop to compress.
  static final String HOP = "x-havn-hop";

  private HeaderRules() {}

  /// Takes away what is for this server only (RFC 9110, section 7.6.1).
  static void withoutHops(HttpHeaders headers) {
    boolean takesTrailers =
        headers.getAll(HttpHeaderNames.TE).stream().anyMatch(each -> each.contains("trailers"));
    for (String line : headers.getAll(HttpHeaderNames.CONNECTION)) {
      for (String name : line.split(",", -1)) {
        String lower = name.strip().toLowerCase(java.util.Locale.ROOT);
        if (!lower.isEmpty() && !NEVER_DROPPED.contains(lower)) {
          headers.remove(lower);
        }
      }
    }
    headers.remove(HttpHeaderNames.CONNECTION);
    HOP_BY_HOP.forEach(headers::remove);
    if (takesTrailers) {
      headers.set(HttpHeaderNames.TE, "trailers");
    }
    // Netty's own, of streams.
    headers.remove("x-http2-stream-id");
    headers.remove("x-http2-scheme");
    headers.remove("x-http2-path");
    headers.remove("x-http2-stream-weight");
    headers.remove("x-http2-stream-dependency-id");
    headers.remove("x-http2-stream-promise-id");
  }

  /// Who asks, and for what. This is the first server that the client meets: what it says about
  /// others before is its own invention.
  static void forwarded(HttpHeaders headers, Incoming incoming, Connection connection, String hop) {
    headers.remove("forwarded");
    headers.set("x-forwarded-for", connection.client());
    headers.set("x-forwarded-proto", connection.scheme());
    headers.set("x-forwarded-host", incoming.authority());
    headers.set("x-forwarded-port", port(incoming.authority(), connection));
    headers.set("x-real-ip", connection.client());
    headers.add(HOP, hop);
  }

  private static String port(String authority, Connection connection) {
    int colon = authority.lastIndexOf(':');
    boolean named = colon > authority.lastIndexOf(']') && colon < authority.length() - 1;
    return named ? authority.substring(colon + 1) : String.valueOf(connection.secure() ? 443 : 80);
  }

  static void apply(List<Filter> filters, boolean ofAnswer, HttpHeaders headers) {
    for (Filter filter : filters) {
      if (filter instanceof Filter.Headers change && change.ofAnswer() == ofAnswer) {
        change.set().forEach(headers::set);
        change.add().forEach(headers::add);
        change.remove().forEach(headers::remove);
      }
    }
  }

  /// Another host or path; the first filter that has one counts.
  static void rewrite(Rule rule, Incoming incoming) {
    for (Filter filter : rule.filters()) {
      if (filter instanceof Filter.Rewrite rewrite) {
        if (rewrite.hostname() != null) {
          incoming.request().headers().set(HttpHeaderNames.HOST, rewrite.hostname());
        }
        if (rewrite.path() != null) {
          String query = incoming.path().query() == null ? "" : "?" + incoming.path().query();
          incoming.request().setUri(rewrite.path().apply(incoming.path().raw()) + query);
        }
      }
    }
  }
}
