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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What the API says of storage.
final class StorageCache implements Volumes {
  private final Consumer<String> changed;
  private final Map<String, String> taken = new ConcurrentHashMap<>();
  private final Informer<PersistentVolumeClaim> claims;
  private final Informer<PersistentVolume> volumes;
  private final Informer<StorageClass> classes;
  private final Informer<CSINode> drivers;

  /// @param changed is told the kind of what came or changed
  StorageCache(Informers informers, Consumer<String> changed) {
    this.changed = changed;
    this.claims = informers.of(PersistentVolumeClaim.class);
    this.volumes = informers.of(PersistentVolume.class);
    this.classes = informers.of(StorageClass.class);
    this.drivers = informers.of(CSINode.class);
  }

  void listen() {
    listen(claims);
    listen(volumes);
    listen(classes);
    listen(drivers);
  }

  boolean hasSynced() {
    return claims.hasSynced() && volumes.hasSynced() && classes.hasSynced() && drivers.hasSynced();
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
    return claims.get(key.substring(0, slash), key.substring(slash + 1));
  }

  @Override
  public @Nullable PersistentVolume volume(String name) {
    return volumes.get("", name);
  }

  @Override
  public Collection<PersistentVolume> volumes() {
    return volumes.list();
  }

  @Override
  public @Nullable StorageClass storageClass(String name) {
    return name.isEmpty() ? null : classes.get("", name);
  }

  @Override
  public @Nullable CSINode driversOf(String node) {
    return drivers.get("", node);
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
