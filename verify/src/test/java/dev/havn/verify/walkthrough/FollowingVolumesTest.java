// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A pod that waits for a ConfigMap, and then sees what becomes of it.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class FollowingVolumesTest {
  /// A node that nobody tells anything looks every thirty seconds.
  private static final Duration SOON = Duration.ofSeconds(25);

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: reader, namespace: default}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: c
          image: example/it:1
          command: [sh, -c, "while :; do cat /v/said; echo; sleep 0.2; done"]
          volumeMounts: [{name: v, mountPath: /v}]
        volumes: [{name: v, projected: {sources: [{configMap: {name: words}}]}}]
      """;

  @TempDir private Path folder;
  private @Nullable HavnProcess server;

  @AfterEach
  void reset() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void volumesFollowTheirObjectsAtOnce() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    skipUnless(busybox.isPresent(), "no static busybox to make an image from");
    HavnProcess havn = HavnProcess.real(folder, "data");
    server = havn;
    boolean runs = !havn.status().path("runtime").asText().startsWith("simulated");
    skipUnless(runs, "no containers to see volumes");
    havn.load(WebImage.of(busybox.get(), "it"), "example/it:1");
    try (KubernetesClient client = havn.client()) {
      HavnProcess.create(client, POD);
      HavnProcess.await(
          "a word of what is missing",
          () ->
              client.v1().events().inNamespace("default").list().getItems().stream()
                  .anyMatch(each -> each.getReason().equals("FailedMount")));
      // Havn has looked several times by then, and more and more seldom.
      for (int number = 0; number < 4; number++) {
        String words = "word-" + number;
        say(client, words);
        HavnProcess.await(words, SOON, () -> log(client).contains(words));
      }
    }
  }

  private static void say(KubernetesClient client, String words) {
    client
        .configMaps()
        .inNamespace("default")
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("words")
                .endMetadata()
                .addToData("said", words)
                .build())
        .serverSideApply();
  }

  private static String log(KubernetesClient client) {
    var pod = client.pods().inNamespace("default").withName("reader");
    return HavnProcess.isReady(pod.get()) ? pod.tailingLines(5).getLog() : "";
  }

  private static void skipUnless(boolean possible, String otherwise) {
    if (!possible) {
      System.out.println("skipped: " + otherwise);
    }
    Assumptions.assumeTrue(possible, otherwise);
  }
}
