// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.schema.BuiltinTypes;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Raw, wrong and broken requests: no error of the server that a real Kubernetes does not give, no
/// request without an answer, no memory that stays. A million with `-Dhavn.full=true`, beside a
/// real Kubernetes when its programs are there.
class FuzzingTest {
  private static final boolean FULL = Boolean.getBoolean("havn.full");
  private static final long REQUESTS = FULL ? 1_000_000 : 20_000;
  private static final Duration WITHIN = FULL ? Duration.ofHours(3) : Duration.ofSeconds(20);
  private static final long GROWTH_BYTES_MAX = 64 << 20;

  @Test
  void bringsNothingDown() throws IOException, GeneralSecurityException {
    Fuzzing.Findings found;
    List<Fuzzing.Problem> problems;
    try (Fuzzing fuzzing = new Fuzzing(BuiltinTypes.load())) {
      found = fuzzing.run(1, REQUESTS, WITHIN);
      problems = unlike(found.problems());
    }
    System.out.printf("%d raw requests: %s%n", found.sent(), found.statuses());
    assertThat(found.statuses()).as("some are right").containsKeys(200, 201);
    assertThat(problems).as("by the number of the request").isEmpty();
    assertThat(found.growthBytes()).as("bytes of heap that stay").isLessThan(GROWTH_BYTES_MAX);
  }

  @Test
  void makesTheSameRequestFromTheSameNumber() {
    RawRequests requests = new RawRequests(BuiltinTypes.load());
    for (long number = 1; number <= 100; number++) {
      assertThat(requests.request(number).bytes()).isEqualTo(requests.request(number).bytes());
    }
  }

  /// Without a real Kubernetes beside it only what nobody has thought of counts.
  private static List<Fuzzing.Problem> unlike(List<Fuzzing.Problem> problems) throws IOException {
    Oracle oracle = Oracle.find();
    if (!FULL || oracle.missing() != null) {
      return problems.stream().filter(Fuzzing.Problem::isUnforeseen).toList();
    }
    try (Oracle.Running running = oracle.start()) {
      return Fuzzing.unlike(problems, running.kubeconfig());
    }
  }
}
