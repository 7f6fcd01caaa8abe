// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Whatever ends where, and wherever the controller is killed, each pod is counted once.
class CountedOnceTest {
  private static final int STEPS_MAX = 400;

  /// Jobs and pods as the API would keep them.
  private static final class World {
    private final Random random;
    private final Job job;
    private final List<Pod> pods = new ArrayList<>();
    private final Set<String> ended = new HashSet<>();
    private JobStatus status = new JobStatus();
    private Backoff backoff = Backoff.NONE;
    private Instant now = Instant.parse("2026-05-04T10:00:00Z");
    private int made;
    private int succeeded;
    private int failed;

    World(long seed, boolean indexed) {
      this.random = new Random(seed);
      this.job =
          new JobBuilder()
              .withNewMetadata()
              .withName("work")
              .withNamespace("default")
              .withUid("uid")
              .endMetadata()
              .withNewSpec()
              .withCompletionMode(indexed ? "Indexed" : "NonIndexed")
              .withCompletions(5)
              .withParallelism(3)
              .withBackoffLimit(1_000)
              .withTemplate(
                  new PodTemplateSpecBuilder()
                      .withNewSpec()
                      .withRestartPolicy("Never")
                      .endSpec()
                      .build())
              .endSpec()
              .build();
    }

    boolean isFinished() {
      return Statuses.isFinished(status);
    }

    /// One look of the controller, which may be killed after each of its writes.
    void reconcile() {
      Situation situation =
          Situation.of(Terms.of(job), status, pods.stream().map(JobPod::of).toList(), backoff, now);
      PodChanges changes = PodChanges.of(situation);
      for (PodChanges.NewPod each : changes.create()) {
        pods.add(made(PodOfJob.of(job, each)));
        if (isKilled()) {
          return;
        }
      }
      for (JobPod pod : changes.delete()) {
        pods.removeIf(each -> each.getMetadata().getUid().equals(pod.uid()));
      }
      Counting counting =
          Counting.of(
              situation,
              changes,
              new Counting.Done(changes.create().size(), changes.delete().size(), 0));
      status = counting.status();
      backoff = situation.backoff();
      Set<String> released = new HashSet<>();
      for (JobPod pod : counting.release()) {
        if (isKilled()) {
          return;
        }
        pods.replaceAll(each -> each.getMetadata().getUid().equals(pod.uid()) ? free(each) : each);
        released.add(pod.uid());
      }
      if (!isKilled()) {
        status = counting.after(released, now);
      }
    }

    private boolean isKilled() {
      boolean killed = random.nextInt(5) == 0;
      backoff = killed ? Backoff.NONE : backoff;
      return killed;
    }

    private Pod made(Pod pod) {
      String name = "pod-" + made++;
      return new PodBuilder(pod)
          .editMetadata()
          .withName(name)
          .withUid(name)
          .withCreationTimestamp(now.toString())
          .endMetadata()
          .withNewStatus()
          .withPhase("Running")
          .endStatus()
          .build();
    }

    private static Pod free(Pod pod) {
      return new PodBuilder(pod).editMetadata().withFinalizers().endMetadata().build();
    }

    /// A pod ends, or one that has been let go is removed.
    void happens() {
      now = now.plus(Duration.ofMinutes(11));
      if (pods.isEmpty()) {
        return;
      }
      int at = random.nextInt(pods.size());
      Pod pod = pods.get(at);
      if (ended.add(pod.getMetadata().getUid())) {
        boolean well = random.nextBoolean();
        succeeded += well ? 1 : 0;
        failed += well ? 0 : 1;
        pods.set(
            at,
            new PodBuilder(pod)
                .editStatus()
                .withPhase(well ? "Succeeded" : "Failed")
                .endStatus()
                .build());
      } else if (pod.getMetadata().getFinalizers().isEmpty()) {
        pods.remove(at);
      }
    }
  }

  @Property(tries = 100)
  void eachPodIsCountedOnceHoweverOftenTheControllerIsKilled(
      @ForAll long seed, @ForAll boolean indexed) {
    World world = new World(seed, indexed);
    for (int step = 0; step < STEPS_MAX && !world.isFinished(); step++) {
      if (world.random.nextInt(3) == 0) {
        world.happens();
      } else {
        world.reconcile();
      }
    }
    assertThat(world.isFinished()).isTrue();
    assertThat(Statuses.number(world.status.getFailed())).isEqualTo(world.failed);
    assertThat(Statuses.number(world.status.getSucceeded()))
        .isEqualTo(5)
        .isEqualTo(world.succeeded);
  }
}
