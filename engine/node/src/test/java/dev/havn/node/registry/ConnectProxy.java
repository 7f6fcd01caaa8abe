// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A proxy on loopback that tunnels (`CONNECT`, RFC 9110 section 9.3.6), whatever name it is asked
/// for, to one place on loopback.
final class ConnectProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();

  /// @param target a port
  ConnectProxy(int target) throws IOException {
    this.listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    this.target = target;
    var unused = threads.submit(this::listen);
  }

  String address() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  /// The first lines of all requests.
  List<String> asked() {
    return asked;
  }

  private Void listen() throws IOException {
    while (!listener.isClosed()) {
      Socket client = listener.accept();
      open.add(client);
      var unused = threads.submit(() -> tunnel(client));
    }
    return null;
  }

  private Void tunnel(Socket client) throws IOException {
    BufferedReader head =
        new BufferedReader(
            new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
    asked.add(String.valueOf(head.readLine()));
    String line = head.readLine();
    while (line != null && !line.isEmpty()) {
      line = head.readLine();
    }
    Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
    open.add(server);
    client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    var unused = threads.submit(() -> copy(server, client));
    // Nobody sends before the answer, so nothing of it is in the reader.
    return copy(client, server);
  }

  private static Void copy(Socket from, Socket to) throws IOException {
    from.getInputStream().transferTo(to.getOutputStream());
    to.shutdownOutput();
    return null;
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket each : open) {
        each.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("closing a proxy", e);
    }
    threads.close();
  }
}
