// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.HashSet;
import java.util.Set;

/// What the containers of a pod find there.
///
/// @param volumes names of the volumes
/// @param claimed names of those that are claims, and so may be block devices
/// @param claims names of the claims to devices
/// @param restartPolicy of the pod, empty when it has none
/// @param graceSeconds how long the pod may take to end
record PodContext(
    Set<String> volumes,
    Set<String> claimed,
    Set<String> claims,
    String restartPolicy,
    long graceSeconds) {

  static PodContext of(At spec, Set<String> volumes, Set<String> claims) {
    Set<String> claimed = new HashSet<>();
    for (At volume : spec.at("volumes").items()) {
      String name = volume.at("name").text();
      boolean isClaim =
          volume.at("persistentVolumeClaim").isThere() || volume.at("ephemeral").isThere();
      if (isClaim && volumes.contains(name)) {
        claimed.add(name);
      }
    }
    return new PodContext(
        volumes,
        claimed,
        claims,
        spec.at("restartPolicy").text(),
        spec.at("terminationGracePeriodSeconds").number());
  }
}
