// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.device.DeviceId;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.device.Grant;
import dev.havn.scheduler.device.Inventory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// What the API says of devices. It is watched from the first pod on that claims some: most
/// clusters have none.
final class DeviceCache implements Devices {
  private final Informers informers;
  private final BiConsumer<@Nullable HasMetadata, HasMetadata> changed;

  /// What is being given to claims, by their uids.
  private final Map<String, AllocationResult> pending = new ConcurrentHashMap<>();

  private volatile @Nullable Watched watched;
  private volatile @Nullable Inventory inventory;
  private volatile @Nullable Set<DeviceId> allocated;

  private record Watched(
      Informer<ResourceClaim> claims,
      Informer<ResourceSlice> slices,
      Informer<DeviceClass> classes) {}

  /// @param changed is told what came, or what it was and what it is
  DeviceCache(Informers informers, BiConsumer<@Nullable HasMetadata, HasMetadata> changed) {
    this.informers = informers;
    this.changed = changed;
  }

  /// A pod claims devices.
  ///
  /// @param synced runs when what there is has been read
  void need(Runnable synced) {
    if (watched != null) {
      return;
    }
    Watched all =
        new Watched(
            informers.of(ResourceClaim.class),
            informers.of(ResourceSlice.class),
            informers.of(DeviceClass.class));
    watched = all;
    all.claims().onChange(this::claimChanged);
    all.slices()
        .onChange(
            (before, after) -> {
              inventory = null;
              tell(before, after);
            });
    all.classes().onChange(this::tell);
    all.claims().whenSynced(synced);
    all.slices().whenSynced(synced);
    all.classes().whenSynced(synced);
  }

  private void claimChanged(@Nullable ResourceClaim before, @Nullable ResourceClaim after) {
    allocated = null;
    if (after == null) {
      pending.remove(String.valueOf(before == null ? "" : before.getMetadata().getUid()));
      return;
    }
    if (after.getStatus() != null && after.getStatus().getAllocation() != null) {
      pending.remove(after.getMetadata().getUid());
    }
    tell(before, after);
  }

  private void tell(@Nullable HasMetadata before, @Nullable HasMetadata after) {
    if (after != null) {
      changed.accept(before, after);
    }
  }

  boolean hasSynced() {
    @Nullable Watched all = watched;
    return all == null
        || (all.claims().hasSynced() && all.slices().hasSynced() && all.classes().hasSynced());
  }

  @Override
  public @Nullable ResourceClaim claim(String key) {
    @Nullable Watched all = watched;
    int slash = key.indexOf('/');
    return all == null ? null : all.claims().get(key.substring(0, slash), key.substring(slash + 1));
  }

  @Override
  public @Nullable DeviceClass deviceClass(String name) {
    @Nullable Watched all = watched;
    return all == null ? null : all.classes().get("", name);
  }

  @Override
  public Inventory inventory() {
    @Nullable Inventory known = inventory;
    @Nullable Watched all = watched;
    if (known == null) {
      known = all == null ? Inventory.EMPTY : new Inventory(all.slices().list());
      inventory = known;
    }
    return known;
  }

  @Override
  public Set<DeviceId> allocated() {
    @Nullable Set<DeviceId> known = allocated;
    if (known == null) {
      known = new HashSet<>();
      @Nullable Watched all = watched;
      for (ResourceClaim each : all == null ? List.<ResourceClaim>of() : all.claims().list()) {
        add(each.getStatus() == null ? null : each.getStatus().getAllocation(), known);
      }
      allocated = known;
    }
    if (pending.isEmpty()) {
      return known;
    }
    Set<DeviceId> together = new HashSet<>(known);
    pending.values().forEach(each -> add(each, together));
    return together;
  }

  /// What is looked at by an administrator is not taken.
  private static void add(@Nullable AllocationResult allocation, Set<DeviceId> ids) {
    if (allocation != null && allocation.getDevices() != null) {
      allocation
          .getDevices()
          .getResults()
          .forEach(
              each -> {
                if (!Boolean.TRUE.equals(each.getAdminAccess())) {
                  ids.add(new DeviceId(each.getDriver(), each.getPool(), each.getDevice()));
                }
              });
    }
  }

  @Override
  public boolean isPending(ResourceClaim claim) {
    return pending.containsKey(claim.getMetadata().getUid());
  }

  /// Devices are being given to claims; others must not get them.
  void take(List<Grant> grants) {
    grants.forEach(
        each -> {
          if (each.allocation() != null) {
            pending.put(each.claim().getMetadata().getUid(), each.allocation());
          }
        });
  }

  void release(List<Grant> grants) {
    grants.forEach(each -> pending.remove(each.claim().getMetadata().getUid()));
  }
}
