// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.util.List;

/// The addresses of a node and its pods. In a cluster with two families of addresses everybody has
/// one of each, and both end in the same number: who has `10.244.3.7` has `fd00:10:244:3::7`.
///
/// @param host the node's own
/// @param first what the addresses of its pods begin with, such as `10.244.3.`
/// @param second the same of the second family, such as `fd00:10:244:3::`; empty for none
public record Addresses(String host, String first, String second) {
  /// @param ranges of the node's pods in CIDR notation: 24 bits of IPv4, and where there is a
  ///   second family a comma and 64 bits of IPv6
  public static Addresses of(String host, String ranges) {
    String[] each = ranges.split(",");
    String first = each[0].substring(0, each[0].lastIndexOf('.') + 1);
    return new Addresses(
        host, first, each.length < 2 ? "" : each[1].substring(0, each[1].indexOf('/')));
  }

  /// With the second one of who has this address, if there is one; none of nobody's.
  public List<String> all(String address) {
    if (address.isEmpty()) {
      return List.of();
    }
    return second.isEmpty() || first.isEmpty() || !address.startsWith(first)
        ? List.of(address)
        : List.of(address, second(address));
  }

  /// The node's.
  public List<String> hosts() {
    return all(host);
  }

  private String second(String address) {
    return second + Integer.toHexString(Integer.parseInt(address.substring(first.length())));
  }
}
