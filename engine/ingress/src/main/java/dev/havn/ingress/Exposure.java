// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

/// At which addresses doors are opened.
public sealed interface Exposure {
  /// At the machine's loopback, for clusters whose pods have no addresses of their own.
  ///
  /// @param anyPort whether low ports are never taken, for clusters of which there may be many
  record Loopback(boolean anyPort) implements Exposure {}

  /// At an address of the range of load balancers, by a Service that leads to this process.
  ///
  /// @param address that the machine has on the cluster's network
  record Balanced(String address) implements Exposure {}
}
