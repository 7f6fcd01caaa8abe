// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import java.util.List;

/// At which addresses doors are opened.
public sealed interface Exposure {
  /// At the machine's loopback, for clusters whose pods have no addresses of their own.
  ///
  /// @param anyPort whether low ports are never taken, for clusters of which there may be many
  record Loopback(boolean anyPort) implements Exposure {}

  /// At addresses of the ranges of load balancers, by a Service that leads to this process.
  ///
  /// @param addresses that the machine has on the cluster's network, one of each of its families
  record Balanced(List<String> addresses) implements Exposure {}
}
