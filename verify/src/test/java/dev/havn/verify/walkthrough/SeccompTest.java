// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What `examples/seccomp` shows: one system call of an exploit, which the kernel refuses on the
/// node whose profile says so, and makes on the other.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SeccompTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("havn.root", "..")).toAbsolutePath().resolve("examples/seccomp");

  private static final String IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1";
  private static final String OWN =
      "seccompProfile: {type: Localhost, localhostProfile: profile.json}";

  @TempDir private Path folder;
  private @Nullable HavnProcess server;

  @AfterEach
  void reset() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void aProfileStopsAnExploitWhereANodeHasIt() throws IOException {
    Skip.unlessRootWith("a profile of system calls", List.of("runc", "conmon", "ip", "nft"));
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    HavnProcess havn = HavnProcess.real(folder, "data", "--nodes", "2");
    server = havn;
    havn.load(WebImage.of(busybox.orElseThrow(), "it"), IMAGE);
    profile("havn-0", "allow-all.json");
    profile("havn-1", "no-namespaces.json");
    String manifest =
        Files.readString(EXAMPLE.resolve("exploit.yaml"))
            .replace("metadata: {name: exploit}", "metadata: {name: exploit, namespace: default}");
    try (KubernetesClient client = havn.client()) {
      HavnProcess.create(client, manifest);
      says(client, "exploit", "havn-0", "root in a namespace: 0");
      says(client, "exploit", "havn-1", "stopped");

      HavnProcess.create(
          client, renamed(manifest, "usual", "seccompProfile: {type: RuntimeDefault}"));
      says(client, "usual", "havn-0", "stopped");
      says(client, "usual", "havn-1", "stopped");

      HavnProcess.create(client, renamed(manifest, "nobody", OWN.replace("profile", "no-such")));
      for (String node : List.of("havn-0", "havn-1")) {
        HavnProcess.await(
            "a pod on " + node + " that does not start without its profile",
            () -> waits(client, "nobody", node, "CreateContainerError"));
      }
    }
  }

  private void profile(String node, String file) throws IOException {
    Path profiles = folder.resolve("data/nodes").resolve(node).resolve("seccomp");
    Files.createDirectories(profiles);
    Files.copy(EXAMPLE.resolve(file), profiles.resolve("profile.json"));
  }

  private static String renamed(String manifest, String name, String profile) {
    return manifest
        .replace("{name: exploit,", "{name: " + name + ",")
        .replace("app: exploit", "app: " + name)
        .replace(OWN, profile);
  }

  private static void says(KubernetesClient client, String app, String node, String words) {
    HavnProcess.await(
        "the pod of " + app + " on " + node + " to say: " + words,
        () ->
            on(client, app, node)
                .filter(HavnProcess::isReady)
                .map(pod -> client.pods().resource(pod).getLog().contains(words))
                .orElse(false));
  }

  private static boolean waits(KubernetesClient client, String app, String node, String reason) {
    return on(client, app, node).stream()
        .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
        .anyMatch(
            each ->
                each.getState().getWaiting() != null
                    && reason.equals(each.getState().getWaiting().getReason()));
  }

  private static Optional<Pod> on(KubernetesClient client, String app, String node) {
    return client.pods().inNamespace("default").withLabel("app", app).list().getItems().stream()
        .filter(pod -> node.equals(pod.getSpec().getNodeName()))
        .findFirst();
  }
}
