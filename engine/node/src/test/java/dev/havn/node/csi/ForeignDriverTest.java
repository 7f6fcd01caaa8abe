// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Program;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.Plugins;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The driver that Kubernetes' own end-to-end tests use, in Go, with Go's gRPC on the other side.
@Timeout(400)
class ForeignDriverTest {
  private static final String NAME = "mock.example";
  private static final int BUILD_SECONDS = 300;

  @TempDir private Path data;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final UnixSockets sockets = new UnixSockets(threads);
  private final TableCsiApi api =
      new TableCsiApi()
          .with("/api/v1/nodes/rock", "{metadata: {name: rock, uid: n1, labels: {}}}")
          .with(
              "/apis/storage.k8s.io/v1/csidrivers/" + NAME,
              "{spec: {attachRequired: false, volumeLifecycleModes: [Persistent, Ephemeral], podInfoOnMount: true}}");
  private KubeletFolder folder;
  private CsiVolumes volumes;
  private Plugins plugins;
  private @Nullable Process process;

  @BeforeEach
  void start() throws Exception {
    Path program = data.resolve("mockdriver");
    String problem = build(program);
    if (!problem.isEmpty()) {
      System.out.println("skipped ForeignDriverTest: " + problem);
    }
    Assumptions.assumeTrue(problem.isEmpty());
    folder = KubeletFolder.beside(data.resolve("pods"));
    folder.make();
    Path endpoint = Files.createDirectories(folder.plugins().resolve(NAME)).resolve("csi.sock");
    process =
        Program.builder(
                List.of(
                    program.toString(),
                    "-name",
                    NAME,
                    "-endpoint",
                    endpoint.toString(),
                    "-registration",
                    folder.registry().resolve(NAME + "-reg.sock").toString()))
            .redirectErrorStream(true)
            .redirectOutput(data.resolve("log").toFile())
            .start();
    volumes =
        new CsiVolumes(
            new CsiVolumes.Settings(
                "rock",
                folder,
                api,
                (about, type, reason, message) -> {},
                sockets,
                (pod, audience, seconds) -> new PodTokens.Token("t", "2026-01-01T00:00:00Z"),
                Duration.ofSeconds(30),
                pod -> {},
                () -> Instant.EPOCH,
                Runnable::run));
    plugins =
        new Plugins(
            folder, sockets, List.of(volumes.handler()), () -> Instant.EPOCH, Runnable::run);
    for (int i = 0; i < 200 && plugins.list().isEmpty(); i++) {
      Thread.sleep(50);
      plugins.look();
    }
    assertThat(plugins.list()).as("drivers after ten seconds").hasSize(1);
  }

  /// Why it cannot be built, empty when it was.
  private String build(Path program) throws IOException, InterruptedException {
    if (!Program.missing(List.of("go")).isEmpty()) {
      return "no go";
    }
    Path sources = Path.of("src/test/go/mockdriver").toAbsolutePath();
    Path log = data.resolve("build.log");
    Process build =
        Program.builder(List.of("go", "build", "-o", program.toString(), "."))
            .directory(sources.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!build.waitFor(BUILD_SECONDS, TimeUnit.SECONDS)) {
      build.destroyForcibly();
      return "go build takes longer than " + BUILD_SECONDS + " s";
    }
    return build.exitValue() == 0 ? "" : Files.readString(log);
  }

  @AfterEach
  void stop() throws Exception {
    if (process != null) {
      process.destroy();
      process.waitFor();
    }
    sockets.close();
    threads.shutdownNow();
    Mounts.detachBelow(data);
  }

  private static Pod pod() {
    return GoldenPods.pod(
        "{metadata: {name: web, namespace: shop, uid: u1}, spec: {serviceAccountName: seller}}");
  }

  /// The mock has three volumes from its start.
  private static CsiVolume disk(String handle) {
    return CsiVolume.of(
        "pv1",
        GoldenPods.tree(
            """
            accessModes: [ReadWriteOnce]
            claimRef: {namespace: shop, name: data}
            csi: {driver: mock.example, volumeHandle: '%s', fsType: ext4}
            """
                .formatted(handle)),
        false);
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(data.resolve("log")).stream()
        .filter(line -> line.contains(" call ") && line.contains("Volume"))
        .map(line -> line.replaceAll("^.* call /csi.v1.Node/", ""))
        .toList();
  }

  @Test
  void aVolumeIsStagedPublishedExpandedAndTakenAway() throws IOException {
    assertThat(
            api.get("/apis/storage.k8s.io/v1/csinodes/rock")
                .path("spec")
                .path("drivers")
                .toString())
        .isEqualTo(
            "[{\"name\":\"mock.example\",\"nodeID\":\"mock.example\",\"topologyKeys\":[\"io.kubernetes.storage.mock/node\"],\"allocatable\":{\"count\":5}}]");
    api.with(
        "/api/v1/namespaces/shop/persistentvolumeclaims/data",
        "{metadata: {namespace: shop, name: data}, status: {capacity: {storage: 1Gi}}}");
    api.with("/api/v1/persistentvolumes/pv1", "{spec: {capacity: {storage: 2Gi}}}");
    Pod pod = pod();

    CsiVolumes.State state = volumes.want(pod, disk("1"));

    Path target = folder.pods().resolve("u1/volumes/kubernetes.io~csi/pv1/mount");
    assertThat(state).isEqualTo(new CsiVolumes.State.There(target, true, true));
    assertThat(target).isDirectory();
    assertThat(volumes.remove("u1", pod)).isFalse();
    assertThat(volumes.remove("u1", pod)).isTrue();
    assertThat(target).doesNotExist();
    assertThat(calls())
        .containsExactly(
            "NodeStageVolume <nil>",
            "NodePublishVolume <nil>",
            "NodeExpandVolume <nil>",
            "NodeUnpublishVolume <nil>",
            "NodeUnstageVolume <nil>");
  }

  @Test
  void whatTheDriverRefusesIsToldInItsWords() {
    assertThat(volumes.want(pod(), disk("none"))).isEqualTo(new CsiVolumes.State.Pending());
    assertThatThrownBy(() -> volumes.want(pod(), disk("none")))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "MountVolume.MountDevice failed for volume \"pv1\" : rpc error: code = NotFound desc = none");
  }
}
