// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicy;
import io.fabric8.kubernetes.api.model.batch.v1.SuccessPolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a job is to be run, as its spec says.
///
/// @param deleted whether it is being deleted
/// @param completions null when one success is enough
/// @param backoffLimitPerIndex null when failures are counted for the whole job
/// @param replacesFailedOnly whether a pod that is being deleted is waited for (KEP-3939)
/// @param restartsOnFailure whether the kubelet tries again inside a pod
record Terms(
    boolean deleted,
    boolean suspended,
    boolean indexed,
    int parallelism,
    @Nullable Integer completions,
    int backoffLimit,
    @Nullable Integer backoffLimitPerIndex,
    @Nullable Integer maxFailedIndexes,
    @Nullable Duration activeDeadline,
    @Nullable PodFailurePolicy podFailurePolicy,
    @Nullable SuccessPolicy successPolicy,
    boolean replacesFailedOnly,
    boolean restartsOnFailure) {

  private static final int BACKOFF_LIMIT = 6;

  static Terms of(Job job) {
    JobSpec spec = job.getSpec();
    @Nullable Long deadline = spec.getActiveDeadlineSeconds();
    return new Terms(
        job.getMetadata().getDeletionTimestamp() != null,
        Boolean.TRUE.equals(spec.getSuspend()),
        "Indexed".equals(spec.getCompletionMode()),
        or(spec.getParallelism(), 1),
        spec.getCompletions(),
        or(spec.getBackoffLimit(), BACKOFF_LIMIT),
        spec.getBackoffLimitPerIndex(),
        spec.getMaxFailedIndexes(),
        deadline == null ? null : Duration.ofSeconds(deadline),
        spec.getPodFailurePolicy(),
        spec.getSuccessPolicy(),
        "Failed".equals(spec.getPodReplacementPolicy()) || spec.getPodFailurePolicy() != null,
        "OnFailure".equals(spec.getTemplate().getSpec().getRestartPolicy()));
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  boolean countsPerIndex() {
    return indexed && backoffLimitPerIndex != null;
  }

  /// How many indexes there are; of an indexed job only.
  int indexes() {
    return or(completions, 0);
  }

  boolean hasIndex(int index) {
    return index >= 0 && index < indexes();
  }
}
