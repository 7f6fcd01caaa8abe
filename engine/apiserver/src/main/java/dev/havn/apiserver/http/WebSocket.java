// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.nio.ByteBuffer;

/// An open WebSocket (RFC 6455). The door answers pings and reassembles fragments; messages are
/// bounded.
public interface WebSocket {

  /// Sends one message. Blocks while the peer does not keep up.
  ///
  /// @throws java.io.UncheckedIOException when the connection is gone
  void send(ByteBuffer message, boolean text);

  /// Sends a close frame and ends the connection.
  void close(int code, String reason);

  /// Begins delivery, in order, on a thread that may block; the door reads no further meanwhile.
  void listen(Listener listener);

  /// What happens to a WebSocket.
  interface Listener {
    void onMessage(ByteBuffer message, boolean text);

    /// The connection has ended, in whatever way; called once.
    void onClose();
  }
}
