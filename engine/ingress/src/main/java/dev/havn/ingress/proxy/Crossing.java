// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import dev.havn.ingress.routing.Filter.Cors;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Answers for other sites (Fetch, section 3.2).
final class Crossing {
  private static final String ANY = "*";
  private static final String EXPOSED = "access-control-expose-headers";

  private Crossing() {}

  static boolean isPreflight(Incoming incoming) {
    HttpHeaders headers = incoming.request().headers();
    return incoming.asked().method().equals("OPTIONS")
        && headers.contains(HttpHeaderNames.ORIGIN)
        && headers.contains(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD);
  }

  /// Of a preflight; empty when the origin may not.
  static Map<String, String> permission(Cors cors, Incoming incoming) {
    HttpHeaders headers = incoming.request().headers();
    Map<String, String> answer = new LinkedHashMap<>(origin(cors, headers));
    if (answer.isEmpty()) {
      return answer;
    }
    String method = headers.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD, "");
    answer.put(
        "access-control-allow-methods",
        cors.methods().contains(ANY) ? method : String.join(", ", cors.methods()));
    String asked = headers.get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS, "");
    String allowed = cors.headers().contains(ANY) ? asked : String.join(", ", cors.headers());
    if (!allowed.isEmpty()) {
      answer.put("access-control-allow-headers", allowed);
    }
    if (!cors.exposed().isEmpty()) {
      answer.put(EXPOSED, String.join(", ", cors.exposed()));
    }
    answer.put("access-control-max-age", String.valueOf(cors.maxAgeSeconds()));
    return answer;
  }

  /// Of any other request.
  static void permit(Cors cors, HttpHeaders request, HttpHeaders answer) {
    Map<String, String> origin = origin(cors, request);
    if (origin.isEmpty()) {
      return;
    }
    origin.forEach(answer::set);
    if (!cors.exposed().isEmpty()) {
      answer.set(EXPOSED, String.join(", ", cors.exposed()));
    }
  }

  private static Map<String, String> origin(Cors cors, HttpHeaders request) {
    String origin = request.get(HttpHeaderNames.ORIGIN, "");
    if (origin.isEmpty() || cors.origins().stream().noneMatch(each -> fits(each, origin))) {
      return Map.of();
    }
    Map<String, String> answer = new LinkedHashMap<>();
    boolean any = cors.origins().equals(List.of(ANY)) && !cors.credentials();
    answer.put("access-control-allow-origin", any ? ANY : origin);
    if (cors.credentials()) {
      answer.put("access-control-allow-credentials", "true");
    }
    if (!any) {
      answer.put("vary", "Origin");
    }
    return answer;
  }

  private static boolean fits(String allowed, String origin) {
    if (allowed.equals(ANY) || allowed.equalsIgnoreCase(origin)) {
      return true;
    }
    int star = allowed.indexOf("://*.");
    return star >= 0
        && origin.regionMatches(true, 0, allowed, 0, star + 3)
        && origin.length() > allowed.length() - 1
        && origin.regionMatches(
            true,
            origin.length() - (allowed.length() - star - 4),
            allowed,
            star + 4,
            allowed.length() - star - 4);
  }
}
