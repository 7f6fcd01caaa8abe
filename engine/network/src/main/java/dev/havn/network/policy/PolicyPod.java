// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import java.util.List;
import java.util.Map;

/// A pod as policies see it.
///
/// @param port the only one that counts, 0 for all; of what is no pod but stands for one
public record PolicyPod(
    String namespace,
    String name,
    String address,
    Map<String, String> labels,
    List<NamedPort> ports,
    int port) {
  /// @param protocol in small letters
  public record NamedPort(String name, String protocol, int number) {}

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
