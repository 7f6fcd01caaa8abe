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
/// under the values of one label that it names values for, the one with the fewest others there, so
/// that what all of an application's parts have in common tells little.
final class SelectorIndex<T> {
  private final Map<String, Map<String, Set<T>>> byValue = new HashMap<>();
  private final Set<T> others = new LinkedHashSet<>();
  private final Map<T, Requirement> anchors = new HashMap<>();

  void put(Selector selector, T item) {
    @Nullable Requirement anchor = anchor(selector);
    if (anchor == null) {
      others.add(item);
      return;
    }
    anchors.put(item, anchor);
    Map<String, Set<T>> values = byValue.computeIfAbsent(anchor.key(), _ -> new HashMap<>());
    anchor
        .values()
        .forEach(value -> values.computeIfAbsent(value, _ -> new LinkedHashSet<>()).add(item));
  }

  void remove(T item) {
    @Nullable Requirement anchor = anchors.remove(item);
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

  private @Nullable Requirement anchor(Selector selector) {
    @Nullable Requirement best = null;
    int fewest = Integer.MAX_VALUE;
    for (Requirement each : selector.requirements()) {
      if (each.operator().equals("In")) {
        int filed = filed(each);
        if (filed < fewest) {
          best = each;
          fewest = filed;
        }
      }
    }
    return best;
  }

  private int filed(Requirement requirement) {
    @Nullable Map<String, Set<T>> values = byValue.get(requirement.key());
    int filed = 0;
    if (values != null) {
      for (String value : requirement.values()) {
        filed += values.getOrDefault(value, Set.of()).size();
      }
    }
    return filed;
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
