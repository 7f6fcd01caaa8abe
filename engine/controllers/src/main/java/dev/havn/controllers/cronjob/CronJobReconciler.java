// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.controllers.replicas.Claiming;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Index;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Starts the jobs of a CronJob when they are due and follows what becomes of them.
public final class CronJobReconciler implements Reconciler {
  private final Informer<CronJob> cronJobs;
  private final Informer<Job> jobs;
  private final Index<Job> byOwner;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final PendingWrites pending = new PendingWrites();

  public CronJobReconciler(
      Informer<CronJob> cronJobs, Informer<Job> jobs, Api api, Events events, InstantSource clock) {
    this.cronJobs = cronJobs;
    this.jobs = jobs;
    this.byOwner = jobs.index("cronjob", CronJobReconciler::owners);
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  /// How long until it is due by a schedule that was just changed; empty for one that is none.
  public static Optional<Duration> untilNext(CronJob cronJob, Instant now) {
    try {
      Schedule schedule =
          Schedule.parse(cronJob.getSpec().getSchedule(), cronJob.getSpec().getTimeZone());
      return Optional.of(CronTimes.untilNext(cronJob, schedule, now));
    } catch (Schedule.UnparseableException e) {
      return Optional.empty();
    }
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable CronJob cronJob = cronJobs.get(key.namespace(), key.name());
    if (cronJob == null) {
      pending.forget(key);
      return Result.DONE;
    }
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    List<Job> own = byOwner.list(key.toString());
    CronPlan plan = CronPlan.of(cronJob, own, gone(cronJob, own), clock.instant());
    apply(key, cronJob, plan);
    return Result.atTime(plan.again());
  }

  /// By name: also the jobs of a CronJob of this name that is no more are followed.
  private static List<String> owners(Job job) {
    @Nullable OwnerReference owner = Claiming.controller(job);
    return owner == null || !owner.getKind().equals("CronJob")
        ? List.of()
        : List.of(new Key(job.getMetadata().getNamespace(), owner.getName()).toString());
  }

  /// A cache that lags behind shows too few: the API is asked for each.
  private Set<String> gone(CronJob cronJob, List<Job> own) {
    Set<String> gone = new HashSet<>();
    if (cronJob.getStatus() != null) {
      for (ObjectReference each : cronJob.getStatus().getActive()) {
        boolean known =
            own.stream().anyMatch(job -> job.getMetadata().getUid().equals(each.getUid()));
        if (!known && api.find(path(each)).isEmpty()) {
          gone.add(each.getUid());
        }
      }
    }
    return gone;
  }

  private static String path(ObjectReference job) {
    return Api.path(Job.class, job.getNamespace(), job.getName());
  }

  private void apply(Key key, CronJob cronJob, CronPlan plan) {
    plan.remove()
        .forEach(
            job -> delete(key, cronJob, job.getMetadata().getName(), job.getMetadata().getUid()));
    for (CronPlan.Notice each : plan.notices()) {
      if (each.warning()) {
        events.warning(cronJob, each.reason(), each.message());
      } else {
        events.normal(cronJob, each.reason(), each.message());
      }
    }
    CronJobStatus before = cronJob.getStatus() == null ? new CronJobStatus() : cronJob.getStatus();
    if (plan.start() == null) {
      write(key, cronJob, before, plan.status());
      return;
    }
    List<ObjectReference> replaced = new ArrayList<>();
    for (ObjectReference each : plan.start().replaces()) {
      if (delete(key, cronJob, each.getName(), each.getUid())) {
        replaced.add(each);
      }
    }
    CronJobStatus status = CronPlan.without(plan.status(), replaced);
    if (replaced.size() < plan.start().replaces().size()) {
      write(key, cronJob, before, status);
      throw new IllegalStateException("could not replace jobs of " + key);
    }
    start(key, cronJob, before, status, plan.start());
  }

  private boolean delete(Key key, CronJob cronJob, String name, String uid) {
    try {
      api.delete(
          Api.path(Job.class, key.namespace(), name),
          Api.object().put("propagationPolicy", "Background"));
    } catch (Api.RefusedException e) {
      events.warning(cronJob, "FailedDelete", "Deleted job: " + e.getMessage());
      return false;
    }
    pending.deleted(key, jobs, new Key(key.namespace(), name), uid);
    events.normal(cronJob, "SuccessfulDelete", "Deleted job " + name);
    return true;
  }

  private void start(
      Key key, CronJob cronJob, CronJobStatus before, CronJobStatus status, CronPlan.Start start) {
    @Nullable JsonNode made = null;
    try {
      made = api.create(start.job());
      events.normal(
          cronJob, "SuccessfulCreate", "Created job " + start.job().getMetadata().getName());
    } catch (Api.RefusedException e) {
      if (e.reason().equals("AlreadyExists")) {
        made = forgotten(key, cronJob, start);
      } else {
        if (!e.isOfEndingNamespace()) {
          events.warning(cronJob, "FailedCreate", "Error creating job: " + e.getMessage());
        }
        write(key, cronJob, before, status);
        throw e;
      }
    }
    write(
        key,
        cronJob,
        before,
        made == null ? status : CronPlan.with(status, reference(made), start.scheduled()));
  }

  /// A job that was made before and not noted; null when another than this CronJob made it.
  private @Nullable JsonNode forgotten(Key key, CronJob cronJob, CronPlan.Start start) {
    String name = start.job().getMetadata().getName();
    return api.find(Api.path(Job.class, key.namespace(), name))
        .filter(
            job -> {
              for (JsonNode owner : job.path("metadata").path("ownerReferences")) {
                if (owner.path("controller").asBoolean()
                    && owner.path("uid").asText().equals(cronJob.getMetadata().getUid())) {
                  return true;
                }
              }
              return false;
            })
        .orElse(null);
  }

  private static ObjectReference reference(JsonNode job) {
    JsonNode metadata = job.path("metadata");
    return new ObjectReferenceBuilder()
        .withApiVersion("batch/v1")
        .withKind("Job")
        .withNamespace(metadata.path("namespace").asText())
        .withName(metadata.path("name").asText())
        .withUid(metadata.path("uid").asText())
        .withResourceVersion(metadata.path("resourceVersion").asText())
        .build();
  }

  private void write(Key key, CronJob cronJob, CronJobStatus before, CronJobStatus after) {
    if (!after.equals(before)) {
      pending.wrote(key, cronJobs, api.updateStatus(cronJob, api.toTree(after)));
    }
  }
}
