// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a controller has written and its caches have not shown yet, so that it does not write it
/// twice. Who is told that something is not seen looks again after [#CACHES_CATCH_UP]: nobody tells
/// it when a watch that had broken off goes on.
public final class PendingWrites {
  /// When to look again for what is not seen.
  public static final Duration CACHES_CATCH_UP = Duration.ofSeconds(1);

  private final Map<Key, Set<Write>> byOwner = new HashMap<>();

  private sealed interface Write {
    boolean isSeen();

    /// Seen when the cache has been told of it or of what came after, also when that is its end.
    record Version(Informer<?> cache, String version) implements Write {
      @Override
      public boolean isSeen() {
        return cache.hasSeen(version);
      }
    }

    /// Seen when the object is gone or going; another of its name is not it.
    record Deletion(Informer<? extends HasMetadata> cache, Key key, String uid) implements Write {
      @Override
      public boolean isSeen() {
        @Nullable HasMetadata shown = cache.get(key.namespace(), key.name());
        return shown == null
            || !shown.getMetadata().getUid().equals(uid)
            || shown.getMetadata().getDeletionTimestamp() != null;
      }
    }
  }

  /// Notes that `cache` must show a write before `owner` is worked on again.
  ///
  /// @param answer what the API answered: the object as it is now
  public void wrote(Key owner, Informer<?> cache, JsonNode answer) {
    wrote(owner, cache, answer.path("metadata").path("resourceVersion").asText());
  }

  /// @param version the `resourceVersion` that the API answered
  public void wrote(Key owner, Informer<?> cache, String version) {
    expect(owner, new Write.Version(cache, version));
  }

  /// Notes that `cache` must show that an object goes before `owner` is worked on again.
  public <T extends HasMetadata> void deleted(Key owner, Informer<T> cache, T object) {
    deleted(owner, cache, Informer.keyOf(object), object.getMetadata().getUid());
  }

  public void deleted(Key owner, Informer<? extends HasMetadata> cache, Key key, String uid) {
    expect(owner, new Write.Deletion(cache, key, uid));
  }

  private synchronized void expect(Key owner, Write write) {
    byOwner.computeIfAbsent(owner, _ -> new HashSet<>()).add(write);
  }

  /// Whether everything written for `owner` can be seen.
  public synchronized boolean isSeen(Key owner) {
    @Nullable Set<Write> pending = byOwner.get(owner);
    if (pending == null) {
      return true;
    }
    pending.removeIf(Write::isSeen);
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
