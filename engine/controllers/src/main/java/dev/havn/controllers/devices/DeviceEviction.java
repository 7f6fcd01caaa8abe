// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Deletes pods that use devices with `NoExecute` taints which their claims do not tolerate, or no
/// longer.
public final class DeviceEviction implements Reconciler {
  private static final String REASON = "DeviceTaintManagerEviction";

  private final Informer<Pod> pods;
  private final Informer<ResourceClaim> claims;
  private final Index<ResourceSlice> pools;
  private final Api api;
  private final Events events;
  private final InstantSource clock;

  /// The pods that are to go later, to say so when they may stay after all.
  private final Set<String> leaving = ConcurrentHashMap.newKeySet();

  public DeviceEviction(
      Informer<Pod> pods,
      Informer<ResourceClaim> claims,
      Informer<ResourceSlice> slices,
      Api api,
      Events events,
      InstantSource clock) {
    this.pods = pods;
    this.claims = claims;
    this.pools = slices.index("device pool", slice -> List.of(poolOf(slice)));
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  /// After a time without the lead: what was seen before may have been otherwise in between.
  public void forget() {
    leaving.clear();
  }

  /// Whether what changed in a slice may make pods go or stay.
  public static boolean matters(@Nullable ResourceSlice before, @Nullable ResourceSlice after) {
    return (before != null && DeviceTaints.has(before))
        || (after != null && DeviceTaints.has(after));
  }

  private static String pool(String driver, String name) {
    return driver + "/" + name;
  }

  private static String poolOf(ResourceSlice slice) {
    return pool(slice.getSpec().getDriver(), slice.getSpec().getPool().getName());
  }

  /// Whether a claim has devices of a slice's pool.
  public static boolean uses(ResourceClaim claim, ResourceSlice slice) {
    return devices(claim).stream()
        .anyMatch(each -> pool(each.getDriver(), each.getPool()).equals(poolOf(slice)));
  }

  private static List<DeviceRequestAllocationResult> devices(ResourceClaim claim) {
    if (claim.getStatus() == null
        || claim.getStatus().getAllocation() == null
        || claim.getStatus().getAllocation().getDevices() == null) {
      return List.of();
    }
    @Nullable List<DeviceRequestAllocationResult> results =
        claim.getStatus().getAllocation().getDevices().getResults();
    return results == null ? List.of() : results;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || pod.getMetadata().getDeletionTimestamp() != null) {
      leaving.remove(key.toString());
      return Result.DONE;
    }
    Optional<Instant> end = end(pod);
    if (end.isEmpty()) {
      if (leaving.remove(key.toString())) {
        events.normal(pod, REASON, "Cancelling deletion");
      }
      return Result.DONE;
    }
    Duration left = Duration.between(clock.instant(), end.get());
    leaving.add(key.toString());
    if (left.isPositive()) {
      return Result.after(left);
    }
    events.normal(pod, REASON, "Marking for deletion");
    evict(pod);
    return Result.DONE;
  }

  private Optional<Instant> end(Pod pod) {
    @Nullable String node = pod.getSpec().getNodeName();
    if (node == null || node.isEmpty()) {
      return Optional.empty();
    }
    return PodClaims.names(pod).stream()
        .flatMap(name -> Stream.ofNullable(claims.get(pod.getMetadata().getNamespace(), name)))
        .filter(claim -> isUsedBy(claim, pod))
        .flatMap(claim -> devices(claim).stream())
        .flatMap(
            each ->
                DeviceTaints.end(each, pools.list(pool(each.getDriver(), each.getPool()))).stream())
        .min(Instant::compareTo);
  }

  private static boolean isUsedBy(ResourceClaim claim, Pod pod) {
    return claim.getStatus() != null
        && claim.getStatus().getReservedFor().stream()
            .anyMatch(each -> each.getUid().equals(pod.getMetadata().getUid()));
  }

  private void evict(Pod pod) {
    String path =
        Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    String uid = pod.getMetadata().getUid();
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", uid);
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionTarget")
        .put("status", "True")
        .put("reason", "DeletionByDeviceTaintManager")
        .put("message", "Device Taint manager: deleting due to NoExecute taint")
        .put("lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
    ObjectNode options = Api.object();
    options.putObject("preconditions").put("uid", uid);
    try {
      api.patchStrategic(path + "/status", patch);
      api.delete(path, options);
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
  }
}
