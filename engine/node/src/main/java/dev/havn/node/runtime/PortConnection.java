// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copies between a port of a pod and two streams. Blocks; upward on a virtual thread of its own.
final class PortConnection {
  private static final Logger LOG = LoggerFactory.getLogger(PortConnection.class);

  private PortConnection() {}

  /// Copies until the port's side closes.
  ///
  /// @param socket not connected yet; it is closed
  static void copy(Socket socket, InetSocketAddress port, InputStream in, OutputStream out)
      throws IOException {
    try (socket) {
      socket.connect(port);
      Thread upward = Thread.ofVirtual().start(() -> send(in, socket, port));
      socket.getInputStream().transferTo(out);
      upward.interrupt();
    }
  }

  private static void send(InputStream in, Socket socket, InetSocketAddress port) {
    try {
      in.transferTo(socket.getOutputStream());
      socket.shutdownOutput();
    } catch (IOException e) {
      LOG.debug("forwarding to {} ends: {}", port, e.getMessage());
    }
  }
}
