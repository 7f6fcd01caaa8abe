// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.proxy;

import dev.havn.apiserver.http.Headers;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Headers that are about one connection and not about the message (RFC 9110, section 7.6.1).
public final class HopByHop {
  private static final Set<String> ALWAYS =
      Set.of(
          "connection",
          "expect",
          "host",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private HopByHop() {}

  /// The headers without those, and without those that `Connection` names.
  public static Headers without(Headers headers) {
    Set<String> dropped = new HashSet<>(ALWAYS);
    for (String value : headers.all("connection")) {
      Arrays.stream(value.split(","))
          .forEach(name -> dropped.add(name.strip().toLowerCase(Locale.ROOT)));
    }
    Headers kept = new Headers();
    headers
        .asMap()
        .forEach(
            (name, values) -> {
              if (!dropped.contains(name)) {
                values.forEach(value -> kept.add(name, value));
              }
            });
    return kept;
  }

  /// The protocol to which a connection is to be upgraded, or null when it is not.
  public static @Nullable String upgrade(Headers headers) {
    List<String> connection = headers.all("connection");
    boolean asked =
        connection.stream()
            .flatMap(value -> Arrays.stream(value.split(",")))
            .anyMatch(name -> name.strip().equalsIgnoreCase("upgrade"));
    return asked ? headers.first("upgrade") : null;
  }
}
