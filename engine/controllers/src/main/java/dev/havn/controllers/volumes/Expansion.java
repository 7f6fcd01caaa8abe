// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/// Says of a claim that wants to grow that its driver's resizer has to do that: none of the kinds
/// of volumes that are left in Kubernetes grows by itself.
public final class Expansion implements Reconciler {
  private final Informer<PersistentVolumeClaim> claims;
  private final Informer<PersistentVolume> volumes;
  private final Events events;

  public Expansion(
      Informer<PersistentVolumeClaim> claims, Informer<PersistentVolume> volumes, Events events) {
    this.claims = claims;
    this.volumes = volumes;
    this.events = events;
  }

  /// Whether a change asks for more, or tells that there is more.
  public static boolean grows(@Nullable PersistentVolumeClaim before, PersistentVolumeClaim after) {
    return Binding.phase(after).equals("Bound")
        && (before == null
            || Binding.size(after).compareTo(Binding.size(before)) > 0
            || has(after).compareTo(has(before)) > 0);
  }

  private static BigDecimal has(PersistentVolumeClaim claim) {
    return claim.getStatus() == null
        ? BigDecimal.ZERO
        : Binding.amount(claim.getStatus().getCapacity());
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable PersistentVolumeClaim claim = claims.get(key.namespace(), key.name());
    String name = claim == null ? "" : Binding.or(claim.getSpec().getVolumeName());
    @Nullable PersistentVolume volume = volumes.get("", name);
    if (claim == null || volume == null || !Binding.phase(claim).equals("Bound")) {
      return Result.DONE;
    }
    boolean isOwn =
        volume.getSpec().getClaimRef() != null
            && claim.getMetadata().getUid().equals(volume.getSpec().getClaimRef().getUid());
    boolean isLess =
        Binding.size(claim).compareTo(has(claim)) > 0
            || Binding.has(volume, Binding.SIZE_BEFORE_RESIZE);
    if (isOwn && isLess) {
      events.normal(
          claim, "ExternalExpanding", "waiting for an external controller to expand this PVC");
    }
    return Result.DONE;
  }
}
