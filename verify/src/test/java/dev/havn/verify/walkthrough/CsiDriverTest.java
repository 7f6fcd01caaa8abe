// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.kernel.Mounts;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A driver in a pod, which is the one that Kubernetes tests itself with, and a pod with a volume
/// of it; between them a server that is killed.
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class CsiDriverTest {
  private static final String DRIVER =
      """
      apiVersion: storage.k8s.io/v1
      kind: CSIDriver
      metadata: {name: mock.example}
      spec: {attachRequired: false, podInfoOnMount: true, fsGroupPolicy: File}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: driver, namespace: kube-system}
      spec:
        containers:
        - name: driver
          image: example/it:1
          command:
          - sh
          - -c
          - |
            cd /var/lib/kubelet/plugins && mkdir -p mock.example/store && rm -f mock.example/*.sock
            rm -f /var/lib/kubelet/plugins_registry/mock.sock
            exec /program/mockdriver -endpoint /var/lib/kubelet/plugins/mock.example/csi.sock \\
              -registration /var/lib/kubelet/plugins_registry/mock.sock -store /var/lib/kubelet/plugins/mock.example/store
          securityContext: {privileged: true}
          volumeMounts:
          - {name: program, mountPath: /program}
          - {name: kubelet, mountPath: /var/lib/kubelet, mountPropagation: Bidirectional}
        volumes:
        - {name: program, hostPath: {path: PROGRAM, type: Directory}}
        - {name: kubelet, hostPath: {path: /var/lib/kubelet, type: Directory}}
      """;

  private static final String USER =
      """
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: disk}
      spec:
        capacity: {storage: 1Gi}
        accessModes: [ReadWriteOnce]
        persistentVolumeReclaimPolicy: Retain
        storageClassName: ''
        claimRef: {namespace: default, name: data}
        csi: {driver: mock.example, volumeHandle: '1', fsType: ext4}
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data, namespace: default}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: ''
        volumeName: disk
        resources: {requests: {storage: 1Gi}}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: user, namespace: default}
      spec:
        terminationGracePeriodSeconds: 1
        securityContext: {fsGroup: 4711}
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, "echo hello > /data/said; trap 'exit 0' TERM; while :; do sleep 1 & wait; done"]
          volumeMounts: [{name: v, mountPath: /data}]
        volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
      """;

  @TempDir private Path folder;
  private HavnProcess server;

  private Path kubelet() {
    return server.data().resolve("nodes/havn/kubelet");
  }

  private Path said() {
    return kubelet().resolve("plugins/mock.example/store/said");
  }

  @BeforeEach
  void start() throws IOException, InterruptedException {
    Optional<Path> busybox = WebImage.busybox(folder);
    String problem = busybox.isEmpty() ? "no static busybox to make an image from" : build();
    if (problem.isEmpty()) {
      server = HavnProcess.real(folder, "data");
      boolean isRunc = server.status().path("runtime").asText().startsWith("runc");
      problem = isRunc ? "" : "no runc here, whose containers share mounts";
    }
    if (!problem.isEmpty()) {
      System.out.println("skipped CsiDriverTest: " + problem);
    }
    Assumptions.assumeTrue(problem.isEmpty(), problem);
    server.load(WebImage.of(busybox.orElseThrow(), "it"), "example/it:1");
  }

  /// Why the driver cannot be built, empty when it was.
  private String build() throws IOException, InterruptedException {
    Path log = folder.resolve("build.log");
    Path sources =
        Path.of(System.getProperty("havn.root", ".."))
            .resolve("engine/node/src/test/go/mockdriver");
    Path program = Files.createDirectories(folder.resolve("program")).resolve("mockdriver");
    try {
      ProcessBuilder builder =
          new ProcessBuilder("go", "build", "-o", program.toString(), ".")
              .directory(sources.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      builder.environment().put("CGO_ENABLED", "0");
      Process build = builder.start();
      if (!build.waitFor(5, TimeUnit.MINUTES)) {
        build.destroyForcibly();
        return "go build takes longer than five minutes";
      }
      return build.exitValue() == 0 ? "" : Files.readString(log);
    } catch (IOException e) {
      return "no go: " + e.getMessage();
    }
  }

  @AfterEach
  void reset() {
    if (server != null) {
      server.close();
    }
  }

  private static boolean isReady(KubernetesClient client, String namespace, String name) {
    return HavnProcess.isReady(client.pods().inNamespace(namespace).withName(name).get());
  }

  private List<Path> mounted() {
    try {
      return Mounts.below(kubelet().resolve("pods"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isWritten(Path file) {
    try {
      return Files.size(file) > 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aPodHasAVolumeOfADriverThatIsAPodAlsoAfterTheServerWasKilled() throws IOException {
    try (KubernetesClient client = server.client()) {
      HavnProcess.create(client, DRIVER.replace("PROGRAM", folder.resolve("program").toString()));
      HavnProcess.await("a driver", () -> isReady(client, "kube-system", "driver"));
      HavnProcess.create(client, USER);
      HavnProcess.await("a pod with a volume", () -> isReady(client, "default", "user"));
      assertThat(client.storage().v1().csiNodes().withName("havn").get().getSpec().getDrivers())
          .singleElement()
          .satisfies(
              each -> {
                assertThat(each.getName()).isEqualTo("mock.example");
                assertThat(each.getTopologyKeys())
                    .containsExactly("io.kubernetes.storage.mock/node");
                assertThat(each.getAllocatable().getCount()).isEqualTo(5);
              });
    }
    HavnProcess.await("what the pod said", () -> Files.exists(said()) && isWritten(said()));
    assertThat(said()).hasContent("hello");
    assertThat(Files.getAttribute(said(), "unix:gid")).isEqualTo(4711);
    assertThat(mounted()).hasSize(1);
    server.kill();
    server.up();
    try (KubernetesClient client = server.client()) {
      HavnProcess.await("the pod again", () -> isReady(client, "default", "user"));
      client.pods().inNamespace("default").withName("user").delete();
      HavnProcess.await(
          "its end", () -> client.pods().inNamespace("default").withName("user").get() == null);
    }
    assertThat(mounted()).isEmpty();
    assertThat(said()).hasContent("hello");
  }
}
