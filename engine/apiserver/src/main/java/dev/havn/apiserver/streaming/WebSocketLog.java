// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.resource.ApiException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// A log over a WebSocket: its bytes as messages, plain (`binary.k8s.io`) or in base64.
final class WebSocketLog extends OutputStream {
  private static final String BASE64 = "base64.binary.k8s.io";
  private static final List<String> PROTOCOLS = List.of("binary.k8s.io", BASE64, "");

  private final WebSocket socket;
  private final boolean base64;
  private final AtomicBoolean gone = new AtomicBoolean();

  private WebSocketLog(WebSocket socket, boolean base64) {
    this.socket = socket;
    this.base64 = base64;
    socket.listen(new Closing());
  }

  static WebSocketLog accept(Request request, Response response) {
    List<String> offered = WebSocketChannels.offered(request);
    for (String protocol : PROTOCOLS) {
      if (offered.contains(protocol) || (offered.isEmpty() && protocol.isEmpty())) {
        return new WebSocketLog(response.acceptWebSocket(protocol), protocol.equals(BASE64));
      }
    }
    throw ApiException.badRequest("no known subprotocol is offered");
  }

  private final class Closing implements WebSocket.Listener {
    @Override
    public void onMessage(ByteBuffer message, boolean text) {
      // a log takes no input
    }

    @Override
    public void onClose() {
      gone.set(true);
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (gone.get()) {
      throw new IOException("the client has gone");
    }
    ByteBuffer content = ByteBuffer.allocate(length).put(bytes, offset, length).flip();
    try {
      if (base64) {
        String encoded = Base64.getEncoder().encodeToString(content.array());
        socket.send(ByteBuffer.wrap(encoded.getBytes(StandardCharsets.US_ASCII)), true);
      } else {
        socket.send(content, false);
      }
    } catch (UncheckedIOException e) {
      throw new IOException("the client has gone", e);
    }
  }

  @Override
  public void close() {
    socket.close(1000, "");
  }
}
