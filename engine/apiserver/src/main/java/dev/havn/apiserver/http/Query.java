// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Decoded query parameters, each name with its values in order.
public record Query(Map<String, List<String>> values) {

  /// The first value, or null when the parameter is absent.
  public @Nullable String first(String name) {
    List<String> all = values.get(name);
    return all == null || all.isEmpty() ? null : all.getFirst();
  }

  public List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }
}
