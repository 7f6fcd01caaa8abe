// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.havn.store.EtcdProcess;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two servers on one etcd are one cluster; killing one of them, or etcd, loses nothing that was
/// acknowledged.
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ServersOnEtcdTest {
  private static final String DEFAULT = "default";

  /// Of those that are given to nobody who asks for any.
  private static final int WANTED_PORT = 30_007;

  private static final String AFTER =
      """
      apiVersion: apps/v1
      kind: ReplicaSet
      metadata: {name: after, namespace: default}
      spec:
        replicas: 2
        selector: {matchLabels: {app: after}}
        template:
          metadata: {labels: {app: after}}
          spec:
            tolerations: [{operator: Exists}]
            containers: [{name: c, image: any}]
      """;

  @TempDir private Path folder;
  private EtcdProcess etcd;
  private HavnProcess one;
  private HavnProcess other;

  private HavnProcess server(String name) throws IOException {
    return HavnProcess.up(folder, name, "--store", "etcd=" + etcd.url());
  }

  private static void await(String what, BooleanSupplier there) {
    HavnProcess.await(what, there);
  }

  @BeforeEach
  void start() throws IOException {
    etcd = EtcdProcess.start(folder.resolve("etcd"));
    one = server("one");
    other = server("other");
  }

  @AfterEach
  void stop() throws IOException {
    for (HavnProcess each : new HavnProcess[] {one, other}) {
      if (each != null) {
        each.kill();
      }
    }
    if (etcd != null) {
      etcd.close();
    }
  }

  private static ConfigMap map(String name) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).endMetadata().build();
  }

  @Test
  void addressesPortsAndQuotasAreGivenOutOnceAndWhatOneWritesTheOtherReads()
      throws InterruptedException {
    try (KubernetesClient here = one.client();
        KubernetesClient there = other.client()) {
      for (int i = 0; i < 20; i++) {
        here.configMaps().inNamespace(DEFAULT).resource(map("m" + i)).create();
        assertThat(there.configMaps().inNamespace(DEFAULT).withName("m" + i).get()).isNotNull();
      }
      List<KubernetesClient> both = List.of(here, there);
      inParallel(
          16,
          i -> both.get(i % 2).services().inNamespace(DEFAULT).resource(service("s" + i)).create());
      Set<Object> given = new HashSet<>();
      List<Service> services = here.services().inNamespace(DEFAULT).list().getItems();
      for (Service each : services) {
        assertThat(given.add(each.getSpec().getClusterIP())).isTrue();
        each.getSpec().getPorts().stream()
            .filter(port -> port.getNodePort() != null)
            .forEach(port -> assertThat(given.add(port.getNodePort())).isTrue());
      }
      assertThat(services).hasSize(17);
      assertThat(acceptedOfOnePort(both)).isEqualTo(1);
      assertThat(acceptedUnderQuota(both)).isEqualTo(5);
    }
  }

  private static Service service(String name) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withType("NodePort")
        .addNewPort()
        .withPort(80)
        .endPort()
        .endSpec()
        .build();
  }

  /// How many Services come to be that all want one node port.
  private static int acceptedOfOnePort(List<KubernetesClient> both) throws InterruptedException {
    AtomicInteger accepted = new AtomicInteger();
    inParallel(
        6,
        i -> {
          Service wanted = service("p" + i);
          wanted.getSpec().getPorts().getFirst().setNodePort(WANTED_PORT);
          try {
            both.get(i % 2).services().inNamespace(DEFAULT).resource(wanted).create();
            accepted.incrementAndGet();
          } catch (KubernetesClientException refused) {
            assertThat(refused).hasMessageContaining("provided port is already allocated");
          }
        });
    return accepted.get();
  }

  /// How many objects come to be where a quota allows five.
  private static int acceptedUnderQuota(List<KubernetesClient> both) throws InterruptedException {
    both.getFirst()
        .load(
            new ByteArrayInputStream(
                """
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: five, namespace: default}
                spec: {hard: {secrets: "5"}}
                """
                    .getBytes(StandardCharsets.UTF_8)))
        .create();
    await("a counted quota", () -> both.stream().allMatch(ServersOnEtcdTest::isCounted));
    AtomicInteger accepted = new AtomicInteger();
    inParallel(
        12,
        i -> {
          try {
            both.get(i % 2)
                .secrets()
                .inNamespace(DEFAULT)
                .resource(
                    new io.fabric8.kubernetes.api.model.SecretBuilder()
                        .withNewMetadata()
                        .withName("q" + i)
                        .endMetadata()
                        .build())
                .create();
            accepted.incrementAndGet();
          } catch (KubernetesClientException refused) {
            assertThat(refused.getCode()).isEqualTo(403);
          }
        });
    return accepted.get();
  }

  private static boolean isCounted(KubernetesClient client) {
    var quota = client.resourceQuotas().inNamespace(DEFAULT).withName("five").get();
    return quota.getStatus() != null
        && quota.getStatus().getUsed() != null
        && quota.getStatus().getUsed().containsKey("secrets");
  }

  private interface Task {
    void run(int number);
  }

  private static void inParallel(int count, Task task) throws InterruptedException {
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        int number = i;
        threads.execute(
            () -> {
              try {
                task.run(number);
              } catch (RuntimeException | AssertionError e) {
                failures.add(e);
              }
            });
      }
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void aServerThatIsKilledLosesNothingAndTheOtherTakesOver() throws Exception {
    Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    AtomicBoolean over = new AtomicBoolean();
    Semaphore written = new Semaphore(0);
    try (KubernetesClient here = one.client();
        KubernetesClient there = other.client();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 4; i++) {
        String prefix = "w" + i + "-";
        KubernetesClient client = i % 2 == 0 ? here : there;
        threads.execute(() -> write(client, prefix, acknowledged, over, written));
      }
      written.acquire(100);
      one.kill();
      written.acquire(50);
      over.set(true);
    }
    try (KubernetesClient there = other.client()) {
      Set<String> found = new HashSet<>();
      there.configMaps().inNamespace(DEFAULT).list().getItems().stream()
          .map(each -> each.getMetadata().getName())
          .forEach(found::add);
      assertThat(found).containsAll(acknowledged);
      there.load(new ByteArrayInputStream(AFTER.getBytes(StandardCharsets.UTF_8))).create();
      await(
          "pods made by the new leader",
          () ->
              there.pods().inNamespace(DEFAULT).withLabel("app", "after").list().getItems().size()
                  == 2);
    }
    one.up();
    try (KubernetesClient here = one.client()) {
      for (String name : acknowledged) {
        assertThat(here.configMaps().inNamespace(DEFAULT).withName(name).get()).isNotNull();
      }
    }
  }

  /// Creates until it is over or its server is gone.
  private static void write(
      KubernetesClient client,
      String prefix,
      Set<String> acknowledged,
      AtomicBoolean over,
      Semaphore written) {
    for (int i = 0; !over.get(); i++) {
      try {
        client.configMaps().inNamespace(DEFAULT).resource(map(prefix + i)).create();
        acknowledged.add(prefix + i);
        written.release();
      } catch (KubernetesClientException gone) {
        assertThat(gone.getCause()).as("no answer").isInstanceOf(IOException.class);
        return;
      }
    }
  }

  @Test
  void withoutEtcdRequestsAreRefusedInWordsAndEverythingGoesOnWhenItIsBack() throws Exception {
    try (KubernetesClient here = one.client()) {
      here.configMaps().inNamespace(DEFAULT).resource(map("before")).create();
      etcd.kill();
      KubernetesClientException refused =
          catchThrowableOfType(
              KubernetesClientException.class,
              () -> here.configMaps().inNamespace(DEFAULT).withName("before").get());
      assertThat(refused.getCode()).isEqualTo(504);
      assertThat(refused.getStatus().getReason()).isEqualTo("Timeout");
      assertThat(refused.getStatus().getMessage())
          .contains("etcd at " + etcd.url() + " does not answer");
      assertThat(catchThrowableOfType(KubernetesClientException.class, () -> here.raw("/readyz")))
          .satisfies(unready -> assertThat(unready.getCode()).isEqualTo(500));
      String list = "/api/v1/namespaces/default/configmaps?resourceVersion=0";
      assertThat(here.raw(list)).contains("before");
      etcd.start();
      await("readiness", () -> isReady(here));
      here.configMaps().inNamespace(DEFAULT).resource(map("after")).create();
      try (KubernetesClient there = other.client()) {
        await("readiness of the other", () -> isReady(there));
        assertThat(there.configMaps().inNamespace(DEFAULT).withName("after").get()).isNotNull();
        assertThat(there.configMaps().inNamespace(DEFAULT).withName("before").get()).isNotNull();
      }
    }
  }

  private static boolean isReady(KubernetesClient client) {
    try {
      return "ok".equals(client.raw("/readyz"));
    } catch (KubernetesClientException notYet) {
      return false;
    }
  }

  @Test
  void aBackupOfARunningClusterComesBackWhenNoServerRuns() throws IOException {
    Path file = folder.resolve("backup");
    try (KubernetesClient here = one.client()) {
      here.configMaps().inNamespace(DEFAULT).resource(map("kept")).create();
      assertThat(other.run("backup", file.toString()).succeeded()).contains("Backed up");
      here.configMaps().inNamespace(DEFAULT).resource(map("later")).create();
    }
    List<String> restore =
        HavnProcess.command(
            folder.resolve("nobody"),
            "restore",
            "--yes",
            file.toString(),
            "--store",
            "etcd=" + etcd.url());
    assertThat(Command.run(Map.of(), restore).failed()).contains("servers run on etcd=");
    for (HavnProcess each : List.of(one, other)) {
      each.run("down").succeeded();
    }
    assertThat(Command.run(Map.of(), restore).succeeded()).contains("Restored");
    one.up();
    try (KubernetesClient here = one.client()) {
      assertThat(here.configMaps().inNamespace(DEFAULT).withName("kept").get()).isNotNull();
      assertThat(here.configMaps().inNamespace(DEFAULT).withName("later").get()).isNull();
    }
  }
}
