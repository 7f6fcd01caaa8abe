// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads specs and statuses, with Kubernetes' defaults where a field is absent.
final class Desired {
  static final String REVISION = "deployment.kubernetes.io/revision";
  static final String REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
  static final String DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
  static final String MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";
  static final String TEMPLATE_HASH = "pod-template-hash";

  private static final int PROGRESS_DEADLINE_SECONDS = 600;
  private static final int REVISIONS_MAX = 10;
  private static final String LONGEST = String.valueOf(Long.MAX_VALUE);

  private Desired() {}

  static int replicas(Deployment deployment) {
    return or(deployment.getSpec().getReplicas(), 1);
  }

  static int replicas(ReplicaSet set) {
    return or(set.getSpec().getReplicas(), 1);
  }

  static int observedReplicas(ReplicaSet set) {
    return set.getStatus() == null ? 0 : or(set.getStatus().getReplicas(), 0);
  }

  static int readyReplicas(ReplicaSet set) {
    return set.getStatus() == null ? 0 : or(set.getStatus().getReadyReplicas(), 0);
  }

  static int availableReplicas(ReplicaSet set) {
    return set.getStatus() == null ? 0 : or(set.getStatus().getAvailableReplicas(), 0);
  }

  static int terminatingReplicas(ReplicaSet set) {
    return set.getStatus() == null ? 0 : or(set.getStatus().getTerminatingReplicas(), 0);
  }

  static boolean isPaused(Deployment deployment) {
    return Boolean.TRUE.equals(deployment.getSpec().getPaused());
  }

  static boolean isRolling(Deployment deployment) {
    return deployment.getSpec().getStrategy() == null
        || !"Recreate".equals(deployment.getSpec().getStrategy().getType());
  }

  static int minReadySeconds(Deployment deployment) {
    return or(deployment.getSpec().getMinReadySeconds(), 0);
  }

  static int revisionHistoryLimit(Deployment deployment) {
    return or(deployment.getSpec().getRevisionHistoryLimit(), REVISIONS_MAX);
  }

  /// Seconds, or null when progress has no deadline (the greatest int stands for none).
  static @Nullable Integer progressDeadlineSeconds(Deployment deployment) {
    int seconds = or(deployment.getSpec().getProgressDeadlineSeconds(), PROGRESS_DEADLINE_SECONDS);
    return seconds == Integer.MAX_VALUE ? null : seconds;
  }

  static Map<String, String> annotations(io.fabric8.kubernetes.api.model.HasMetadata object) {
    Map<String, String> annotations = object.getMetadata().getAnnotations();
    return annotations == null ? Map.of() : annotations;
  }

  /// The revision an object is annotated with, 0 when it has none.
  static long revision(io.fabric8.kubernetes.api.model.HasMetadata object) {
    String text = annotations(object).get(REVISION);
    boolean fits =
        text != null
            && text.matches("[0-9]{1,19}")
            && (text.length() < LONGEST.length() || text.compareTo(LONGEST) <= 0);
    return fits ? Long.parseLong(text) : 0;
  }

  static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}
