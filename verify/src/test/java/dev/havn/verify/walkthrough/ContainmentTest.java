// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Processes;
import dev.havn.node.kernel.Program;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Pods that take all they can get, on a machine with a small disk: one starts ever more processes,
/// one floods its log, the probes and hooks of others hang, and somebody brings an image that is
/// larger than the disk. Each is held and told of, its neighbours answer all the time, and nothing
/// is left of it in the end. With `-Dhavn.full=true` for minutes, with the usual bound of processes
/// and all the processor time there is.
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ContainmentTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final int PROCESSES_MAX = FULL ? 4_096 : 96;
  private static final Duration WITHIN = Duration.ofSeconds(90);
  private static final Duration LASTS = Duration.ofSeconds(FULL ? 120 : 5);
  private static final long MEBIBYTE = 1L << 20;
  private static final long DISK_BYTES = 768 * MEBIBYTE;

  /// What older logs may take, and a tenth of a second of the newest.
  private static final long LOG_BYTES_MAX = 200 * MEBIBYTE;

  private static final long IMAGE_BYTES = 1_024 * MEBIBYTE;

  private static final String PODS =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: bomb, namespace: greedy}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [busybox, awk, 'BEGIN { while (1) system("sleep 770000 &") }']
          resources: {limits: {LIMITS memory: 1Gi}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: flood, namespace: greedy}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, 'exec busybox yes $(busybox head -c 4000 /dev/zero | busybox tr "\\\\0" x)']
          resources: {limits: {LIMITS memory: 64Mi}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: probed, namespace: greedy}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [sleep, "770001"]
          livenessProbe:
            exec: {command: [sh, -c, "sleep 770002 & sleep 770002"]}
            periodSeconds: 1
            timeoutSeconds: 1
            failureThreshold: 3
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: starting, namespace: greedy}
      spec:
        terminationGracePeriodSeconds: 2
        containers:
        - name: c
          image: example/it:1
          command: [sleep, "770003"]
          lifecycle: {postStart: {exec: {command: [sleep, "770004"]}}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: ending, namespace: greedy}
      spec:
        terminationGracePeriodSeconds: 2
        containers:
        - name: c
          image: example/it:1
          command: [sleep, "770005"]
          lifecycle: {preStop: {exec: {command: [sleep, "770006"]}}}
      """
          .replace("LIMITS", FULL ? "" : "cpu: 200m,");

  private static final String CONFIG =
      """
      {"os": "linux", "config": {}, "rootfs": {"type": "layers",
       "diff_ids": ["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}
      """;

  @TempDir private Path folder;
  private Path disk;
  private boolean mounted;
  private @Nullable HavnProcess server;
  private @Nullable SteadyPods steady;

  @BeforeEach
  void up() throws IOException {
    disk = Files.createDirectory(folder.resolve("disk"));
    String size = "size=" + DISK_BYTES;
    mounted =
        Program.run(List.of("mount", "-t", "tmpfs", "-o", size, "havn-small", disk.toString()))
            .ok();
    Optional<Path> busybox = WebImage.busybox(folder);
    skipUnless(mounted && busybox.isPresent(), "no right to mount, or no static busybox");
    Path kubelet =
        Files.writeString(
            folder.resolve("kubelet.yaml"),
            """
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            podPidsLimit: %d
            """
                .formatted(PROCESSES_MAX));
    Path config =
        Files.writeString(folder.resolve("havn.yaml"), "kubelet-config: " + kubelet + "\n");
    server = HavnProcess.real(disk, "data", "--config", config.toString());
    boolean isRunc = server.status().path("runtime").asText().startsWith("runc");
    skipUnless(isRunc, "pods are bounded with runc only");
    server.load(WebImage.of(busybox.get(), "it"), "example/it:1");
    steady = SteadyPods.begin(server, server.status().path("clusterId").asText());
  }

  private static void skipUnless(boolean possible, String otherwise) {
    if (!possible) {
      System.out.println("skipped: " + otherwise);
    }
    Assumptions.assumeTrue(possible, otherwise);
  }

  @AfterEach
  void reset() throws IOException {
    if (steady != null) {
      steady.close();
    }
    if (server != null) {
      server.close();
    }
    if (mounted) {
      Program.must(List.of("umount", disk.toString()));
    }
  }

  @Test
  void whoTakesAllItCanGetIsHeldAndToldOfAndHarmsNobody() throws IOException {
    HavnProcess havn = Objects.requireNonNull(server);
    SteadyPods neighbours = Objects.requireNonNull(steady);
    AtomicLong logBytes = new AtomicLong();
    try (KubernetesClient client = havn.client()) {
      HavnProcess.create(client, "apiVersion: v1\nkind: Namespace\nmetadata: {name: greedy}\n");
      HavnProcess.await(
          "a service account",
          () -> client.serviceAccounts().inNamespace("greedy").withName("default").get() != null);
      HavnProcess.create(client, PODS);
      awaitEvent(
          client, logBytes, "bomb", "ProcessLimitReached", PROCESSES_MAX + " (podPidsLimit)");
      awaitEvent(client, logBytes, "flood", "LogFlooded", "the last 50 MiB");
      awaitEvent(client, logBytes, "probed", "Unhealthy", "timed out after 1s");
      awaitEvent(client, logBytes, "probed", "Killing", "failed liveness probe");
      HavnProcess.await("a hook", WITHIN, () -> count("sleep 770004") > 0);
      String refused = havn.run("image", "load", hugeImage().toString()).failed();
      assertThat(refused).contains("no space left on device", "the node keeps");
      long end = System.nanoTime() + LASTS.toNanos();
      HavnProcess.await("the time", LASTS.plus(WITHIN), () -> grew(logBytes) && passed(end));
      assertThat(logBytes.get()).isBetween(50 * MEBIBYTE, LOG_BYTES_MAX);
      assertThat(metrics(client))
          .containsPattern("havn_pod_processes_refused_total\\{[^}]*pod=\"bomb\"} [1-9]")
          .containsPattern("havn_container_log_put_away_bytes_total\\{[^}]*pod=\"flood\"} [1-9]");
      // One that begins is there once more for a moment: as the command that begins it.
      HavnProcess.await(
          "no more than one probe at a time", WITHIN, () -> count("sleep 770002") <= 2);
      neighbours.areUntouched(havn);
      assertThat(havn.status().path("problems")).isEmpty();
      noPressure(client);
      client.namespaces().withName("greedy").delete();
      HavnProcess.await(
          "the end of greedy pods",
          WITHIN,
          () -> client.namespaces().withName("greedy").get() == null);
    }
    HavnProcess.await("the end of their processes", () -> count("sleep 77000") == 0);
    neighbours.areUntouched(havn);
  }

  private void awaitEvent(
      KubernetesClient client, AtomicLong logBytes, String pod, String reason, String words) {
    HavnProcess.await(
        reason + " of " + pod,
        WITHIN,
        () -> {
          grew(logBytes);
          return client.v1().events().inNamespace("greedy").list().getItems().stream()
              .filter(each -> pod.equals(each.getInvolvedObject().getName()))
              .anyMatch(each -> says(each, reason, words));
        });
  }

  private static boolean says(Event event, String reason, String words) {
    return event.getReason().equals(reason) && event.getMessage().contains(words);
  }

  private static boolean passed(long end) {
    return System.nanoTime() - end > 0;
  }

  /// Notes how large all logs of pods together have been.
  private boolean grew(AtomicLong most) {
    try (Stream<Path> all = Files.walk(disk.resolve("data/nodes"))) {
      long bytes =
          all.filter(each -> each.getFileName().toString().matches("log([.][0-9])?"))
              .mapToLong(ContainmentTest::size)
              .sum();
      most.accumulateAndGet(bytes, Math::max);
    } catch (IOException | UncheckedIOException going) {
      System.out.println("logs are being moved: " + going.getMessage());
    }
    return true;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException moved) {
      return 0;
    }
  }

  private static int count(String words) {
    try {
      return Processes.startedWith(words).size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String metrics(KubernetesClient client) {
    return client.raw("/api/v1/nodes/havn/proxy/metrics");
  }

  private static void noPressure(KubernetesClient client) {
    assertThat(client.nodes().withName("havn").get().getStatus().getConditions())
        .filteredOn(each -> each.getType().endsWith("Pressure"))
        .hasSize(3)
        .allMatch(each -> each.getStatus().equals("False"));
    assertThat(client.pods().inNamespace("greedy").list().getItems())
        .map(each -> each.getStatus().getPhase())
        .doesNotContain("Failed");
    for (Pod each : client.pods().inNamespace("steady").list().getItems()) {
      assertThat(HavnProcess.isReady(each)).as(each.getMetadata().getName()).isTrue();
    }
  }

  /// A small file whose one layer is larger than the disk.
  private Path hugeImage() throws IOException {
    Path layer = folder.resolve("layer.tar.gz");
    TarArchiveEntry zeros = new TarArchiveEntry("zeros");
    zeros.setSize(IMAGE_BYTES);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(layer));
        TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      tar.putArchiveEntry(zeros);
      byte[] chunk = new byte[(int) MEBIBYTE];
      for (long written = 0; written < IMAGE_BYTES; written += chunk.length) {
        tar.write(chunk);
      }
      tar.closeArchiveEntry();
    }
    assertThat(Files.size(layer)).isLessThan(4 * MEBIBYTE);
    return new WebImage(Files.readAllBytes(layer), CONFIG.getBytes(StandardCharsets.UTF_8))
        .dockerArchive(folder.resolve("huge.tar"), "example/huge:1");
  }
}
