// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import java.time.Duration;

/// How many requests an API server handles at a time, as `--max-requests-inflight` and
/// `--max-mutating-requests-inflight` of kube-apiserver say it.
///
/// @param patience how long one waits for another to end before it is refused
public record ConcurrencyLimits(int reads, int writes, Duration patience) {
  public static final ConcurrencyLimits STANDARD =
      new ConcurrencyLimits(400, 200, Duration.ofSeconds(5));
}
