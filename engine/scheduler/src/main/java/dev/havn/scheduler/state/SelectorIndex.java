// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import dev.havn.scheduler.state.Selector.Requirement;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Finds those of many selectors that may match given labels without asking all: each is filed
/// under the values of the first label it names values for.
final class SelectorIndex<T> {
  private final Map<String, Map<String, Set<T>>> byValue = new HashMap<>();
  private final Set<T> others = new LinkedHashSet<>();

  void put(Selector selector, T item) {
    @Nullable Requirement anchor = anchor(selector);
    if (anchor == null) {
      others.add(item);
      return;
    }
    Map<String, Set<T>> values = byValue.computeIfAbsent(anchor.key(), _ -> new HashMap<>());
    anchor
        .values()
        .forEach(value -> values.computeIfAbsent(value, _ -> new LinkedHashSet<>()).add(item));
  }

  void remove(Selector selector, T item) {
    @Nullable Requirement anchor = anchor(selector);
    if (anchor == null) {
      others.remove(item);
      return;
    }
    @Nullable Map<String, Set<T>> values = byValue.get(anchor.key());
    if (values == null) {
      return;
    }
    for (String value : anchor.values()) {
      @Nullable Set<T> items = values.get(value);
      if (items != null && items.remove(item) && items.isEmpty()) {
        values.remove(value);
      }
    }
    if (values.isEmpty()) {
      byValue.remove(anchor.key());
    }
  }

  private static @Nullable Requirement anchor(Selector selector) {
    for (Requirement each : selector.requirements()) {
      if (each.operator().equals("In")) {
        return each;
      }
    }
    return null;
  }

  /// Tells of all that may match; whoever is told asks again.
  void candidates(Map<String, String> labels, Consumer<T> told) {
    others.forEach(told);
    if (byValue.isEmpty()) {
      return;
    }
    labels.forEach(
        (key, value) -> {
          @Nullable Map<String, Set<T>> values = byValue.get(key);
          @Nullable Set<T> items = values == null ? null : values.get(value);
          if (items != null) {
            items.forEach(told);
          }
        });
  }
}
