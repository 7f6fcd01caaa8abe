// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.node.cni.CniPlaces;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a user can choose about the network beside its ranges.
///
/// @param plugins of CNI that make the network of pods, null for Havn's own
/// @param balancers addresses of load balancers in CIDR notation, of each family with a comma
///   between; empty for the usual ones
/// @param formerBalancers what they were before: who has one of these gets another
/// @param nodes where the networks of all nodes but the first are
/// @param mtu the largest packet on pods' links, in bytes; 0 for the one that fits
public record NetworkChoice(
    @Nullable CniPlaces plugins,
    String balancers,
    List<String> formerBalancers,
    Nodes nodes,
    int mtu) {
  public static final NetworkChoice USUAL = new NetworkChoice(null, "", List.of());

  /// Where the pods of a node have their links.
  public enum Nodes {
    /// in the machine's network namespace, at a bridge
    BRIDGE,
    /// in a network namespace of the node's own, where one can be made
    NAMESPACE
  }

  /// With a network namespace for each node but the first, and packets of the size that fits.
  public NetworkChoice(
      @Nullable CniPlaces plugins, String balancers, List<String> formerBalancers) {
    this(plugins, balancers, formerBalancers, Nodes.NAMESPACE, 0);
  }
}
