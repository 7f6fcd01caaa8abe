// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.NetworkNamespace;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/// Sockets of a node's network, as its pods of the host's network have them.
///
/// @param namespace the node's own, null for the machine's
public record NodeSockets(@Nullable NetworkNamespace namespace) {
  public static final NodeSockets MACHINE = new NodeSockets(null);

  /// Whether who listens on the machine's loopback is to be had.
  public boolean areMachines() {
    return namespace == null;
  }

  /// One that is not connected.
  public Socket socket() throws IOException {
    return namespace == null ? new Socket() : namespace.socket().socket();
  }

  /// One that is not connected.
  public SocketChannel channel() throws IOException {
    return namespace == null ? SocketChannel.open() : namespace.socket();
  }
}
