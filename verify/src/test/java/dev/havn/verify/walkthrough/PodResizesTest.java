// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A pod of runc whose sidecar, init container and whole get other bounds while they run: what its
/// control groups then say.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class PodResizesTest {
  private static final List<String> PROGRAMS =
      List.of("runc", "conmon", "ip", "mount", "umount", "unshare", "nsenter", "nft");

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: p, namespace: default}
      spec:
        terminationGracePeriodSeconds: 1
        resources: {requests: {cpu: 200m, memory: 64Mi}, limits: {cpu: 400m, memory: 64Mi}}
        initContainers:
        - name: s
          image: example/it:1
          restartPolicy: Always
          command: [sleep, "100000"]
          resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]
          resources: {requests: {cpu: 50m, memory: 8Mi}, limits: {cpu: 100m, memory: 16Mi}}
        - name: i
          image: example/it:1
          command: [sh, -c, "until [ -e /over ]; do sleep 0.1; done"]
          resources: {requests: {memory: 8Mi}, limits: {memory: 16Mi}}
        containers:
        - name: c
          image: example/it:1
          command: [sleep, "100000"]
      """;

  @TempDir private Path folder;
  private @Nullable HavnProcess server;

  @BeforeEach
  void needsPrograms() {
    Skip.unlessRootWith("a resize with runc", PROGRAMS);
  }

  @AfterEach
  void reset() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void whatRunsGetsOtherBounds() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    HavnProcess havn = HavnProcess.real(folder, "data", "--runtime", "runc");
    server = havn;
    havn.load(WebImage.of(busybox.get(), "it"), "example/it:1");
    try (KubernetesClient client = havn.client()) {
      HavnProcess.create(client, POD);
      HavnProcess.await("the init container", () -> runs(client, "i"));
      anInitContainer(client);
      aSidecar(client);
      letItEnd(client);
      HavnProcess.await("the pod", () -> HavnProcess.isReady(pod(client).get()));
      aWholePod(client);
      aSidecarThatStartsAgain(client);
      HavnProcess.await(
          "the word that all is done",
          () -> reasons(client).stream().filter("ResizeCompleted"::equals).count() == 5);
      assertThat(reasons(client)).doesNotContain("ResizeError", "ResizeDeferred");
      assertThat(pod(client).get().getStatus().getConditions())
          .noneMatch(each -> each.getType().startsWith("PodResize"));
    }
  }

  private static void anInitContainer(KubernetesClient client) {
    assertThat(bytes(client, "i")).isEqualTo(16L << 20);
    resize(client, container("i", "{limits: {memory: 24Mi}}"));
    HavnProcess.await("more memory", () -> bytes(client, "i") == 24L << 20);
    assertThat(status(client, "i").getRestartCount()).isZero();
  }

  private static void letItEnd(KubernetesClient client) {
    try (ExecWatch exec =
        pod(client)
            .inContainer("i")
            .writingOutput(new ByteArrayOutputStream())
            .exec("sh", "-c", "echo > /over")) {
      assertThat(exec.exitCode().join()).isZero();
    }
  }

  private static void aSidecar(KubernetesClient client) {
    assertThat(quota(client, "s")).isEqualTo("10000");
    resize(client, container("s", "{limits: {cpu: 150m}}"));
    HavnProcess.await("more time", () -> quota(client, "s").equals("15000"));
    assertThat(status(client, "s").getRestartCount()).isZero();
  }

  private static void aWholePod(KubernetesClient client) {
    assertThat(bytes(client, "")).isEqualTo(64L << 20);
    assertThat(bytes(client, "c")).as("of a container without limits").isEqualTo(64L << 20);
    assertThat(quota(client, "")).isEqualTo("40000");
    resize(client, "{requests: {memory: 96Mi}, limits: {cpu: 600m, memory: 96Mi}}");
    await(client, 96, "60000");
    resize(client, "{requests: {memory: 48Mi}, limits: {cpu: 300m, memory: 48Mi}}");
    await(client, 48, "30000");
    HavnProcess.await("what its status says", () -> isShown(pod(client).get()));
    assertThat(status(client, "c").getRestartCount()).isZero();
  }

  private static boolean isShown(Pod pod) {
    return new Quantity("48Mi").equals(pod.getStatus().getAllocatedResources().get("memory"))
        && new Quantity("300m").equals(pod.getStatus().getResources().getLimits().get("cpu"));
  }

  private static void await(KubernetesClient client, long mebibytes, String quota) {
    HavnProcess.await(
        mebibytes + " MiB for the pod",
        () ->
            Stream.of("", "c")
                .allMatch(
                    each ->
                        bytes(client, each) == mebibytes << 20
                            && quota(client, each).equals(quota)));
    assertThat(reasons(client)).doesNotContain("ResizeError");
  }

  private static void aSidecarThatStartsAgain(KubernetesClient client) {
    resize(client, container("s", "{limits: {memory: 20Mi}}"));
    HavnProcess.await(
        "another one",
        () -> status(client, "s").getRestartCount() == 1 && bytes(client, "s") == 20L << 20);
  }

  private static PodResource pod(KubernetesClient client) {
    return client.pods().inNamespace("default").withName("p");
  }

  private static String container(String name, String resources) {
    return "initContainers: [{name: %s, resources: %s}]".formatted(name, resources);
  }

  /// @param what a part of the spec, or the resources of the whole pod
  private static void resize(KubernetesClient client, String what) {
    String spec = what.startsWith("{") ? "resources: " + what : what;
    Api api = new Api(client);
    Object patch =
        client.getKubernetesSerialization().unmarshal("spec: {" + spec + "}", Object.class);
    var unused = api.strategicMerge("/api/v1/namespaces/default/pods/p/resize", api.toTree(patch));
  }

  private static ContainerStatus status(KubernetesClient client, String name) {
    Pod pod = pod(client).get();
    return Stream.concat(
            pod.getStatus().getInitContainerStatuses().stream(),
            pod.getStatus().getContainerStatuses().stream())
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElseGet(ContainerStatus::new);
  }

  private static boolean runs(KubernetesClient client, String name) {
    ContainerStatus status = status(client, name);
    return status.getState() != null && status.getState().getRunning() != null;
  }

  private static List<String> reasons(KubernetesClient client) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(each -> "p".equals(each.getInvolvedObject().getName()))
        .map(Event::getReason)
        .toList();
  }

  /// Of a container, of the pod for an empty name.
  private static long bytes(KubernetesClient client, String container) {
    return Long.parseLong(read(client, container, "memory", "memory.limit_in_bytes", "memory.max"));
  }

  /// Microseconds of 100,000.
  private static String quota(KubernetesClient client, String container) {
    return read(client, container, "cpu", "cpu.cfs_quota_us", "cpu.max").split(" ")[0];
  }

  private static String read(
      KubernetesClient client, String container, String controller, String first, String second) {
    Path root = Path.of("/sys/fs/cgroup");
    boolean isUnified = Files.exists(root.resolve("cgroup.controllers"));
    String uid = pod(client).get().getMetadata().getUid();
    try {
      Path group = group(isUnified ? root : root.resolve(controller), uid);
      Path own = container.isEmpty() ? group : newest(group, container);
      return Files.readString(own.resolve(isUnified ? second : first)).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path group(Path root, String uid) throws IOException {
    try (Stream<Path> all = Files.list(root)) {
      return all.filter(each -> each.getFileName().toString().startsWith("havn-"))
          .map(each -> each.resolve(uid))
          .filter(Files::isDirectory)
          .findFirst()
          .orElseThrow(() -> new AssertionError("no control group of pod " + uid));
    }
  }

  private static Path newest(Path group, String container) throws IOException {
    try (Stream<Path> all = Files.list(group)) {
      return all.filter(each -> each.getFileName().toString().startsWith(container + "-"))
          .max(Path::compareTo)
          .orElseThrow(() -> new AssertionError("no control group of " + container));
    }
  }
}
