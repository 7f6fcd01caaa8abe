// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Jobs, seen through the API. No node takes their pods: the test says what becomes of them.
@Havn
class JobsTest {
  private static final String FINALIZER = "batch.kubernetes.io/job-tracking";
  private static final String INDEX = "batch.kubernetes.io/job-completion-index";

  static JobBuilder job(String name) {
    return new JobBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewSpec()
        .withRestartPolicy("Never")
        .addToNodeSelector("no", "such")
        .addNewContainer()
        .withName("main")
        .withImage("example/main:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec();
  }

  private static Job get(KubernetesClient client, String name) {
    return client.batch().v1().jobs().inNamespace("default").withName(name).get();
  }

  static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").list().getItems();
  }

  private static Pod pod(KubernetesClient client, int index) {
    return pods(client).stream()
        .filter(pod -> String.valueOf(index).equals(pod.getMetadata().getAnnotations().get(INDEX)))
        .filter(pod -> pod.getStatus().getPhase().equals("Pending"))
        .findFirst()
        .orElseThrow();
  }

  static void end(KubernetesClient client, Cluster cluster, Pod pod, int exitCode) {
    client
        .resource(
            new PodBuilder(pod)
                .editMetadata()
                .withResourceVersion(null)
                .endMetadata()
                .editStatus()
                .withPhase(exitCode == 0 ? "Succeeded" : "Failed")
                .addNewContainerStatus()
                .withName("main")
                .withImage("example/main:1")
                .withImageID("")
                .withReady(false)
                .withRestartCount(0)
                .withNewState()
                .withNewTerminated()
                .withExitCode(exitCode)
                .withFinishedAt(cluster.time().now().truncatedTo(SECONDS).toString())
                .endTerminated()
                .endState()
                .endContainerStatus()
                .endStatus()
                .build())
        .patchStatus();
    cluster.settle();
  }

  private static final java.time.temporal.ChronoUnit SECONDS =
      java.time.temporal.ChronoUnit.SECONDS;

  private static List<String> conditions(Job job) {
    return job.getStatus().getConditions().stream()
        .map(each -> each.getType() + "=" + each.getStatus() + " " + each.getReason())
        .toList();
  }

  static List<String> events(KubernetesClient client, String about) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> about.equals(event.getInvolvedObject().getName()))
        .map(Event::getReason)
        .toList();
  }

  @Test
  void aJobIsCompleteWhenItsPodsHaveSucceededAndLetsThemGo(
      KubernetesClient client, Cluster cluster) {
    client
        .resource(job("work").editSpec().withCompletions(2).withParallelism(1).endSpec().build())
        .create();
    cluster.settle();
    assertThat(pods(client)).hasSize(1);
    assertThat(pods(client).getFirst().getMetadata().getFinalizers()).containsExactly(FINALIZER);
    assertThat(get(client, "work").getStatus().getActive()).isEqualTo(1);

    end(client, cluster, pods(client).getFirst(), 0);
    assertThat(get(client, "work").getStatus().getSucceeded()).isEqualTo(1);
    Pod second =
        pods(client).stream()
            .filter(pod -> pod.getStatus().getPhase().equals("Pending"))
            .findFirst()
            .orElseThrow();
    end(client, cluster, second, 0);

    Job done = get(client, "work");
    assertThat(conditions(done))
        .containsExactly(
            "SuccessCriteriaMet=True CompletionsReached", "Complete=True CompletionsReached");
    assertThat(done.getStatus().getSucceeded()).isEqualTo(2);
    assertThat(done.getStatus().getActive()).isNull();
    assertThat(done.getStatus().getCompletionTime()).isNotNull();
    assertThat(pods(client))
        .hasSize(2)
        .allSatisfy(pod -> assertThat(pod.getMetadata().getFinalizers()).isEmpty());
    assertThat(events(client, "work"))
        .containsExactlyInAnyOrder("SuccessfulCreate", "SuccessfulCreate", "Completed");
  }

  @Test
  void podsThatFailAreReplacedLaterEachTimeUntilTheLimit(KubernetesClient client, Cluster cluster) {
    client.resource(job("bad").editSpec().withBackoffLimit(1).endSpec().build()).create();
    cluster.settle();
    end(client, cluster, pods(client).getFirst(), 1);
    assertThat(get(client, "bad").getStatus().getFailed()).isEqualTo(1);
    cluster.time().advance(Duration.ofSeconds(8));
    assertThat(pods(client)).hasSize(1);
    cluster.time().advance(Duration.ofSeconds(3));
    assertThat(pods(client)).hasSize(2);

    Pod second =
        pods(client).stream()
            .filter(pod -> pod.getStatus().getPhase().equals("Pending"))
            .findFirst()
            .orElseThrow();
    end(client, cluster, second, 1);
    Job failed = get(client, "bad");
    assertThat(conditions(failed))
        .containsExactly(
            "FailureTarget=True BackoffLimitExceeded", "Failed=True BackoffLimitExceeded");
    assertThat(failed.getStatus().getFailed()).isEqualTo(2);
    assertThat(events(client, "bad")).contains("BackoffLimitExceeded");
  }

  @Test
  void anIndexedJobGivesEachPodItsIndex(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            job("indexed")
                .editSpec()
                .withCompletionMode("Indexed")
                .withCompletions(3)
                .withParallelism(2)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    Pod first = pod(client, 0);
    assertThat(first.getMetadata().getName()).startsWith("indexed-0-");
    assertThat(first.getMetadata().getLabels()).containsEntry(INDEX, "0");
    assertThat(first.getSpec().getHostname()).isEqualTo("indexed-0");
    assertThat(first.getSpec().getContainers().getFirst().getEnv())
        .anySatisfy(
            env -> {
              assertThat(env.getName()).isEqualTo("JOB_COMPLETION_INDEX");
              assertThat(env.getValueFrom().getFieldRef().getFieldPath())
                  .isEqualTo("metadata.labels['batch.kubernetes.io/job-completion-index']");
            });
    end(client, cluster, pod(client, 1), 0);
    end(client, cluster, pod(client, 2), 0);
    assertThat(get(client, "indexed").getStatus().getCompletedIndexes()).isEqualTo("1,2");
    end(client, cluster, pod(client, 0), 0);
    assertThat(get(client, "indexed").getStatus().getCompletedIndexes()).isEqualTo("0-2");
    assertThat(conditions(get(client, "indexed"))).contains("Complete=True CompletionsReached");
  }

  @Test
  void aSuspendedJobHasNoPodsAndItsTimeBeginsAnew(KubernetesClient client, Cluster cluster) {
    client
        .resource(job("paused").editSpec().withActiveDeadlineSeconds(60L).endSpec().build())
        .create();
    cluster.settle();
    assertThat(pods(client)).hasSize(1);
    suspend(client, cluster, "paused", true);
    assertThat(pods(client)).isEmpty();
    Job paused = get(client, "paused");
    assertThat(conditions(paused)).containsExactly("Suspended=True JobSuspended");
    assertThat(paused.getStatus().getStartTime()).isNull();
    cluster.time().advance(Duration.ofMinutes(5));
    suspend(client, cluster, "paused", false);
    assertThat(pods(client)).hasSize(1);
    assertThat(conditions(get(client, "paused"))).containsExactly("Suspended=False JobResumed");
    cluster.time().advance(Duration.ofSeconds(59));
    assertThat(pods(client)).hasSize(1);
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(pods(client)).isEmpty();
    assertThat(conditions(get(client, "paused")))
        .contains("FailureTarget=True DeadlineExceeded", "Failed=True DeadlineExceeded");
    assertThat(events(client, "paused")).contains("Suspended", "Resumed", "DeadlineExceeded");
  }

  private static void suspend(
      KubernetesClient client, Cluster cluster, String name, boolean suspended) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace("default")
        .withName(name)
        .edit(job -> new JobBuilder(job).editSpec().withSuspend(suspended).endSpec().build());
    cluster.settle();
  }

  @Test
  void aFinishedJobGoesWhenItsTimeIsOver(KubernetesClient client, Cluster cluster) {
    client
        .resource(job("brief").editSpec().withTtlSecondsAfterFinished(30).endSpec().build())
        .create();
    cluster.settle();
    end(client, cluster, pods(client).getFirst(), 0);
    cluster.time().advance(Duration.ofSeconds(28));
    assertThat((@Nullable Job) get(client, "brief")).isNotNull();
    cluster.time().advance(Duration.ofSeconds(5));
    assertThat((@Nullable Job) get(client, "brief")).isNull();
    assertThat(pods(client)).isEmpty();
  }

  @Test
  void aJobThatIsManagedElsewhereIsLeftAlone(KubernetesClient client, Cluster cluster) {
    client
        .resource(job("theirs").editSpec().withManagedBy("example.com/queue").endSpec().build())
        .create();
    cluster.settle();
    assertThat(pods(client)).isEmpty();
    assertThat(get(client, "theirs").getStatus().getStartTime()).isNull();
  }

  @Test
  void aPodThatNoLongerMatchesIsLetGoAndOneThatDoesIsTaken(
      KubernetesClient client, Cluster cluster) {
    client.resource(job("work").build()).create();
    cluster.settle();
    Pod pod = pods(client).getFirst();
    client
        .pods()
        .inNamespace("default")
        .withName(pod.getMetadata().getName())
        .edit(each -> new PodBuilder(each).editMetadata().withLabels(null).endMetadata().build());
    cluster.settle();
    Pod released = client.pods().resource(pod).get();
    assertThat(released.getMetadata().getOwnerReferences()).isEmpty();
    assertThat(released.getMetadata().getFinalizers()).isEmpty();
    assertThat(pods(client)).hasSize(2);

    client
        .pods()
        .inNamespace("default")
        .withName(pod.getMetadata().getName())
        .edit(
            each ->
                new PodBuilder(each)
                    .editMetadata()
                    .withLabels(pod.getMetadata().getLabels())
                    .endMetadata()
                    .build());
    cluster.settle();
    assertThat(pods(client)).hasSize(1);
    assertThat(pods(client).getFirst().getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(owner -> assertThat(owner.getName()).isEqualTo("work"));
    assertThat(pods(client).getFirst().getMetadata().getFinalizers()).containsExactly(FINALIZER);
  }

  @Test
  void podsOfAJobThatWasDeletedAloneAreLetGo(KubernetesClient client, Cluster cluster) {
    client.resource(job("gone").build()).create();
    cluster.settle();
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace("default")
        .withName("gone")
        .withPropagationPolicy(DeletionPropagation.ORPHAN)
        .delete();
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat((@Nullable Job) get(client, "gone")).isNull();
    assertThat(pods(client))
        .singleElement()
        .satisfies(pod -> assertThat(pod.getMetadata().getFinalizers()).isEmpty());
  }

  @Test
  void aDeletedJobTakesItsPodsWithIt(KubernetesClient client, Cluster cluster) {
    client.resource(job("gone").build()).create();
    cluster.settle();
    client.batch().v1().jobs().inNamespace("default").withName("gone").delete();
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(pods(client)).isEmpty();
  }

  @Test
  void anIndexThatFailsTooOftenFailsAlone(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            job("perindex")
                .editSpec()
                .withCompletionMode("Indexed")
                .withCompletions(2)
                .withParallelism(2)
                .withBackoffLimitPerIndex(1)
                .endSpec()
                .build())
        .create();
    cluster.settle();
    end(client, cluster, pod(client, 0), 1);
    cluster.time().advance(Duration.ofSeconds(11));
    assertThat(pod(client, 0).getMetadata().getAnnotations())
        .containsEntry("batch.kubernetes.io/job-index-failure-count", "1");
    end(client, cluster, pod(client, 0), 1);
    assertThat(get(client, "perindex").getStatus().getFailedIndexes()).isEqualTo("0");
    end(client, cluster, pod(client, 1), 0);
    Job failed = get(client, "perindex");
    assertThat(conditions(failed))
        .containsExactly("FailureTarget=True FailedIndexes", "Failed=True FailedIndexes");
    assertThat(failed.getStatus().getConditions())
        .extracting(JobCondition::getMessage)
        .containsOnly("Job has failed indexes");
    assertThat(failed.getStatus().getCompletedIndexes()).isEqualTo("1");
  }
}
