// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// HTTP header fields; names without regard to case, kept in lower case as HTTP/2 sends them. Not
/// safe for several threads.
public final class Headers {
  private final TreeMap<String, List<String>> fields = new TreeMap<>();

  /// Adds a value and returns this.
  public Headers add(String name, String value) {
    fields.computeIfAbsent(name.toLowerCase(Locale.ROOT), _ -> new ArrayList<>(1)).add(value);
    return this;
  }

  /// Replaces all values and returns this.
  public Headers set(String name, String value) {
    fields.remove(name.toLowerCase(Locale.ROOT));
    return add(name, value);
  }

  /// Takes all values out.
  public void remove(String name) {
    fields.remove(name.toLowerCase(Locale.ROOT));
  }

  public @Nullable String first(String name) {
    List<String> all = fields.get(name.toLowerCase(Locale.ROOT));
    return all == null ? null : all.getFirst();
  }

  public List<String> all(String name) {
    return fields.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
  }

  public Map<String, List<String>> asMap() {
    return fields;
  }
}
