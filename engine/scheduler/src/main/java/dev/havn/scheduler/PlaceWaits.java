// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.ClaimBinding.Ended;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.volume.BindingPlan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Pods that have a place and wait there: for volumes, for devices or for both, or for word whether
/// they are bound.
///
/// Not safe for several threads: the scheduler's lock guards it.
record PlaceWaits(ClaimBinding volumes, DeviceBinding devices, UnclearBindings unclear) {
  void add(Hold hold, BindingPlan ofVolumes, Profile profile, Instant now) {
    if (!ofVolumes.isEmpty()) {
      volumes.add(hold, ofVolumes, now.plus(profile.volumesWithin()));
    }
    if (hold.devices().waits()) {
      devices.add(hold, profile.devicesWithin());
    }
  }

  /// Whether a pod waits for volumes or devices.
  boolean has(String uid) {
    return volumes.has(uid) || devices.has(uid);
  }

  /// A pod keeps its place until it is known what became of it.
  void unclear(Hold hold, String problem, boolean mayBeBound, Instant now) {
    volumes.remove(hold.pod().uid());
    devices.remove(hold.pod().uid());
    unclear.add(hold, problem, mayBeBound, now);
  }

  /// The watch shows a pod on a node.
  void bound(String uid, String node, Instant now) {
    volumes.remove(uid);
    devices.remove(uid);
    unclear.shown(uid, node, now);
  }

  /// A pod is gone.
  void gone(String uid) {
    volumes.remove(uid);
    devices.remove(uid);
    unclear.gone(uid);
  }

  void remove(String uid) {
    volumes.remove(uid);
    devices.remove(uid);
    unclear.remove(uid);
  }

  /// Those that need not wait for volumes and devices any more, or in vain.
  List<Ended> ended(Instant now) {
    List<Ended> ended = new ArrayList<>();
    for (Ended each : volumes.ended(now)) {
      String uid = each.hold().pod().uid();
      if (each.problem() != null) {
        devices.remove(uid);
        ended.add(each);
      } else if (!devices.has(uid)) {
        ended.add(each);
      }
    }
    for (Ended each : devices.ended(now)) {
      String uid = each.hold().pod().uid();
      if (each.problem() != null) {
        volumes.remove(uid);
        ended.add(each);
      } else if (!volumes.has(uid)) {
        ended.add(each);
      }
    }
    return ended;
  }

  /// When to look again although nothing happens; null when nobody waits.
  @Nullable Instant due() {
    return earlier(earlier(volumes.due(), devices.due()), unclear.due());
  }

  private static @Nullable Instant earlier(@Nullable Instant one, @Nullable Instant other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.isBefore(other) ? one : other;
  }
}
