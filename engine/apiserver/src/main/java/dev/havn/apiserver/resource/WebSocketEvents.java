// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A watch over a WebSocket, which some client libraries prefer: each event is a message. The
/// session writes frames as it does to a body; here they are taken apart again, JSON at its line
/// ends, protobuf at its lengths.
final class WebSocketEvents implements BodyStream, WebSocket.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(WebSocketEvents.class);

  private final WebSocket socket;
  private final boolean json;
  private final List<Runnable> closers = new ArrayList<>();
  private boolean closed;

  private WebSocketEvents(WebSocket socket, boolean json) {
    this.socket = socket;
    this.json = json;
    socket.listen(this);
  }

  static boolean isAsked(Request request) {
    return "websocket".equalsIgnoreCase(request.headers().first("upgrade"));
  }

  /// Answers with the subprotocol that the client offers, whatever it is, if it is only one: who
  /// says its token in a subprotocol has to offer another.
  static WebSocketEvents accept(Request request, Response response, boolean json) {
    String offered = String.join(",", request.headers().all("sec-websocket-protocol")).strip();
    String only = offered.contains(",") ? "" : offered;
    return new WebSocketEvents(response.acceptWebSocket(only), json);
  }

  /// Blocks while the peer does not keep up: the sockets of a watch have a thread to do so.
  @Override
  public void write(List<ByteBuffer> buffers) {
    ByteBuffer all = ByteBuffer.allocate(buffers.stream().mapToInt(ByteBuffer::remaining).sum());
    buffers.forEach(each -> all.put(each.duplicate()));
    all.flip();
    try {
      while (all.hasRemaining()) {
        int length = json ? lineLength(all) : all.getInt();
        socket.send(all.slice(all.position(), length), json);
        all.position(all.position() + length + (json ? 1 : 0));
      }
    } catch (UncheckedIOException gone) {
      LOG.debug("the watcher has gone: {}", gone.getMessage());
      onClose();
    }
  }

  private static int lineLength(ByteBuffer from) {
    int end = from.position();
    while (from.get(end) != '\n') {
      end++;
    }
    return end - from.position();
  }

  @Override
  public boolean writable() {
    return true;
  }

  @Override
  public void onWritable(Runnable wake) {
    wake.run();
  }

  @Override
  public void onMessage(ByteBuffer message, boolean text) {
    LOG.debug("a watch takes no input, but got {} bytes", message.remaining());
  }

  @Override
  public void onClose() {
    List<Runnable> told;
    synchronized (closers) {
      closed = true;
      told = List.copyOf(closers);
      closers.clear();
    }
    told.forEach(Runnable::run);
  }

  @Override
  public void onClose(Runnable told) {
    synchronized (closers) {
      if (!closed) {
        closers.add(told);
        return;
      }
    }
    told.run();
  }

  @Override
  public void close() {
    socket.close(1000, "");
  }
}
