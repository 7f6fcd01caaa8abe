// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import java.time.Duration;
import java.util.Optional;

/// How nodes are watched over: kube-controller-manager's options of the same names.
///
/// @param lookEvery between two looks at a node that says nothing; `--node-monitor-period`
/// @param grace for which a node may be silent; `--node-monitor-grace-period`
/// @param start the same of a node that has never said anything; `--node-startup-grace-period`
/// @param rates at which pods leave nodes that fail
public record NodeOptions(Duration lookEvery, Duration grace, Duration start, EvictionRates rates) {
  /// Kubernetes' own.
  public static final NodeOptions USUAL =
      new NodeOptions(
          Duration.ofSeconds(5),
          Duration.ofSeconds(50),
          Duration.ofSeconds(60),
          EvictionRates.USUAL);

  /// How many nodes of a zone lose their pods in a second; 0 for none.
  ///
  /// @param usual `--node-eviction-rate`
  /// @param unhealthy of a large zone much of which fails; `--secondary-node-eviction-rate`
  /// @param unhealthyShare of a zone's nodes that has to fail for that; a float, as Kubernetes
  ///   compares it; `--unhealthy-zone-threshold`
  /// @param smallNodes up to which a zone much of which fails is left alone;
  ///   `--large-cluster-size-threshold`
  public record EvictionRates(
      double usual, double unhealthy, float unhealthyShare, int smallNodes) {
    /// Kubernetes' own.
    public static final EvictionRates USUAL = new EvictionRates(0.1, 0.01, 0.55f, 50);

    private static final double SECOND_NANOS = 1e9;

    /// Between two nodes of a zone; empty where none may lose its pods.
    Optional<Duration> pause(boolean isUnhealthy) {
      double rate = isUnhealthy ? unhealthy : usual;
      return rate > 0
          ? Optional.of(Duration.ofNanos((long) (SECOND_NANOS / rate)))
          : Optional.empty();
    }
  }
}
