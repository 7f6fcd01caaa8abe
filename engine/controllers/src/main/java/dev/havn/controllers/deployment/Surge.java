// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import dev.havn.controllers.replicas.Portion;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateDeployment;
import org.jspecify.annotations.Nullable;

/// How far a rollout may leave the desired number of pods.
///
/// @param maxSurge pods above it
/// @param maxUnavailable pods below it
record Surge(int maxSurge, int maxUnavailable) {
  private static final IntOrString DEFAULT = new IntOrString("25%");

  /// Percentages are taken of the replicas, surge rounded up, unavailable rounded down; if both
  /// come to zero one pod may be unavailable, or nothing would ever move.
  static Surge of(Deployment deployment) {
    int replicas = Desired.replicas(deployment);
    if (!Desired.isRolling(deployment)) {
      return new Surge(0, 0);
    }
    @Nullable RollingUpdateDeployment rolling =
        deployment.getSpec().getStrategy() == null
            ? null
            : deployment.getSpec().getStrategy().getRollingUpdate();
    int surge = resolve(rolling == null ? null : rolling.getMaxSurge(), replicas, true);
    int unavailable =
        resolve(rolling == null ? null : rolling.getMaxUnavailable(), replicas, false);
    if (surge == 0 && unavailable == 0) {
      unavailable = 1;
    }
    return new Surge(surge, Math.min(unavailable, replicas));
  }

  private static int resolve(@Nullable IntOrString value, int of, boolean up) {
    return Portion.of(value == null ? DEFAULT : value, of, up);
  }
}
