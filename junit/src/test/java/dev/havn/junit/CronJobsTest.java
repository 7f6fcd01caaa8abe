// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;

/// CronJobs, seen through the API, whose pods no node takes.
@Havn
class CronJobsTest {
  private static CronJobBuilder cronJob(String policy) {
    return new CronJobBuilder()
        .withNewMetadata()
        .withName("tick")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withSchedule("* * * * *")
        .withConcurrencyPolicy(policy)
        .withNewJobTemplate()
        .withNewMetadata()
        .addToLabels("made", "by-schedule")
        .endMetadata()
        .withSpec(JobsTest.job("template").build().getSpec())
        .endJobTemplate()
        .endSpec();
  }

  private static List<Job> jobs(KubernetesClient client) {
    return client.batch().v1().jobs().inNamespace("default").list().getItems();
  }

  private static CronJob get(KubernetesClient client) {
    return client.batch().v1().cronjobs().inNamespace("default").withName("tick").get();
  }

  private static void toNextMinute(Cluster cluster) {
    Instant now = cluster.time().now();
    Instant next = now.truncatedTo(ChronoUnit.MINUTES).plusSeconds(60);
    cluster.time().advance(Duration.between(now, next).plusMillis(500));
  }

  @Test
  void aJobStartsWhenItIsDueAndIsFollowed(KubernetesClient client, Cluster cluster) {
    client.resource(cronJob("Allow").build()).create();
    cluster.settle();
    assertThat(jobs(client)).isEmpty();
    toNextMinute(cluster);
    Instant due = cluster.time().now().truncatedTo(ChronoUnit.MINUTES);
    Job job = jobs(client).getFirst();
    assertThat(jobs(client)).hasSize(1);
    assertThat(job.getMetadata().getName()).isEqualTo("tick-" + due.getEpochSecond() / 60);
    assertThat(job.getMetadata().getLabels()).containsEntry("made", "by-schedule");
    assertThat(job.getMetadata().getAnnotations())
        .containsEntry("batch.kubernetes.io/cronjob-scheduled-timestamp", due.toString());
    assertThat(get(client).getStatus().getLastScheduleTime()).isEqualTo(due.toString());
    assertThat(get(client).getStatus().getActive())
        .singleElement()
        .satisfies(active -> assertThat(active.getName()).isEqualTo(job.getMetadata().getName()));

    JobsTest.end(client, cluster, JobsTest.pods(client).getFirst(), 0);
    assertThat(get(client).getStatus().getActive()).isEmpty();
    assertThat(get(client).getStatus().getLastSuccessfulTime()).isNotNull();
    assertThat(JobsTest.events(client, "tick"))
        .containsExactlyInAnyOrder("SuccessfulCreate", "SawCompletedJob");
  }

  @Test
  void nothingStartsBesideAJobThatForbidsIt(KubernetesClient client, Cluster cluster) {
    client.resource(cronJob("Forbid").build()).create();
    cluster.settle();
    toNextMinute(cluster);
    toNextMinute(cluster);
    assertThat(jobs(client)).hasSize(1);
    assertThat(JobsTest.events(client, "tick")).contains("JobAlreadyActive");
  }

  @Test
  void aJobReplacesTheOneBefore(KubernetesClient client, Cluster cluster) {
    client.resource(cronJob("Replace").build()).create();
    cluster.settle();
    toNextMinute(cluster);
    String first = jobs(client).getFirst().getMetadata().getName();
    toNextMinute(cluster);
    assertThat(jobs(client))
        .singleElement()
        .satisfies(job -> assertThat(job.getMetadata().getName()).isNotEqualTo(first));
    assertThat(get(client).getStatus().getActive()).hasSize(1);
  }

  @Test
  void jobsRunBesideEachOtherUnlessTheyAreForbidden(KubernetesClient client, Cluster cluster) {
    client.resource(cronJob("Allow").build()).create();
    cluster.settle();
    toNextMinute(cluster);
    toNextMinute(cluster);
    assertThat(jobs(client)).hasSize(2);
    assertThat(get(client).getStatus().getActive()).hasSize(2);
  }

  @Test
  void finishedJobsBeyondTheLimitGo(KubernetesClient client, Cluster cluster) {
    client
        .resource(cronJob("Allow").editSpec().withSuccessfulJobsHistoryLimit(1).endSpec().build())
        .create();
    cluster.settle();
    for (int i = 0; i < 3; i++) {
      toNextMinute(cluster);
      JobsTest.pods(client).stream()
          .filter(pod -> pod.getStatus().getPhase().equals("Pending"))
          .forEach(pod -> JobsTest.end(client, cluster, pod, 0));
    }
    assertThat(jobs(client)).hasSize(1);
    assertThat(JobsTest.events(client, "tick")).contains("SuccessfulDelete");
  }

  @Test
  void aSuspendedScheduleStartsNothing(KubernetesClient client, Cluster cluster) {
    client.resource(cronJob("Allow").editSpec().withSuspend(true).endSpec().build()).create();
    cluster.settle();
    cluster.time().advance(Duration.ofMinutes(10));
    assertThat(jobs(client)).isEmpty();
  }

  @Test
  void aScheduleIsMeantInItsTimeZone(KubernetesClient client, Cluster cluster) {
    ZonedDateTime due =
        cluster.time().now().atZone(ZoneId.of("Asia/Kolkata")).truncatedTo(ChronoUnit.MINUTES);
    due = due.plusMinutes(2);
    String schedule = due.getMinute() + " " + due.getHour() + " * * *";
    client
        .resource(
            cronJob("Allow")
                .editSpec()
                .withSchedule(schedule)
                .withTimeZone("Asia/Kolkata")
                .endSpec()
                .build())
        .create();
    cluster.settle();
    cluster.time().advance(Duration.ofMinutes(3));
    Job job = jobs(client).getFirst();
    assertThat(job.getMetadata().getAnnotations())
        .containsEntry(
            "batch.kubernetes.io/cronjob-scheduled-timestamp",
            DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(due));
    assertThat(get(client).getStatus().getLastScheduleTime()).isEqualTo(due.toInstant().toString());
  }
}
