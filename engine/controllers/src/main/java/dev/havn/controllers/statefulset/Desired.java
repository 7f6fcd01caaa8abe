// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.Portion;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateStatefulSetStrategy;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetPersistentVolumeClaimRetentionPolicy;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a StatefulSet asks for.
record Desired(StatefulSet set) {
  private static final int HISTORY_DEFAULT = 10;

  String name() {
    return set.getMetadata().getName();
  }

  String namespace() {
    return set.getMetadata().getNamespace();
  }

  boolean isDeleted() {
    return set.getMetadata().getDeletionTimestamp() != null;
  }

  int replicas() {
    return or(set.getSpec().getReplicas(), 1);
  }

  /// The first ordinal.
  long start() {
    return set.getSpec().getOrdinals() == null ? 0 : or(set.getSpec().getOrdinals().getStart(), 0);
  }

  /// What the ordinals end before.
  long end() {
    return start() + replicas();
  }

  boolean contains(long ordinal) {
    return ordinal >= start() && ordinal < end();
  }

  Duration minReady() {
    return Duration.ofSeconds(or(set.getSpec().getMinReadySeconds(), 0));
  }

  /// Whether pods need not wait for each other.
  boolean isParallel() {
    return "Parallel".equals(set.getSpec().getPodManagementPolicy());
  }

  boolean updatesOnDelete() {
    return "OnDelete".equals(strategy());
  }

  boolean isRolling() {
    return "RollingUpdate".equals(strategy());
  }

  private @Nullable String strategy() {
    return set.getSpec().getUpdateStrategy() == null
        ? null
        : set.getSpec().getUpdateStrategy().getType();
  }

  private @Nullable RollingUpdateStatefulSetStrategy rolling() {
    return set.getSpec().getUpdateStrategy() == null
        ? null
        : set.getSpec().getUpdateStrategy().getRollingUpdate();
  }

  /// How many of the lowest ordinals keep the current template.
  int partition() {
    @Nullable RollingUpdateStatefulSetStrategy rolling = rolling();
    return rolling == null ? 0 : or(rolling.getPartition(), 0);
  }

  /// How many of the lowest ordinals are made of the current template. Without settings for a
  /// rolling update, as many as there are of it.
  int keptCurrent() {
    if (rolling() != null) {
      return partition();
    }
    return isRolling() && set.getStatus() != null ? or(set.getStatus().getCurrentReplicas(), 0) : 0;
  }

  /// How many pods may be away for an update, at least one. Asked for with the feature only.
  int maxUnavailable() {
    @Nullable RollingUpdateStatefulSetStrategy rolling = rolling();
    @Nullable IntOrString most = rolling == null ? null : rolling.getMaxUnavailable();
    return most == null ? 1 : Math.max(1, Portion.of(most, replicas(), false));
  }

  List<PersistentVolumeClaim> claimTemplates() {
    return set.getSpec().getVolumeClaimTemplates();
  }

  boolean deletesClaimsWhenScaled() {
    @Nullable StatefulSetPersistentVolumeClaimRetentionPolicy policy =
        set.getSpec().getPersistentVolumeClaimRetentionPolicy();
    return policy != null && "Delete".equals(policy.getWhenScaled());
  }

  boolean deletesClaimsWhenDeleted() {
    @Nullable StatefulSetPersistentVolumeClaimRetentionPolicy policy =
        set.getSpec().getPersistentVolumeClaimRetentionPolicy();
    return policy != null && "Delete".equals(policy.getWhenDeleted());
  }

  int historyLimit() {
    return or(set.getSpec().getRevisionHistoryLimit(), HISTORY_DEFAULT);
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }
}
