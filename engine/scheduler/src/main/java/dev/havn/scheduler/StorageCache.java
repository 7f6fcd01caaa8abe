// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.volume.Volumes;
import dev.havn.scheduler.volume.VolumesByClass;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What the API says of storage.
final class StorageCache implements Volumes {
  private final BiConsumer<@Nullable HasMetadata, HasMetadata> changed;
  private final Consumer<HasMetadata> detached;
  private final Map<String, String> taken = new ConcurrentHashMap<>();
  private final VolumesByClass byClass = new VolumesByClass();
  private final Informer<PersistentVolumeClaim> claims;
  private final Informer<PersistentVolume> volumes;
  private final Informer<StorageClass> classes;
  private final Informer<CSINode> drivers;
  private final Informers informers;

  /// From the first pod on that uses a claim: most clusters have no CSI drivers.
  private volatile @Nullable Room room;

  private record Room(
      Informer<CSIDriver> drivers,
      Informer<CSIStorageCapacity> capacities,
      Informer<VolumeAttachment> attachments,
      Index<VolumeAttachment> byNode) {
    static Room of(Informers informers) {
      Informer<VolumeAttachment> attachments = informers.of(VolumeAttachment.class);
      return new Room(
          informers.of(CSIDriver.class),
          informers.of(CSIStorageCapacity.class),
          attachments,
          attachments.index("node", each -> List.of(each.getSpec().getNodeName())));
    }

    boolean hasSynced() {
      return drivers.hasSynced() && capacities.hasSynced() && attachments.hasSynced();
    }
  }

  /// @param changed is told what came, or what it was and what it is
  /// @param detached is told which attachment of a volume went
  StorageCache(
      Informers informers,
      BiConsumer<@Nullable HasMetadata, HasMetadata> changed,
      Consumer<HasMetadata> detached) {
    this.changed = changed;
    this.detached = detached;
    this.informers = informers;
    this.claims = informers.of(PersistentVolumeClaim.class);
    this.volumes = informers.of(PersistentVolume.class);
    this.classes = informers.of(StorageClass.class);
    this.drivers = informers.of(CSINode.class);
  }

  void listen() {
    volumes.onChange(byClass::changed);
    listen(claims);
    listen(volumes);
    listen(classes);
    listen(drivers);
  }

  /// A pod uses a claim.
  ///
  /// @param synced runs when what there is has been read
  void need(Runnable synced) {
    if (room == null) {
      Room all = Room.of(informers);
      room = all;
      listen(all.drivers());
      listen(all.capacities());
      all.attachments()
          .onChange(
              (before, after) -> {
                if (before != null && after == null) {
                  detached.accept(before);
                }
              });
      all.drivers().whenSynced(synced);
      all.capacities().whenSynced(synced);
      all.attachments().whenSynced(synced);
    }
  }

  boolean hasSynced() {
    @Nullable Room all = room;
    if (all != null && !all.hasSynced()) {
      return false;
    }
    return claims.hasSynced() && volumes.hasSynced() && classes.hasSynced() && drivers.hasSynced();
  }

  private <T extends HasMetadata> void listen(Informer<T> informer) {
    informer.onChange(
        (before, after) -> {
          if (after != null) {
            changed.accept(before, after);
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
  public Collection<PersistentVolume> volumesOf(String className) {
    return byClass.of(className);
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
  public Collection<VolumeAttachment> attachments(String node) {
    @Nullable Room all = room;
    return all == null ? List.of() : all.byNode().list(node);
  }

  @Override
  public boolean reportsCapacity(String driver) {
    @Nullable Room all = room;
    @Nullable CSIDriver found = all == null ? null : all.drivers().get("", driver);
    return found != null && Boolean.TRUE.equals(found.getSpec().getStorageCapacity());
  }

  @Override
  public Collection<CSIStorageCapacity> capacities(String className) {
    @Nullable Room all = room;
    List<CSIStorageCapacity> found = all == null ? List.of() : all.capacities().list();
    return found.stream().filter(each -> className.equals(each.getStorageClassName())).toList();
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
