// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.cronjob.CronJobReconciler;
import dev.havn.controllers.job.JobReconciler;
import dev.havn.controllers.job.OrphanPods;
import dev.havn.controllers.replicas.PodState;
import dev.havn.controllers.ttlafterfinished.FinishedJobs;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Doubling;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.Objects;

/// What runs pods to an end: Jobs, CronJobs, and the end of Jobs that have finished.
record BatchControllers(Wiring wiring) {
  /// A job whose pods are refused tells of each try.
  private static final Doubling JOB_PAUSES =
      new Doubling(Duration.ofSeconds(1), Duration.ofMinutes(1));

  void add() {
    Informer<Job> jobs = wiring.informers().of(Job.class);
    addJobs(jobs);
    addCronJobs(jobs);
    Controller finished =
        wiring.add(
            "ttl_jobs_to_delete",
            new FinishedJobs(jobs, wiring.api("ttl-after-finished-controller"), wiring.clock()),
            Wiring.WORKERS,
            jobs);
    Wiring.watch(jobs, finished);
  }

  private void addJobs(Informer<Job> jobs) {
    Informer<Pod> pods = wiring.informers().podOutlines();
    Api api = wiring.api("job-controller");
    Controller controller =
        wiring.add(
            "job",
            new JobReconciler(
                jobs,
                pods,
                api,
                new Events(api, "job-controller", "", wiring.clock()),
                wiring.clock()),
            Wiring.WORKERS,
            JOB_PAUSES,
            jobs,
            pods);
    Wiring.watch(jobs, controller);
    Wiring.watchOwned(pods, controller, "Job");
    pods.onChange(
        (_, pod) -> {
          if (pod != null && PodState.controller(pod) == null) {
            jobs.list(pod.getMetadata().getNamespace()).stream()
                .filter(
                    job ->
                        LabelSelectors.matches(
                            job.getSpec().getSelector(), pod.getMetadata().getLabels()))
                .forEach(job -> controller.add(Informer.keyOf(job)));
          }
        });
    OrphanPods orphans = new OrphanPods(jobs, pods, api);
    Controller freeing = wiring.add("job_orphan_pod", orphans, Wiring.WORKERS, jobs, pods);
    orphans.watch(freeing::add);
  }

  private void addCronJobs(Informer<Job> jobs) {
    Informer<CronJob> cronJobs = wiring.informers().of(CronJob.class);
    Api api = wiring.api("cronjob-controller");
    Controller controller =
        wiring.add(
            "cronjob",
            new CronJobReconciler(
                cronJobs,
                jobs,
                api,
                new Events(api, "cronjob-controller", "", wiring.clock()),
                wiring.clock()),
            Wiring.WORKERS,
            cronJobs,
            jobs);
    cronJobs.onChange(
        (before, after) -> {
          CronJob cronJob = after == null ? Wiring.notNull(before) : after;
          if (before == null || after == null || isDueAsBefore(before, after)) {
            controller.add(Informer.keyOf(cronJob));
          } else {
            // A schedule that changes counts from now on: nothing was missed by it.
            CronJobReconciler.untilNext(after, wiring.clock().instant())
                .ifPresentOrElse(
                    until -> controller.addAfter(Informer.keyOf(after), until),
                    () -> controller.add(Informer.keyOf(after)));
          }
        });
    Wiring.watchOwned(jobs, controller, "CronJob");
  }

  private static boolean isDueAsBefore(CronJob before, CronJob after) {
    return before.getSpec().getSchedule().equals(after.getSpec().getSchedule())
        && Objects.equals(before.getSpec().getTimeZone(), after.getSpec().getTimeZone());
  }
}
