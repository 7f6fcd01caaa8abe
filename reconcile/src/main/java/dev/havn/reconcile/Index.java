// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The objects of an [Informer] by something else than their names, such as who controls them: who
/// wants those of one owner need not look at all there are. An object stands under none, one or
/// several terms, which are computed from it alone whenever it changes.
public final class Index<T> {
  private final Function<T, ? extends Collection<String>> terms;
  private final Map<String, Map<Reconciler.Key, T>> byTerm = new ConcurrentHashMap<>();

  Index(Function<T, ? extends Collection<String>> terms) {
    this.terms = terms;
  }

  /// The objects under a term, in no order; shared as the informer's are.
  public List<T> list(String term) {
    @Nullable Map<Reconciler.Key, T> here = byTerm.get(term);
    return here == null ? new ArrayList<>() : new ArrayList<>(here.values());
  }

  /// Whether any object stands under a term.
  public boolean has(String term) {
    return byTerm.containsKey(term);
  }

  /// First where it is now, so that no reader finds it nowhere.
  void change(Reconciler.Key key, @Nullable T before, @Nullable T after) {
    Set<String> now = after == null ? Set.of() : new HashSet<>(terms.apply(after));
    for (String term : now) {
      if (after != null) {
        byTerm.computeIfAbsent(term, _ -> new ConcurrentHashMap<>()).put(key, after);
      }
    }
    if (before != null) {
      terms.apply(before).stream().filter(term -> !now.contains(term)).forEach(t -> drop(t, key));
    }
  }

  private void drop(String term, Reconciler.Key key) {
    byTerm.computeIfPresent(
        term,
        (_, here) -> {
          here.remove(key);
          return here.isEmpty() ? null : here;
        });
  }
}
