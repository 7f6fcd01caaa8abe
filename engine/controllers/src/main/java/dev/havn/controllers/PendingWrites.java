// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.reconcile.Reconciler.Key;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// What a controller has written and its cache has not shown yet, so that it does not write it
/// twice.
public final class PendingWrites {
  private final Map<Key, Set<String>> byOwner = new HashMap<>();

  /// Notes that the cache must show the object `uid` (or its end) before `owner` is worked on
  /// again.
  public synchronized void expect(Key owner, String uid) {
    byOwner.computeIfAbsent(owner, _ -> new HashSet<>()).add(uid);
  }

  /// Whether everything written for `owner` can be seen.
  ///
  /// @param isSeen whether the cache shows what was written about the object of a uid
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

  /// Gives up waiting: the owner is gone.
  public synchronized void forget(Key owner) {
    byOwner.remove(owner);
  }
}
