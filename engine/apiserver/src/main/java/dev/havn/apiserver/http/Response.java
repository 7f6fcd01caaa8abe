// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.http;

import java.nio.ByteBuffer;
import java.util.List;

/// How a handler answers: once, by one of these methods.
public interface Response {

  /// A complete answer. The buffers are written one after another and never changed or copied by
  /// the door; their content must not change afterwards.
  void send(int status, Headers headers, List<ByteBuffer> body);

  /// An answer whose body comes bit by bit: a watch, a log that is followed.
  BodyStream stream(int status, Headers headers);

  /// Answers 101 to a WebSocket handshake (or 200 to an extended CONNECT).
  ///
  /// @param subprotocol chosen from `Sec-WebSocket-Protocol`, or empty for none
  WebSocket acceptWebSocket(String subprotocol);

  /// Answers 101 and hands over the connection's bytes, as SPDY/3.1 needs it.
  ///
  /// @throws UnsupportedUpgradeException where the door cannot (HTTP/2, loopback)
  ByteDuplex acceptUpgrade(String protocol, Headers headers);
}
