// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.LeaderElection;
import java.time.Duration;

/// The times of a leader: how long a lease lasts, how long it tries to renew it, how often.
record LeaderTerms(Duration lease, Duration renew, Duration retry) {
  /// Longer than those of a Kubernetes of many machines: each renewal is a write to the disk, and
  /// nobody waits for it to end.
  static final LeaderTerms ALONE =
      new LeaderTerms(Duration.ofSeconds(60), Duration.ofSeconds(40), Duration.ofSeconds(10));

  /// Those of Kubernetes: when a server is killed another takes over.
  static final LeaderTerms AMONG_OTHERS =
      new LeaderTerms(Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2));

  LeaderElection.Settings of(String name, String identity) {
    return new LeaderElection.Settings(
        "kube-system", name, identity, lease, renew, retry, Duration.ZERO);
  }
}
