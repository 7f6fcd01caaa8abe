// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// The addresses of a node and its pods. In a cluster with two families of addresses everybody has
/// one of each, and both have the same number: who has `10.244.3.7` has `fd00:10:244:3::7`. Pods
/// whose network plugins make have those that these report.
///
/// @param host the node's own
/// @param pods those of its pods
/// @param reported all of who has an address, see [ContainerRuntime#reported]
public record Addresses(String host, Ranges pods, Function<String, List<String>> reported) {
  /// Where nobody reports any.
  public Addresses(String host, Ranges pods) {
    this(host, pods, _ -> List.of());
  }

  /// With the one of the other family of who has this address, if there is one; none of nobody's.
  ///
  /// @param address of the cluster's own family
  public List<String> all(String address) {
    if (address.isEmpty()) {
      return List.of();
    }
    List<String> told = reported.apply(address);
    if (!told.isEmpty()) {
      return told;
    }
    List<String> all = new ArrayList<>(List.of(address));
    if (pods.first().contains(address)) {
      long number = pods.first().number(address);
      for (AddressRange each : pods.all().subList(1, pods.all().size())) {
        all.add(each.address(number));
      }
    }
    return all;
  }

  /// The node's.
  public List<String> hosts() {
    return all(host);
  }
}
