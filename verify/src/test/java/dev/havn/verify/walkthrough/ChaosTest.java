// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Objects that traffic depends on are deleted and made again while it flows, and servers are
/// killed and followed by others in between: connections that policies allow live on. Six rounds,
/// sixty with `-Dhavn.full=true`.
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class ChaosTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final int ROUNDS = FULL ? 60 : 3;
  private static final Duration SOON = Duration.ofSeconds(60);

  /// For other pods, and for those that talk: what it allows is what they do.
  private static final String OTHER =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: other, namespace: steady}
      spec:
        podSelector: {}
        policyTypes: [Ingress, Egress]
        ingress: [{from: [{podSelector: {matchLabels: {app: talker}}}]}]
        egress: [{to: [{podSelector: {matchLabels: {app: listener}}}]}]
      """;

  @TempDir private Path folder;
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private HavnProcess server;
  private @Nullable SteadyPods steady;

  @BeforeEach
  void up() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    System.out.println("seed " + seed);
    server = HavnProcess.real(folder, "data");
    boolean isRunc = server.status().path("runtime").asText().startsWith("runc");
    Skip.unless(isRunc, "policies hold with runc only");
    server.load(WebImage.of(busybox.get(), "it"), "example/it:1");
    steady = SteadyPods.begin(server, server.status().path("clusterId").asText());
  }

  @AfterEach
  void reset() {
    if (steady != null) {
      steady.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @Test
  void connectionsThatPoliciesAllowLiveOn() throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      switch (round % 3) {
        case 0 -> policiesComeAndGo();
        case 1 -> theNodeIsMadeAgain();
        default -> {
          policiesComeAndGo();
          anotherServer();
        }
      }
      if (steady != null) {
        steady.areUntouched(server);
      }
    }
    assertThat(server.status().path("problems")).isEmpty();
    if (FULL && steady != null) {
      keepResults(steady.answers());
    }
  }

  private void keepResults(int requests) throws IOException {
    Results.keep(
        "chaos",
        "Policies, nodes and servers that come and go",
        """
        | What | Figure |
        |---|---|
        | rounds: policies deleted and made again; the node's object deleted and made again; servers killed or followed by others (seed %d) | %d |
        | connections between pods through a Service, which a policy allows, that broke | 0 |
        | requests to pods through a Service meanwhile, and those that failed | %d, 0 |
        | containers killed, started again or there twice | 0 |
        """
            .formatted(seed, ROUNDS, requests));
  }

  private void policiesComeAndGo() {
    try (KubernetesClient client = server.client()) {
      var policies = client.network().v1().networkPolicies().inNamespace("steady");
      NetworkPolicy first = policies.withName("listener").get();
      HavnProcess.create(client, OTHER);
      policies.withName("listener").delete();
      first.getMetadata().setResourceVersion(null);
      first.getMetadata().setUid(null);
      policies.resource(first).create();
      policies.withName("other").delete();
    }
  }

  /// The node's object is deleted, which ends no pod at once, and a server that starts makes it
  /// anew.
  private void theNodeIsMadeAgain() throws IOException {
    String before;
    try (KubernetesClient client = server.client()) {
      before = client.nodes().withName("havn").get().getMetadata().getUid();
      client.nodes().withName("havn").delete();
    }
    anotherServer();
    try (KubernetesClient client = server.client()) {
      HavnProcess.await(
          "another node", () -> isAnother(client.nodes().withName("havn").get(), before));
    }
  }

  private static boolean isAnother(@Nullable Node node, String before) {
    return node != null && !node.getMetadata().getUid().equals(before);
  }

  private void anotherServer() throws IOException {
    if (random.nextBoolean()) {
      server.kill();
      server.up();
    } else {
      Process before = server.restart();
      HavnProcess.await("the end of the one before", SOON, () -> !before.isAlive());
    }
  }
}
