// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.ClaimBinding.Ended;
import dev.havn.scheduler.device.BindingConditions;
import dev.havn.scheduler.device.Devices;
import dev.havn.scheduler.device.ExtendedClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pods that have a place and wait there for their devices: drivers make them ready, and the pod
/// gets its node when all conditions are there (KEP-5007).
///
/// Not safe for several threads: the scheduler's lock guards it.
final class DeviceBinding {
  private static final String TIMEOUT = "device binding timeout: ";

  private final Devices devices;
  private final Map<String, Waiting> waiting = new LinkedHashMap<>();

  /// @param since when the claims are kept for the pod, null as long as they are not
  private record Waiting(Hold hold, Duration within, @Nullable Instant since) {
    List<ResourceClaim> claims() {
      return hold.claims();
    }
  }

  DeviceBinding(Devices devices) {
    this.devices = devices;
  }

  void add(Hold hold, Duration within) {
    waiting.put(hold.pod().uid(), new Waiting(hold, within, null));
  }

  /// The claims are kept for the pod: from now on it is waited for their devices.
  void begin(String uid, Instant now) {
    waiting.computeIfPresent(uid, (_, each) -> new Waiting(each.hold(), each.within(), now));
  }

  boolean has(String uid) {
    return waiting.containsKey(uid);
  }

  void remove(String uid) {
    waiting.remove(uid);
  }

  /// Those that wait no longer.
  List<Ended> ended(Instant now) {
    if (waiting.isEmpty()) {
      return List.of();
    }
    List<Ended> ended = new ArrayList<>();
    for (Waiting each : waiting.values()) {
      if (each.since() == null) {
        continue;
      }
      try {
        if (isReady(each, now)) {
          ended.add(new Ended(each.hold(), null));
        }
      } catch (GivenUpException e) {
        String problem = "running PreBind plugin \"DynamicResources\": " + e.getMessage();
        ended.add(new Ended(each.hold(), problem));
      }
    }
    ended.forEach(each -> remove(each.hold().pod().uid()));
    return ended;
  }

  private boolean isReady(Waiting waits, Instant now) throws GivenUpException {
    for (ResourceClaim planned : waits.claims()) {
      String name = planned.getMetadata().getName();
      @Nullable ResourceClaim claim =
          devices.claim(planned.getMetadata().getNamespace() + "/" + name);
      if (claim == null && ExtendedClaim.isOne(planned)) {
        // It has just been made.
        return false;
      }
      if (claim == null) {
        throw new GivenUpException("resourceclaim.resource.k8s.io \"" + name + "\" not found");
      }
      if (!isReady(claim)) {
        @Nullable Instant end = BindingConditions.end(claim, waits.within());
        if (end != null && end.isBefore(now)) {
          throw new GivenUpException(TIMEOUT + "claim=" + name);
        }
        if (waits.since() != null && !now.isBefore(waits.since().plus(waits.within()))) {
          throw new GivenUpException(TIMEOUT + "context deadline exceeded");
        }
        return false;
      }
    }
    return true;
  }

  private static boolean isReady(ResourceClaim claim) throws GivenUpException {
    try {
      return BindingConditions.areMet(claim);
    } catch (BindingConditions.Failed e) {
      throw new GivenUpException(String.valueOf(e.getMessage()));
    }
  }

  /// When the first of those that wait has waited too long; null when nobody waits.
  @Nullable Instant due() {
    @Nullable Instant due = null;
    for (Waiting each : waiting.values()) {
      if (each.since() != null) {
        due = earlier(due, each.since().plus(each.within()));
        for (ResourceClaim planned : each.claims()) {
          // A claim that others have waited for before.
          @Nullable Instant end = BindingConditions.end(planned, each.within());
          due = end == null ? due : earlier(due, end.plusMillis(1));
        }
      }
    }
    return due;
  }

  private static Instant earlier(@Nullable Instant one, Instant other) {
    return one != null && one.isBefore(other) ? one : other;
  }

  private static final class GivenUpException extends Exception {
    private static final long serialVersionUID = 1;

    GivenUpException(String message) {
      super(message);
    }
  }
}
