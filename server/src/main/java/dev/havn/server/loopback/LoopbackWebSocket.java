// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.loopback;

import io.fabric8.kubernetes.client.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Both ends of a WebSocket inside the process.
final class LoopbackWebSocket implements dev.havn.apiserver.http.WebSocket {
  private final WebSocket.Listener clientListener;
  private final Executor executor;
  private final Deque<Runnable> toServer = new ArrayDeque<>();
  private final Client client = new Client();
  private @Nullable Listener serverListener;
  private boolean running;

  LoopbackWebSocket(WebSocket.Listener clientListener, Executor executor) {
    this.clientListener = clientListener;
    this.executor = executor;
  }

  WebSocket client() {
    return client;
  }

  @Override
  public void send(ByteBuffer message, boolean text) {
    if (text) {
      clientListener.onMessage(
          client, java.nio.charset.StandardCharsets.UTF_8.decode(message).toString());
    } else {
      clientListener.onMessage(client, message);
    }
  }

  @Override
  public void close(int code, String reason) {
    clientListener.onClose(client, code, reason);
  }

  @Override
  public void listen(Listener listener) {
    synchronized (toServer) {
      serverListener = listener;
    }
    run();
  }

  private void offer(Runnable delivery) {
    synchronized (toServer) {
      toServer.add(delivery);
    }
    run();
  }

  private void run() {
    synchronized (toServer) {
      if (running || serverListener == null || toServer.isEmpty()) {
        return;
      }
      running = true;
    }
    executor.execute(
        () -> {
          while (true) {
            Runnable next;
            synchronized (toServer) {
              next = toServer.pollFirst();
              if (next == null) {
                running = false;
                return;
              }
            }
            next.run();
          }
        });
  }

  /// The client's end.
  private final class Client implements WebSocket {
    @Override
    public boolean send(ByteBuffer buffer) {
      ByteBuffer copy = ByteBuffer.allocate(buffer.remaining());
      copy.put(buffer).flip();
      offer(
          () -> {
            dev.havn.apiserver.http.WebSocket.Listener to = serverListener;
            if (to != null) {
              to.onMessage(copy, false);
            }
          });
      return true;
    }

    @Override
    public boolean sendClose(int code, String reason) {
      offer(
          () -> {
            dev.havn.apiserver.http.WebSocket.Listener to = serverListener;
            if (to != null) {
              to.onClose();
            }
          });
      return true;
    }

    @Override
    public long queueSize() {
      synchronized (toServer) {
        return toServer.size();
      }
    }

    @Override
    public void request() {
      // Messages are delivered as they come; the server's end blocks its own writer.
    }
  }
}
