// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.proxy.HopByHop;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Tells another server who asks, in the headers that it takes from the front proxy alone. What a
/// client sends under these names, and what it has proven itself with, stays here.
final class RemoteUser {
  private static final List<String> DROPPED = List.of("impersonate-", "x-remote-");

  /// Characters of a token besides letters and digits (RFC 9110, section 5.6.2), without `%`, which
  /// escapes.
  private static final String TOKEN = "!#$&'*+-.^_`|~";

  private RemoteUser() {}

  /// The headers of a request as they are passed on.
  static Headers headers(Request request, UserInfo user, String host) {
    Headers headers = new Headers();
    HopByHop.without(request.headers())
        .asMap()
        .forEach(
            (name, values) -> {
              // Some servers take an underscore for a hyphen.
              String plain = name.replace('_', '-');
              if (!plain.equals("authorization") && DROPPED.stream().noneMatch(plain::startsWith)) {
                values.forEach(value -> headers.add(name, value));
              }
            });
    add(headers, user);
    forwarded(headers, request.target(), host);
    String client = request.remoteAddress().replaceFirst("^[^/]*/", "").replaceFirst(":\\d+$", "");
    @Nullable String before = headers.first("x-forwarded-for");
    headers.set("x-forwarded-for", before == null ? client : before + ", " + client);
    return headers;
  }

  /// The headers of a request of this server's own.
  static Headers headers(UserInfo user, String target, String accept, String host) {
    Headers headers = new Headers().set("accept", accept);
    add(headers, user);
    forwarded(headers, target, host);
    return headers;
  }

  private static void add(Headers headers, UserInfo user) {
    headers.set("x-remote-user", wire(user.name()));
    if (!user.uid().isEmpty()) {
      headers.set("x-remote-uid", wire(user.uid()));
    }
    user.groups().forEach(group -> headers.add("x-remote-group", wire(group)));
    user.extra()
        .forEach(
            (key, values) ->
                values.forEach(
                    value -> headers.add("x-remote-extra-" + escaped(key), wire(value))));
  }

  /// A text as a header carries it, byte by byte: in UTF-8, so that no two users become one.
  private static String wire(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static void forwarded(Headers headers, String target, String host) {
    headers.set("x-forwarded-host", host).set("x-forwarded-proto", "https");
    headers.set("x-forwarded-uri", target.replaceFirst("\\?.*", ""));
  }

  private static String escaped(String key) {
    StringBuilder text = new StringBuilder();
    for (byte each : key.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          (each >= 'a' && each <= 'z')
              || (each >= 'A' && each <= 'Z')
              || (each >= '0' && each <= '9')
              || (each > 0 && TOKEN.indexOf(each) >= 0);
      text.append(plain ? String.valueOf((char) each) : "%%%02x".formatted(each & 0xff));
    }
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
