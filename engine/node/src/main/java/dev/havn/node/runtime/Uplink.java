// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import java.util.List;

/// How a node with a network namespace of its own reaches everything else.
///
/// @param gateways the machine's addresses, those of its first node: one of each family
/// @param beyond what of the cluster lies behind it: the pods of other nodes, the API
public record Uplink(List<String> gateways, List<AddressRange> beyond) {
  String gateway(AddressFamily family) {
    return gateways.stream()
        .filter(each -> AddressFamily.of(each) == family)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(this + " has no gateway of " + family));
  }
}
