// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.LeaderElection;
import dev.havn.server.Configuration.Leading;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The parts of this process that stand for election, beside others that may be workloads of the
/// cluster.
///
/// The lock of the data directory keeps other processes out, so a candidate goes by the same name
/// in every life of the server and leads at once, also after it was killed.
final class Candidates {
  /// Long beside the seconds in which another one may take the lease, short for who has just
  /// started one.
  private static final Duration OFFERED_EVERY = Duration.ofSeconds(30);

  private final World world;
  private final String identity;
  private final LeaderTerms usual;
  private final List<LeaderElection> elections = new ArrayList<>();

  /// @param isShared whether other servers may be on the store
  Candidates(World world, String identity, boolean isShared) {
    this.world = world;
    this.identity = identity;
    this.usual = isShared ? LeaderTerms.AMONG_OTHERS : LeaderTerms.ALONE;
  }

  /// Begins without the lead.
  ///
  /// @param lease in `kube-system`
  void add(Leading leading, String lease, Api api, LeaderElection.Listener listener) {
    listener.leads(false);
    switch (leading) {
      case EMBEDDED -> start(usual.of(lease, identity), api, listener);
      case STANDBY ->
          start(
              LeaderTerms.AMONG_OTHERS.of(lease, identity).offering(OFFERED_EVERY), api, listener);
      case OFF -> {}
    }
  }

  private void start(LeaderElection.Settings settings, Api api, LeaderElection.Listener listener) {
    LeaderElection election =
        new LeaderElection(settings, api, world.clock(), world.executor(), listener);
    elections.add(election);
    election.start();
  }

  void stop() {
    elections.forEach(LeaderElection::stop);
  }
}
