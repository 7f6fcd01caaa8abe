// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.device.ExtendedResources;
import dev.havn.scheduler.device.Grant;
import dev.havn.scheduler.device.Inventory;
import dev.havn.scheduler.device.Taken;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// What the API says of devices. It is watched from the first pod on that claims some: most
/// clusters have none.
final class DeviceCache implements Devices {
  private final Informers informers;
  private final InstantSource clock;
  private final BiConsumer<@Nullable HasMetadata, HasMetadata> changed;
  private final Runnable classesChanged;

  /// What is being given to claims, by their uids.
  private final Map<String, AllocationResult> pending = new ConcurrentHashMap<>();

  /// What claims are since something was taken from them, by key, until the watch shows that: a pod
  /// must not count on what it has no more.
  private final Map<String, ResourceClaim> answered = new ConcurrentHashMap<>();

  private volatile @Nullable Watched watched;
  private @Nullable Inventory inventory;
  private @Nullable Taken taken;
  private @Nullable ExtendedResources extended;

  private record Watched(
      Informer<ResourceClaim> claims,
      Informer<ResourceSlice> slices,
      Informer<DeviceClass> classes) {}

  /// @param changed is told what came, or what it was and what it is
  /// @param classesChanged runs before that when classes of devices came, changed or went
  DeviceCache(
      Informers informers,
      InstantSource clock,
      BiConsumer<@Nullable HasMetadata, HasMetadata> changed,
      Runnable classesChanged) {
    this.informers = informers;
    this.clock = clock;
    this.changed = changed;
    this.classesChanged = classesChanged;
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
              forgetInventory();
              tell(before, after);
            });
    all.classes()
        .onChange(
            (before, after) -> {
              forgetExtended();
              classesChanged.run();
              tell(before, after);
            });
    all.claims().whenSynced(synced);
    all.slices().whenSynced(synced);
    all.classes().whenSynced(synced);
  }

  private void claimChanged(@Nullable ResourceClaim before, @Nullable ResourceClaim after) {
    forgetTaken();
    if (after == null) {
      if (before != null) {
        pending.remove(before.getMetadata().getUid());
        answered.remove(key(before));
        tell(before, new ResourceClaimBuilder(before).withStatus(null).build());
      }
      return;
    }
    if (after.getStatus() != null && after.getStatus().getAllocation() != null) {
      pending.remove(after.getMetadata().getUid());
    }
    answered.computeIfPresent(key(after), (_, newer) -> isShown(newer) ? null : newer);
    tell(before, after);
  }

  /// What is being counted meanwhile from what was known before must not be kept.
  private synchronized void forgetTaken() {
    taken = null;
  }

  private synchronized void forgetExtended() {
    extended = null;
  }

  private synchronized void forgetInventory() {
    inventory = null;
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
    if (all == null) {
      return null;
    }
    @Nullable ResourceClaim newer = answered.get(key);
    return newer != null && !isShown(newer)
        ? newer
        : all.claims().get(key.substring(0, slash), key.substring(slash + 1));
  }

  private boolean isShown(ResourceClaim claim) {
    @Nullable Watched all = watched;
    return all != null && all.claims().hasSeen(claim.getMetadata().getResourceVersion());
  }

  /// The API has answered what a claim is.
  void answered(ResourceClaim claim) {
    answered.put(key(claim), claim);
  }

  private static String key(ResourceClaim claim) {
    return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
  }

  @Override
  public @Nullable DeviceClass deviceClass(String name) {
    @Nullable Watched all = watched;
    return all == null ? null : all.classes().get("", name);
  }

  @Override
  public Collection<ResourceClaim> claims(String namespace) {
    @Nullable Watched all = watched;
    return all == null ? List.of() : all.claims().list(namespace);
  }

  @Override
  public synchronized ExtendedResources extendedResources() {
    @Nullable ExtendedResources known = extended;
    @Nullable Watched all = watched;
    if (known == null) {
      known = new ExtendedResources(all == null ? List.of() : all.classes().list());
      extended = known;
    }
    return known;
  }

  @Override
  public synchronized Inventory inventory() {
    @Nullable Inventory known = inventory;
    @Nullable Watched all = watched;
    if (known == null) {
      known = all == null ? Inventory.EMPTY : new Inventory(all.slices().list());
      inventory = known;
    }
    return known;
  }

  @Override
  public synchronized Taken taken() {
    @Nullable Taken known = taken;
    if (known == null) {
      known = new Taken();
      @Nullable Watched all = watched;
      for (ResourceClaim each : all == null ? List.<ResourceClaim>of() : all.claims().list()) {
        known.add(each.getStatus() == null ? null : each.getStatus().getAllocation());
      }
      taken = known;
    }
    if (pending.isEmpty()) {
      return known;
    }
    Taken together = known.copy();
    pending.values().forEach(together::add);
    return together;
  }

  @Override
  public boolean isPending(ResourceClaim claim) {
    return pending.containsKey(claim.getMetadata().getUid());
  }

  @Override
  public Instant now() {
    return clock.instant();
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

  /// A claim that was planned is in the API now.
  void made(ResourceClaim planned, ResourceClaim made) {
    @Nullable AllocationResult allocation = pending.get(planned.getMetadata().getUid());
    if (allocation != null) {
      pending.put(made.getMetadata().getUid(), allocation);
      pending.remove(planned.getMetadata().getUid());
    }
  }

  /// A claim is not given devices after all.
  void release(ResourceClaim claim) {
    pending.remove(claim.getMetadata().getUid());
  }
}
