// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// A backend that says what a test tells it to, byte by byte, on a thread for each connection.
final class RawBackend implements AutoCloseable {
  private final ServerSocket socket;
  final BlockingQueue<String> heads = new LinkedBlockingQueue<>();
  final BlockingQueue<Socket> connections = new LinkedBlockingQueue<>();

  interface Script {
    void serve(RawBackend backend, InputStream in, OutputStream out) throws IOException;
  }

  RawBackend(Script script) throws IOException {
    this.socket = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofVirtual().start(() -> accept(script));
  }

  private void accept(Script script) {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        connections.add(connection);
        Thread.ofVirtual()
            .start(
                () -> {
                  try (connection) {
                    script.serve(this, connection.getInputStream(), connection.getOutputStream());
                  } catch (IOException e) {
                    heads.add("gone: " + e.getMessage());
                  }
                });
      } catch (IOException closed) {
        return;
      }
    }
  }

  int port() {
    return socket.getLocalPort();
  }

  /// Up to the empty line, or what came before the end.
  static String head(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        return text.toString();
      }
      text.append((char) next);
    }
    return text.toString();
  }

  static void say(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
  }

  /// Answers each request without a body with 200 and its own head, on one connection.
  static void echoHeads(RawBackend backend, InputStream in, OutputStream out) throws IOException {
    while (true) {
      String head = head(in);
      if (head.isEmpty()) {
        return;
      }
      backend.heads.add(head);
      say(out, "HTTP/1.1 200 OK\r\nContent-Length: " + head.length() + "\r\n\r\n" + head);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket each : connections) {
      each.close();
    }
  }
}
