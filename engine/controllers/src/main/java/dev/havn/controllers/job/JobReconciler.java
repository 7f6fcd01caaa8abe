// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.Adoption;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.controllers.replicas.PodWrites;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Runs the pods of a Job and counts them. It goes on with a job only when the caches show what it
/// did last: what they do not show could be counted twice.
public final class JobReconciler implements Reconciler {
  /// Who looks after a job whose `managedBy` says nothing else (KEP-4368).
  private static final String NAME = "kubernetes.io/job-controller";

  private final Informer<Job> jobs;
  private final Informer<Pod> pods;
  private final Controlled<Pod> controlled;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final PendingWrites pending = new PendingWrites();
  private final PodWrites writes;
  private final Adoption adoption;
  private final Map<Key, Backoff> backoffs = new ConcurrentHashMap<>();

  public JobReconciler(
      Informer<Job> jobs, Informer<Pod> pods, Api api, Events events, InstantSource clock) {
    this.jobs = jobs;
    this.pods = pods;
    this.controlled = Controlled.of(pods);
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.writes = new PodWrites(api, events, pending, pods);
    this.adoption = new Adoption(api, JobPod.FINALIZER);
  }

  static boolean isManagedElsewhere(Job job) {
    @Nullable String manager = job.getSpec().getManagedBy();
    return manager != null && !manager.equals(NAME);
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Job job = jobs.get(key.namespace(), key.name());
    if (job == null || Statuses.isFinished(job.getStatus())) {
      pending.forget(key);
      backoffs.remove(key);
      return Result.DONE;
    }
    if (isManagedElsewhere(job)) {
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    Claiming<Pod> claiming =
        Claiming.of(
            job.getMetadata(),
            controlled.candidates(job.getMetadata()),
            pod ->
                LabelSelectors.matches(job.getSpec().getSelector(), pod.getMetadata().getLabels()));
    if (claiming.isChange()) {
      adoption.apply(job, claiming).forEach(written -> pending.wrote(key, pods, written));
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    return run(key, job, claiming.ours().stream().map(JobPod::of).toList());
  }

  /// A pod that is gone needs no change.
  private void patch(Key key, Pod pod, ObjectNode patch) {
    try {
      pending.wrote(key, pods, api.strategicMerge(Api.path(pod), patch));
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private Result run(Key key, Job job, List<JobPod> own) {
    JobStatus before = job.getStatus() == null ? new JobStatus() : job.getStatus();
    Situation situation =
        Situation.of(
            Terms.of(job), before, own, backoffs.getOrDefault(key, Backoff.NONE), clock.instant());
    PodChanges changes = PodChanges.of(situation);
    Attempt attempt = new Attempt();
    changes.delete().forEach(pod -> attempt.delete(key, job, pod, changes.counted()));
    for (PodChanges.NewPod each : changes.create()) {
      if (!attempt.isOver()) {
        attempt.create(job, each);
      }
    }
    count(key, job, situation, Counting.of(situation, changes, attempt.done()));
    if (attempt.failure != null) {
      throw attempt.failure;
    }
    return Result.after(changes.again());
  }

  private void count(Key key, Job job, Situation situation, Counting counting) {
    counting.notices().forEach(each -> events.normal(job, each.reason(), each.message()));
    JobStatus before = job.getStatus() == null ? new JobStatus() : job.getStatus();
    Job noted = write(key, job, before, counting.status());
    if (!counting.status().equals(before)) {
      backoffs.put(key, situation.backoff());
    }
    Set<String> released = new HashSet<>();
    Api.@Nullable RefusedException failure = null;
    for (JobPod pod : counting.release()) {
      try {
        patch(key, pod.pod(), JobPod.withoutFinalizer());
        released.add(pod.uid());
      } catch (Api.RefusedException e) {
        failure = e;
      }
    }
    JobStatus counted = counting.after(released, clock.instant());
    write(key, noted, counting.status(), counted);
    if (failure != null) {
      throw failure;
    }
    if (Statuses.isFinished(counted) && counting.last() != null) {
      tellEnd(job, counted, counting.last());
    }
  }

  private Job write(Key key, Job job, JobStatus before, JobStatus after) {
    if (after.equals(before)) {
      return job;
    }
    JsonNode written = api.updateStatus(job, api.toTree(after));
    pending.wrote(key, jobs, written);
    String version = written.path("metadata").path("resourceVersion").asText();
    return new JobBuilder(job).editMetadata().withResourceVersion(version).endMetadata().build();
  }

  private void tellEnd(Job job, JobStatus status, Ending ending) {
    if (!ending.isSuccess()) {
      events.warning(job, ending.reason(), ending.message());
      return;
    }
    @Nullable Integer completions = job.getSpec().getCompletions();
    if (completions != null && Statuses.number(status.getSucceeded()) > completions) {
      events.warning(
          job,
          "TooManySucceededPods",
          "Too many succeeded pods running after completion count reached");
    }
    events.normal(job, "Completed", "Job completed");
  }

  /// One go at what a job needs: what fails is not done, the rest is counted as done.
  private final class Attempt {
    private int created;
    private int deleted;
    private int deletedReady;
    private boolean namespaceEnds;
    private Api.@Nullable RefusedException failure;

    Counting.Done done() {
      return new Counting.Done(created, deleted, deletedReady);
    }

    /// Whether no other pod would be made either.
    boolean isOver() {
      return failure != null || namespaceEnds;
    }

    void delete(Key key, Job job, JobPod pod, boolean counted) {
      try {
        if (!counted && pod.tracked()) {
          patch(key, pod.pod(), JobPod.withoutFinalizer());
        }
      } catch (Api.RefusedException e) {
        failure = e;
        return;
      }
      Optional<Api.RefusedException> refused = writes.delete(job, pod.pod());
      if (refused.isPresent()) {
        failure = refused.get();
        return;
      }
      deleted++;
      deletedReady += pod.isReady() ? 1 : 0;
    }

    void create(Job job, PodChanges.NewPod wanted) {
      Optional<Api.RefusedException> refused = writes.create(job, PodOfJob.of(job, wanted));
      if (refused.isEmpty()) {
        created++;
      } else if (refused.get().isOfEndingNamespace()) {
        namespaceEnds = true;
      } else {
        failure = refused.get();
      }
    }
  }
}
