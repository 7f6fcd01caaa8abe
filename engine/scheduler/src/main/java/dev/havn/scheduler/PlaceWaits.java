// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.ClaimBinding.Ended;
import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.volume.BindingPlan;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Pods that have a place and wait there, for volumes, for devices or for both.
///
/// Not safe for several threads: the scheduler's lock guards it.
record PlaceWaits(ClaimBinding volumes, DeviceBinding devices) {
  void add(
      PodFacts pod,
      String node,
      BindingPlan ofVolumes,
      DevicePlan ofDevices,
      Profile profile,
      Instant now) {
    if (!ofVolumes.isEmpty()) {
      volumes.add(pod, node, ofVolumes, now.plus(profile.volumesWithin()));
    }
    if (ofDevices.waits()) {
      devices.add(pod, node, ofDevices, profile.devicesWithin());
    }
  }

  boolean has(String uid) {
    return volumes.has(uid) || devices.has(uid);
  }

  void remove(String uid) {
    volumes.remove(uid);
    devices.remove(uid);
  }

  /// Those that need not wait any more, or in vain.
  List<Ended> ended(Instant now) {
    List<Ended> ended = new ArrayList<>();
    for (Ended each : volumes.ended(now)) {
      String uid = each.pod().uid();
      if (each.problem() != null) {
        ended.add(new Ended(each.pod(), each.node(), each.problem(), devices.remove(uid)));
      } else if (!devices.has(uid)) {
        ended.add(each);
      }
    }
    for (Ended each : devices.ended(now)) {
      if (each.problem() != null) {
        volumes.remove(each.pod().uid());
        ended.add(each);
      } else if (!volumes.has(each.pod().uid())) {
        ended.add(each);
      }
    }
    return ended;
  }

  /// When to look again although nothing happens; null when nobody waits.
  @Nullable Instant due() {
    @Nullable Instant ofVolumes = volumes.due();
    @Nullable Instant ofDevices = devices.due();
    if (ofVolumes == null || ofDevices == null) {
      return ofVolumes == null ? ofDevices : ofVolumes;
    }
    return ofVolumes.isBefore(ofDevices) ? ofVolumes : ofDevices;
  }
}
