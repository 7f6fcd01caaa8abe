// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Lets go of pods that wait to be counted and never will be, because their job is over or gone.
public final class OrphanPods implements Reconciler {
  private final Informer<Job> jobs;
  private final Informer<Pod> pods;
  private final Controlled<Pod> controlled;
  private final Api api;

  public OrphanPods(Informer<Job> jobs, Informer<Pod> pods, Api api) {
    this.jobs = jobs;
    this.pods = pods;
    this.controlled = Controlled.of(pods);
    this.api = api;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || !JobPod.isTracked(pod) || !isOrphan(pod)) {
      return Result.DONE;
    }
    try {
      api.patchStrategic(Api.path(pod), JobPod.withoutFinalizer());
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Result.DONE;
  }

  private boolean isOrphan(Pod pod) {
    @Nullable OwnerReference owner = Claiming.controller(pod);
    if (owner == null) {
      return true;
    }
    if (!owner.getKind().equals("Job") || !owner.getApiVersion().equals("batch/v1")) {
      return false;
    }
    @Nullable Job job = jobOf(pod, owner);
    return job == null
        || (Statuses.isFinished(job.getStatus()) && !JobReconciler.isManagedElsewhere(job));
  }

  private @Nullable Job jobOf(Pod pod, OwnerReference owner) {
    @Nullable Job job = jobs.get(pod.getMetadata().getNamespace(), owner.getName());
    return job != null && job.getMetadata().getUid().equals(owner.getUid()) ? job : null;
  }

  /// Tells of pods to be looked at, when they change and when their job is over or gone.
  public void watch(Consumer<Key> add) {
    pods.onChange(
        (_, pod) -> {
          if (pod != null && JobPod.isTracked(pod) && mayBeOrphan(pod)) {
            add.accept(Informer.keyOf(pod));
          }
        });
    jobs.onChange(
        (before, after) -> {
          @Nullable Job over =
              after == null ? before : Statuses.isFinished(after.getStatus()) ? after : null;
          if (over != null) {
            controlled.by(over.getMetadata()).stream()
                .filter(JobPod::isTracked)
                .forEach(pod -> add.accept(Informer.keyOf(pod)));
          }
        });
  }

  /// A job's pod that is not being deleted is looked at with its job.
  private static boolean mayBeOrphan(Pod pod) {
    return Claiming.controller(pod) == null || PodState.isTerminating(pod);
  }
}
