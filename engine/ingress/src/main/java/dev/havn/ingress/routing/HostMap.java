// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something for each name of a host: a whole name, `*.` and a suffix, or empty for any.
///
/// @param oneLabel whether a star stands for one label only, as in an Ingress; else for one or
///   more, as in the Gateway API
public record HostMap<T>(Map<String, T> byName, boolean oneLabel) {
  public HostMap {
    Map<String, T> lower = new LinkedHashMap<>();
    byName.forEach((name, value) -> lower.put(name.toLowerCase(Locale.ROOT), value));
    byName = lower;
  }

  /// What stands for a host, the most specific first.
  ///
  /// @param host without a port, in lower case
  public List<T> all(String host) {
    List<T> found = new ArrayList<>(3);
    @Nullable T exact = host.isEmpty() ? null : byName.get(host);
    if (exact != null) {
      found.add(exact);
    }
    for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      @Nullable T wildcard = dot == 0 ? null : byName.get("*" + host.substring(dot));
      if (wildcard != null) {
        found.add(wildcard);
      }
      if (oneLabel) {
        break;
      }
    }
    @Nullable T any = byName.get("");
    if (any != null) {
      found.add(any);
    }
    return found;
  }

  /// The most specific one.
  public @Nullable T best(String host) {
    List<T> found = all(host);
    return found.isEmpty() ? null : found.getFirst();
  }
}
