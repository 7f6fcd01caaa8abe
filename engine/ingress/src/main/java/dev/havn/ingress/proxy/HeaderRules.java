// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Filter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What of headers is for the next server only, and what the next server is told.
final class HeaderRules {
  private static final List<String> HOP_BY_HOP =
      List.of("keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade");

  /// What says how long a body is stays, whatever a client lists under `Connection`.
  private static final Set<String> NEVER_DROPPED =
      Set.of("transfer-encoding", "content-length", "host", "authorization");

  /// What only this server says: where a body ends, for whom a connection is, who asks.
  private static final Set<String> OWN =
      Set.of(
          "connection",
          "content-length",
          "forwarded",
          "host",
          "http2-settings",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "x-havn-hop",
          "x-real-ip");

  /// What a server decides by before the end of a body is there (RFC 9110, section 6.5.1).
  private static final Set<String> NO_TRAILERS =
      Set.of(
          "authorization",
          "cache-control",
          "content-encoding",
          "content-range",
          "content-type",
          "cookie",
          "set-cookie");

  /// Which proxies a request went through. Not `Via`, for which many servers stop to compress.
  static final String HOP = "x-havn-hop";

  private HeaderRules() {}

  /// Takes away what is for this server only (RFC 9110, section 7.6.1).
  static void withoutHops(HttpHeaders headers) {
    boolean takesTrailers =
        headers.getAll(HttpHeaderNames.TE).stream().anyMatch(each -> each.contains("trailers"));
    for (String line : headers.getAll(HttpHeaderNames.CONNECTION)) {
      for (String name : line.split(",", -1)) {
        String lower = name.strip().toLowerCase(Locale.ROOT);
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
    // For CGI and its heirs they are the same names as those that are set here.
    for (String name : headers.names()) {
      if (name.indexOf('_') >= 0 && isOwn(name)) {
        headers.remove(name);
      }
    }
    headers.remove("forwarded");
    headers.set("x-forwarded-for", connection.client());
    headers.set("x-forwarded-proto", connection.scheme());
    headers.set("x-forwarded-host", incoming.authority());
    headers.set("x-forwarded-port", port(incoming.authority(), connection));
    headers.set("x-real-ip", connection.client());
    headers.add(HOP, hop);
  }

  private static boolean isOwn(String name) {
    String plain = name.toLowerCase(Locale.ROOT).replace('_', '-');
    return OWN.contains(plain) || plain.startsWith("x-forwarded-");
  }

  /// Leaves what may stand behind a body.
  static void trailers(HttpHeaders trailers) {
    if (trailers.isEmpty()) {
      return;
    }
    for (String name : trailers.names()) {
      if (isOwn(name) || NO_TRAILERS.contains(name.toLowerCase(Locale.ROOT))) {
        trailers.remove(name);
      }
    }
  }

  private static String port(String authority, Connection connection) {
    int colon = authority.lastIndexOf(':');
    boolean named = colon > authority.lastIndexOf(']') && colon < authority.length() - 1;
    return named ? authority.substring(colon + 1) : String.valueOf(connection.secure() ? 443 : 80);
  }

  /// Connections are shared with routes of others, so no route says where its bodies end. The host
  /// is for rewrites.
  static void apply(List<Filter> filters, boolean ofAnswer, HttpHeaders headers) {
    for (Filter filter : filters) {
      if (filter instanceof Filter.Headers change && change.ofAnswer() == ofAnswer) {
        change.set().forEach((name, value) -> unlessOwn(name, () -> headers.set(name, value)));
        change.add().forEach((name, value) -> unlessOwn(name, () -> headers.add(name, value)));
        change.remove().forEach(name -> unlessOwn(name, () -> headers.remove(name)));
      }
    }
  }

  private static void unlessOwn(String name, Runnable change) {
    if (!isOwn(name)) {
      change.run();
    }
  }

  /// Another host or path; the last filter that has one counts, which is that of a backend. What is
  /// replaced of a path is what was compared, so not as the client spelled it.
  static void rewrite(List<Filter> filters, Incoming incoming) {
    for (Filter filter : filters) {
      if (filter instanceof Filter.Rewrite rewrite) {
        if (rewrite.hostname() != null) {
          incoming.request().headers().set(HttpHeaderNames.HOST, rewrite.hostname());
        }
        if (rewrite.path() != null) {
          String query = incoming.path().query() == null ? "" : "?" + incoming.path().query();
          incoming.request().setUri(rewrite.path().apply(incoming.path().decoded()) + query);
        }
      }
    }
  }
}
