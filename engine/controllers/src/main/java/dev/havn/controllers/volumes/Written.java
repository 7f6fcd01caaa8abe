// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A cache together with what has been written and does not show in it yet: a volume that was given
/// to one claim must not be free for the next. Holds an object until the cache has it, or a later
/// revision of it, or has seen it go.
final class Written<T extends HasMetadata> {
  private final Informer<T> cache;
  private final Map<Key, T> written = new ConcurrentHashMap<>();

  Written(Informer<T> cache) {
    this.cache = cache;
    cache.onChange(
        (before, after) -> {
          if (after != null) {
            written.computeIfPresent(
                Informer.keyOf(after), (_, mine) -> isLater(mine, after) ? mine : null);
          } else if (before != null) {
            written.remove(Informer.keyOf(before));
          }
        });
  }

  /// Revisions of one kind are numbers that grow (KEP-5504).
  private boolean isLater(T mine, T shown) {
    return revision(mine) > revision(shown);
  }

  private static long revision(HasMetadata object) {
    return Long.parseLong(object.getMetadata().getResourceVersion());
  }

  void wrote(T object) {
    Key key = Informer.keyOf(object);
    @Nullable T shown = cache.get(key.namespace(), key.name());
    if (shown != null && isLater(object, shown)) {
      written.put(key, object);
    }
  }

  @Nullable T get(String namespace, String name) {
    @Nullable T mine = written.get(new Key(namespace, name));
    return mine == null ? cache.get(namespace, name) : mine;
  }

  /// What the cache shows, as it was written last.
  T latest(T shown) {
    return written.getOrDefault(Informer.keyOf(shown), shown);
  }
}
