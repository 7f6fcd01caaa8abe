// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Kubernetes' own controller manager takes the lead from Havn's controllers, or is the only one,
/// as docs/guide/control-plane.md tells it.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ControllersElsewhereTest {
  private static final String PROGRAM = "kube-controller-manager";
  private static final String OWN = "havn_";

  @TempDir private Path folder;
  private Path program;
  private HavnProcess server;
  private HavnProcess manager;

  @BeforeEach
  void find() {
    Optional<Path> found = Command.onPath(PROGRAM);
    Skip.unless(found.isPresent(), "another controller manager needs " + PROGRAM + " on the path");
    program = found.orElseThrow();
  }

  @AfterEach
  void end() {
    for (HavnProcess each : new HavnProcess[] {manager, server}) {
      if (each != null) {
        each.kill();
      }
    }
  }

  private void up(String leading) throws IOException {
    Path file = Files.writeString(folder.resolve("havn.yaml"), "controller-manager: " + leading);
    server = HavnProcess.up(folder, "server", "--config", file.toString());
  }

  private static String holder(KubernetesClient client) {
    var lease = client.leases().inNamespace("kube-system").withName(PROGRAM).get();
    String holder = lease == null ? null : lease.getSpec().getHolderIdentity();
    return holder == null ? "" : holder;
  }

  private static void deploy(KubernetesClient client, String name) {
    HavnProcess.create(
        client,
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: %1$s, namespace: default}
        spec:
          replicas: 2
          selector: {matchLabels: {app: %1$s}}
          template:
            metadata: {labels: {app: %1$s}}
            spec: {containers: [{name: c, image: 'example/any:1'}]}
        """
            .formatted(name));
    HavnProcess.await(
        "two pods of " + name,
        () ->
            client.pods().inNamespace("default").withLabel("app", name).list().getItems().stream()
                    .filter(HavnProcess::isReady)
                    .count()
                == 2);
  }

  private static List<String> makers(KubernetesClient client, String name) {
    ReplicaSet set =
        client
            .apps()
            .replicaSets()
            .inNamespace("default")
            .withLabel("app", name)
            .list()
            .getItems()
            .getFirst();
    return set.getMetadata().getManagedFields().stream()
        .map(ManagedFieldsEntry::getManager)
        .distinct()
        .toList();
  }

  @Test
  void kubernetesOwnLeadsAndTheEmbeddedOnesTakeOverWhenItEnds() throws IOException {
    up("standby");
    try (KubernetesClient client = server.client()) {
      HavnProcess.await("the embedded ones lead", () -> holder(client).startsWith(OWN));
      String own = holder(client);
      deploy(client, "before");
      assertThat(makers(client, "before")).doesNotContain(PROGRAM);
      manager = HavnProcess.controllerManager(server, program);
      HavnProcess.await(
          "the other one leads", () -> !holder(client).isEmpty() && !holder(client).equals(own));
      deploy(client, "meanwhile");
      assertThat(makers(client, "meanwhile")).containsExactly(PROGRAM);
      assertThat(manager.isAlive()).as(manager.said()).isTrue();
      manager.terminate();
      HavnProcess.await("the embedded ones lead again", () -> holder(client).equals(own));
      deploy(client, "after");
      assertThat(makers(client, "after")).doesNotContain(PROGRAM);
    }
  }

  @Test
  void kubernetesOwnIsEnough() throws IOException {
    up("off");
    try (KubernetesClient client = server.client()) {
      assertThat(holder(client)).isEmpty();
      manager = HavnProcess.controllerManager(server, program);
      HavnProcess.await(
          "an account",
          () -> client.serviceAccounts().inNamespace("default").withName("default").get() != null);
      deploy(client, "web");
      assertThat(makers(client, "web")).containsExactly(PROGRAM);
    }
  }
}
