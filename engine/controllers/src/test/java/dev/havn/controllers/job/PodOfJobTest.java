// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodOfJobTest {
  private static Job job(String name) {
    return new JobBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .withUid("uid")
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewMetadata()
        .addToFinalizers("example.com/hold")
        .endMetadata()
        .withNewSpec()
        .addNewInitContainer()
        .withName("prepare")
        .endInitContainer()
        .addNewContainer()
        .withName("own")
        .addNewEnv()
        .withName("JOB_COMPLETION_INDEX")
        .withValue("mine")
        .endEnv()
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  @Test
  void aPodWithoutIndexIsAsTheTemplateSaysAndTracked() {
    Pod pod = PodOfJob.of(job("work"), new PodChanges.NewPod(JobPod.NO_INDEX, Map.of()));
    assertThat(pod.getMetadata().getGenerateName()).isEqualTo("work-");
    assertThat(pod.getMetadata().getFinalizers())
        .containsExactly("example.com/hold", JobPod.FINALIZER);
    assertThat(pod.getSpec().getHostname()).isNull();
    assertThat(pod.getSpec().getInitContainers().getFirst().getEnv()).isEmpty();
  }

  @Test
  void aLongNameIsCutBeforeTheIndex() {
    Pod pod = PodOfJob.of(job("j".repeat(63)), new PodChanges.NewPod(12, Map.of()));
    assertThat(pod.getMetadata().getGenerateName()).isEqualTo("j".repeat(54) + "-12-");
  }

  @Test
  void everyContainerIsToldTheIndexUnlessItHasTheVariable() {
    Pod pod = PodOfJob.of(job("work"), new PodChanges.NewPod(3, Map.of(JobPod.FAILURES, "1")));
    List<EnvVar> prepared = pod.getSpec().getInitContainers().getFirst().getEnv();
    assertThat(prepared).extracting(EnvVar::getName).containsExactly("JOB_COMPLETION_INDEX");
    assertThat(pod.getSpec().getContainers().getFirst().getEnv())
        .extracting(EnvVar::getValue)
        .containsExactly("mine");
    assertThat(pod.getMetadata().getAnnotations())
        .containsEntry(JobPod.INDEX, "3")
        .containsEntry(JobPod.FAILURES, "1");
  }
}
