// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Raw, wrong and broken requests: no error of the server that a real Kubernetes does not give, no
/// request without an answer, no memory that stays. A million with `-Dhavn.full=true`.
class FuzzingTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final long REQUESTS = FULL ? 1_000_000 : 20_000;
  private static final Duration WITHIN = FULL ? Duration.ofHours(3) : Duration.ofSeconds(20);
  private static final Duration SERVED_WITHIN = Duration.ofSeconds(10);
  private static final long GROWTH_BYTES_MAX = 64 << 20;

  @Test
  void bringsNothingDown() throws IOException, GeneralSecurityException {
    Fuzzing.Findings found;
    try (Fuzzing fuzzing = new Fuzzing(BuiltinTypes.load())) {
      found = fuzzing.run(1, REQUESTS, WITHIN);
    }
    System.out.printf("%d raw requests: %s%n", found.sent(), found.statuses());
    assertThat(found.statuses()).as("some are right").containsKeys(200, 201);
    assertThat(found.problems()).as("by the number of the request").isEmpty();
    assertThat(found.growthBytes()).as("bytes of heap that stay").isLessThan(GROWTH_BYTES_MAX);
  }

  @Test
  void failsOnlyWhereKubernetesHasFailed() {
    List<ServerErrors.Known> known = ServerErrors.load().all();
    try (InProcess havn = InProcess.start()) {
      assertThat(known).isNotEmpty();
      known.forEach(each -> assertAnswer(each, havn));
    }
  }

  @Test
  void failsOnlyWhereAKubernetesStartedHereFails() throws IOException {
    Oracle oracle = Oracle.find();
    Assumptions.assumeTrue(oracle.missing() == null, oracle.missing());
    try (Oracle.Running running = oracle.start();
        Endpoint real = Endpoint.of("kubernetes", running.kubeconfig())) {
      ServerErrors.load().all().forEach(each -> assertAnswer(each, real));
    }
  }

  private static void assertAnswer(ServerErrors.Known known, Answers server) {
    known.before().forEach(server::send);
    RawAnswer answer = answer(known, server);
    long ends = System.nanoTime() + SERVED_WITHIN.toNanos();
    while (answer.status() == 404 && System.nanoTime() < ends) {
      // what is declared is served a little later
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
      answer = answer(known, server);
    }
    assertThat(answer).as(known.cause()).isEqualTo(known.answer());
    assertThat(known.answer().message()).as(known.cause()).matches(known.messages());
    assertThat(known.example().method() + " " + known.example().path())
        .as(known.cause())
        .containsPattern(known.requests());
  }

  private static RawAnswer answer(ServerErrors.Known known, Answers server) {
    Answers.Answer answer = server.send(known.example());
    String message = answer.body().path("message").asText(answer.body().asText()).strip();
    return new RawAnswer(
        answer.status(),
        answer.body().path("reason").asText(""),
        message
            .replaceAll("current: [0-9]+$", "current: N")
            .replaceAll("(?<=^error trying to reach service: ).*", "N"));
  }

  @Test
  void makesTheSameRequestFromTheSameNumber() {
    RawRequests requests = new RawRequests(BuiltinTypes.load());
    for (long number = 1; number <= 100; number++) {
      assertThat(requests.request(number).bytes()).isEqualTo(requests.request(number).bytes());
    }
  }
}
