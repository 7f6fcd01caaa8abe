// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.volume.Volumes;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What the API says of storage. It begins to watch when the first pod with a claim comes.
final class StorageCache implements Volumes {
  private final Informers informers;
  private final Consumer<String> changed;
  private final Map<String, String> taken = new ConcurrentHashMap<>();
  private @Nullable Watched watched;

  private record Watched(
      Informer<PersistentVolumeClaim> claims,
      Informer<PersistentVolume> volumes,
      Informer<StorageClass> classes,
      Informer<CSINode> drivers) {
    boolean haveSynced() {
      return claims.hasSynced()
          && volumes.hasSynced()
          && classes.hasSynced()
          && drivers.hasSynced();
    }
  }

  /// @param changed is told the kind of what came or changed
  StorageCache(Informers informers, Consumer<String> changed) {
    this.informers = informers;
    this.changed = changed;
  }

  /// Whether all is known; begins to watch when it is asked first.
  boolean isReady() {
    if (watched == null) {
      watched =
          new Watched(
              informers.of(PersistentVolumeClaim.class),
              informers.of(PersistentVolume.class),
              informers.of(StorageClass.class),
              informers.of(CSINode.class));
      listen(watched.claims());
      listen(watched.volumes());
      listen(watched.classes());
      listen(watched.drivers());
    }
    return watched.haveSynced();
  }

  private <T extends HasMetadata> void listen(Informer<T> informer) {
    informer.onChange(
        (_, after) -> {
          if (after != null) {
            changed.accept(after.getKind());
          }
        });
  }

  @Override
  public @Nullable PersistentVolumeClaim claim(String key) {
    int slash = key.indexOf('/');
    return watched == null
        ? null
        : watched.claims().get(key.substring(0, slash), key.substring(slash + 1));
  }

  @Override
  public @Nullable PersistentVolume volume(String name) {
    return watched == null ? null : watched.volumes().get("", name);
  }

  @Override
  public Collection<PersistentVolume> volumes() {
    return watched == null ? List.of() : watched.volumes().list();
  }

  @Override
  public @Nullable StorageClass storageClass(String name) {
    return watched == null || name.isEmpty() ? null : watched.classes().get("", name);
  }

  @Override
  public @Nullable CSINode driversOf(String node) {
    return watched == null ? null : watched.drivers().get("", node);
  }

  @Override
  public @Nullable String takenFor(String volume) {
    return taken.get(volume);
  }

  /// A volume is being bound to a claim; others must not take it.
  void take(String volume, String claim) {
    taken.put(volume, claim);
  }

  void release(String volume) {
    taken.remove(volume);
  }
}
