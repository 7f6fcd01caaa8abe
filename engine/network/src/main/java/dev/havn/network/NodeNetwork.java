// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.service.Place;
import java.io.IOException;
import java.net.ServerSocket;

/// A node with a network namespace of its own, with routes and rules for itself.
///
/// @param place of the node, as packets in the namespace see it; the link of that name in the
///   machine's namespace leads there
/// @param uplink the link that leads to the machine
/// @param commands run there
/// @param doors listen there
public record NodeNetwork(Place place, String uplink, Commands commands, Doors doors) {

  /// Makes sockets that are bound to nothing yet.
  @FunctionalInterface
  public interface Doors {
    ServerSocket open() throws IOException;
  }
}
