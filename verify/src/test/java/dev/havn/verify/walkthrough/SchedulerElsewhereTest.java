// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The scheduler in a process of its own, over https, as docs/guide/control-plane.md tells it.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SchedulerElsewhereTest {
  private static final String OWN = "havn_";

  @TempDir private Path folder;
  private HavnProcess server;
  private HavnProcess scheduler;

  @AfterEach
  void end() {
    for (HavnProcess each : new HavnProcess[] {scheduler, server}) {
      if (each != null) {
        each.kill();
      }
    }
  }

  private void up(String schedulerKey) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), "scheduler: " + schedulerKey);
    server = HavnProcess.up(folder, "server", "--config", file.toString());
  }

  private static void create(KubernetesClient client, String name) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("c")
                .withImage("example/any:1")
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private static boolean isPlaced(KubernetesClient client, String name) {
    Pod pod = client.pods().inNamespace("default").withName(name).get();
    return pod.getSpec().getNodeName() != null;
  }

  private static String holder(KubernetesClient client) {
    var lease = client.leases().inNamespace("kube-system").withName("kube-scheduler").get();
    String holder = lease == null ? null : lease.getSpec().getHolderIdentity();
    return holder == null ? "" : holder;
  }

  @Test
  void withoutAnySchedulerNothingNewIsPlacedUntilOneRuns() throws IOException {
    up("off");
    try (KubernetesClient client = server.client()) {
      create(client, "first");
      scheduler = HavnProcess.scheduler(server);
      HavnProcess.await("the first pod is placed", () -> isPlaced(client, "first"));
      assertThat(holder(client)).isNotEmpty();
      scheduler.terminate();
      assertThat(holder(client)).isEmpty();
      create(client, "second");
      // All else lives on: the controllers and the node.
      client.pods().inNamespace("default").withName("first").delete();
      HavnProcess.await(
          "the first pod is gone",
          () -> client.pods().inNamespace("default").withName("first").get() == null);
      assertThat(isPlaced(client, "second")).isFalse();
      scheduler = HavnProcess.scheduler(server);
      HavnProcess.await("the second pod is placed", () -> isPlaced(client, "second"));
    }
  }

  @Test
  void theEmbeddedOneStandsByAndTakesOver() throws IOException {
    up("standby");
    try (KubernetesClient client = server.client()) {
      HavnProcess.await("the embedded one leads", () -> holder(client).startsWith(OWN));
      String own = holder(client);
      scheduler = HavnProcess.scheduler(server);
      HavnProcess.await(
          "the other one leads", () -> !holder(client).isEmpty() && !holder(client).equals(own));
      scheduler.terminate();
      create(client, "pod");
      HavnProcess.await("the pod is placed", () -> isPlaced(client, "pod"));
      assertThat(holder(client)).isEqualTo(own);
    }
  }

  @Test
  void saysWhatItCannotReach() throws IOException {
    up("off");
    server.kill();
    scheduler = HavnProcess.scheduler(server);
    HavnProcess.await("it ends", () -> !scheduler.isAlive());
    assertThat(scheduler.said())
        .startsWith("havn: https://127.0.0.1:")
        .contains(" does not answer: nothing listens there");
  }
}
