// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.Scheduler;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A scheduler to which the API refuses bindings.
class FailedBindingsTest {
  private static final String NAME = "refused-scheduler";

  private static SchedulerConfiguration configuration() throws JsonProcessingException {
    return SchedulerConfiguration.of(
        new ObjectMapper()
            .readTree(
                """
                {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
                 "profiles": [{"schedulerName": "%s"}]}
                """
                    .formatted(NAME)));
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName("p")
        .endMetadata()
        .withNewSpec()
        .withSchedulerName(NAME)
        .addNewContainer()
        .withName("c")
        .withImage("example/c:1")
        .endContainer()
        .endSpec()
        .build();
  }

  @Test
  void aPodThatIsNotBoundIsTriedLessAndLessOften() throws JsonProcessingException {
    List<Instant> tries = new ArrayList<>();
    try (EmbeddedCluster cluster = EmbeddedCluster.start(1);
        RefusingApi refusing =
            new RefusingApi(
                cluster,
                each -> {
                  boolean binds = each.startsWith("POST ") && each.contains("/pods/p/binding");
                  if (binds) {
                    tries.add(cluster.time().instant());
                  }
                  return binds;
                });
        Informers informers = new Informers(refusing.api(), cluster.time());
        Scheduler scheduler =
            new Scheduler(
                informers, refusing.api(), configuration(), cluster.time(), cluster.time())) {
      scheduler.lead(true);
      cluster.client().resource(pod()).create();
      cluster.advance(Duration.ofSeconds(40));
      List<Long> pauses = new ArrayList<>();
      for (int i = 1; i < tries.size(); i++) {
        pauses.add(Duration.between(tries.get(i - 1), tries.get(i)).toSeconds());
      }
      assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 10L, 10L);
    }
  }
}
