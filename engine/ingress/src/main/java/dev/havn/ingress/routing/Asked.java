// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What of a request decides about its way.
///
/// @param host without a port, in lower case
/// @param path decoded as far as that cannot change its segments
/// @param query the first value of each parameter
/// @param headers the values of a header joined by commas, null for none
public record Asked(
    String method,
    String host,
    String path,
    List<Parameter> query,
    Function<String, @Nullable String> headers) {

  /// Of a query, decoded.
  public record Parameter(String name, String value) {}

  @Nullable String parameter(String name) {
    for (Parameter each : query) {
      if (each.name().equals(name)) {
        return each.value();
      }
    }
    return null;
  }
}
