// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a controller has written and its cache has not shown yet, so that it does not write it
/// twice.
public final class PendingWrites {
  private final Map<Key, Set<String>> byOwner = new HashMap<>();

  /// Notes that the cache must show `write` before `owner` is worked on again.
  public synchronized void expect(Key owner, String write) {
    byOwner.computeIfAbsent(owner, _ -> new HashSet<>()).add(write);
  }

  /// Whether everything written for `owner` can be seen.
  ///
  /// @param isSeen whether the cache shows what was written
  public synchronized boolean isSeen(Key owner, Predicate<String> isSeen) {
    Set<String> pending = byOwner.get(owner);
    if (pending == null) {
      return true;
    }
    pending.removeIf(isSeen);
    if (pending.isEmpty()) {
      byOwner.remove(owner);
      return true;
    }
    return false;
  }

  /// What to expect of an object that was deleted: that it goes, and not another of its name.
  public static String deletion(HasMetadata object) {
    return "-" + object.getMetadata().getName() + "/" + object.getMetadata().getUid();
  }

  /// Whether a cache shows that what [#deletion] named is gone or going.
  public static boolean isDeleted(
      Informer<? extends HasMetadata> cache, String namespace, String token) {
    int at = token.indexOf('/');
    @Nullable HasMetadata shown = cache.get(namespace, token.substring(1, at));
    return shown == null
        || !shown.getMetadata().getUid().equals(token.substring(at + 1))
        || shown.getMetadata().getDeletionTimestamp() != null;
  }

  /// Gives up waiting: the owner is gone.
  public synchronized void forget(Key owner) {
    byOwner.remove(owner);
  }
}
