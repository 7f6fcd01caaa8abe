// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `havn restart` while names are asked for and pods talk: no question is lost, no pod is touched.
/// After a kill, who asks waits and asks again. Two restarts; twenty with `-Dhavn.full=true`, which
/// keeps a page of results.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PlannedRestartTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final int RESTARTS = FULL ? 20 : 2;
  private static final int RESETS_MAX = 1 + RESTARTS / 10;
  private static final Duration LINGERS = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private HavnProcess server;
  private @Nullable SteadyPods steady;

  @BeforeEach
  void up() throws IOException {
    Optional<Path> busybox = WebImage.busybox(folder);
    Skip.unless(busybox.isPresent(), "no static busybox to make an image from");
    server = HavnProcess.real(folder, "data");
    boolean isRunc = server.status().path("runtime").asText().startsWith("runc");
    Skip.unless(isRunc, "names are answered with runc only");
    server.load(WebImage.of(busybox.get(), "it"), "example/it:1");
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

  private Questions questions() {
    try (KubernetesClient client = server.client()) {
      return new Questions(
          client
              .services()
              .inNamespace("kube-system")
              .withName("kube-dns")
              .get()
              .getSpec()
              .getClusterIP());
    }
  }

  @Test
  void aServerPutInThePlaceOfAnotherLosesNoQuestionAndTouchesNoPod() throws IOException {
    steady = SteadyPods.begin(server, server.status().path("clusterId").asText());
    String address = server.status().path("server").asText();
    Duration longest = Duration.ZERO;
    Questions questions = questions();
    HavnProcess.await("an answer", () -> isAnswered(questions));
    questions.begin();
    try {
      for (int i = 0; i < RESTARTS; i++) {
        Instant begin = Instant.now();
        Process before = server.restart();
        Duration took = Duration.between(begin, Instant.now());
        longest = took.compareTo(longest) > 0 ? took : longest;
        int answers = questions.answers();
        HavnProcess.await("more answers", () -> questions.answers() > answers + 10);
        HavnProcess.await("the end of the one before", LINGERS, () -> !before.isAlive());
        assertThat(before.exitValue()).isZero();
        steady.areUntouched(server);
        assertThat(questions.lost()).as("of %d questions", questions.answers()).isEmpty();
      }
    } finally {
      questions.close();
    }
    assertThat(questions.lost()).isEmpty();
    assertThat(questions.resets()).as("connections reset").isLessThanOrEqualTo(RESETS_MAX);
    assertThat(server.status().path("server").asText()).isEqualTo(address);
    if (FULL) {
      keepResults(questions.answers(), longest, steady.answers());
    }
    assertThat(server.status().path("problems")).isEmpty();
  }

  private static boolean isAnswered(Questions questions) {
    try {
      return questions.askAlone();
    } catch (IOException e) {
      return false;
    }
  }

  private static void keepResults(int questions, Duration longest, int requests)
      throws IOException {
    Results.keep(
        "restart",
        "Planned restarts",
        """
        | What | Figure |
        |---|---|
        | `havn restart`, one after the other | %d |
        | the longest, from the command until the new server was ready | %d ms |
        | questions to the cluster's DNS meanwhile, by UDP and TCP | %d |
        | of those without a right answer | 0 |
        | requests to pods through a Service meanwhile, and those that failed | %d, 0 |
        """
            .formatted(RESTARTS, longest.toMillis(), questions, requests));
  }

  /// Nothing says that nobody listens, which a resolver would take for an answer.
  @Test
  void afterAKillTheFirstRetryIsAnswered() throws IOException {
    Questions questions = questions();
    HavnProcess.await("an answer", () -> isAnswered(questions));
    server.kill();
    try (DatagramSocket socket = questions.socket()) {
      socket.setSoTimeout(500);
      assertThatThrownBy(() -> Questions.ask(socket)).isInstanceOf(SocketTimeoutException.class);
      server.up();
      socket.setSoTimeout(Questions.PATIENCE_MILLIS);
      assertThat(Questions.ask(socket)).isTrue();
    }
  }

  @Test
  void whatCannotBeHandedOverGoesOn() throws IOException {
    assertThat(server.run("restart", "--nodes", "0").failed()).contains("--nodes must be");
    assertThat(server.run("restart", "--config", folder.resolve("none").toString()).failed())
        .contains("none");
    assertThat(server.isAlive()).isTrue();
    server.kill();
    assertThat(server.run("restart").failed()).contains("no cluster runs from");
    server.up();
  }
}
