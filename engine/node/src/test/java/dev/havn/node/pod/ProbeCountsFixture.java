// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.time.Duration;

/// What only the probes themselves count.
public final class ProbeCountsFixture {
  private ProbeCountsFixture() {}

  public static void add(ProbeCounts counts, String uid, boolean success, long millis) {
    counts.add(
        new ProbeCounts.Of("n", "p", uid, "c", "Liveness"), success, Duration.ofMillis(millis));
  }

  public static void forget(ProbeCounts counts, String uid) {
    counts.forget(uid);
  }
}
