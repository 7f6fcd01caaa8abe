// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.resource.ApiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Port-forward as client libraries speak it: the request names the ports, and each has two
/// channels of one WebSocket, data (even) and error (odd). What comes first on both is the port's
/// number, two bytes, little-endian. There is no end of one direction; the socket closes when the
/// last port is done.
final class WebSocketPorts implements WebSocket.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(WebSocketPorts.class);
  private static final int PORT_MAX = 65_535;

  /// A channel's number is one byte, or one digit in the form for browsers.
  private static final int PORTS_MAX = 127;

  private static final int PORTS_MAX_BASE64 = 5;

  /// Subprotocols, best first; in those with base64 a message is text.
  static final List<String> PROTOCOLS =
      List.of(
          "v4.channel.k8s.io",
          "channel.k8s.io",
          "v4.base64.channel.k8s.io",
          "base64.channel.k8s.io",
          "");

  private final WebSocket socket;
  private final boolean base64;
  private final List<Connection> connections = new ArrayList<>();

  WebSocketPorts(WebSocket socket, List<Integer> ports, String protocol) {
    this.socket = socket;
    this.base64 = isBase64(protocol);
    for (int i = 0; i < ports.size(); i++) {
      connections.add(new Connection(2 * i, ports.get(i)));
    }
  }

  private static boolean isBase64(String protocol) {
    return protocol.contains("base64");
  }

  /// The ports a request names.
  ///
  /// @throws ApiException when it names none, too many, or something that is no port
  static List<Integer> ports(Request request, String protocol) {
    List<Integer> ports = new ArrayList<>();
    for (String value : request.query().values().getOrDefault("ports", List.of())) {
      for (String each : value.split(",", -1)) {
        int port = each.matches("[0-9]{1,5}") ? Integer.parseInt(each) : 0;
        if (port < 1 || port > PORT_MAX) {
          throw ApiException.badRequest("unable to parse \"" + each + "\" as a port");
        }
        ports.add(port);
      }
    }
    int most = isBase64(protocol) ? PORTS_MAX_BASE64 : PORTS_MAX;
    if (ports.isEmpty() || ports.size() > most) {
      throw ApiException.badRequest(
          "query parameter \"ports\" is required, with 1 to %d ports".formatted(most));
    }
    return ports;
  }

  /// Connects every port and returns when all are done.
  void run(Connector connector, Executor executor) {
    socket.listen(this);
    CountDownLatch left = new CountDownLatch(connections.size());
    for (Connection connection : connections) {
      executor.execute(
          () -> {
            try {
              connection.run(connector);
            } finally {
              left.countDown();
            }
          });
    }
    try {
      left.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    socket.close(1000, "");
  }

  /// Joins a connection with a port of the pod until either side closes.
  interface Connector {
    void connect(int port, ByteDuplex connection);
  }

  @Override
  public void onMessage(ByteBuffer message, boolean text) {
    if (!message.hasRemaining()) {
      return;
    }
    int channel = message.get() - (base64 ? '0' : 0);
    byte[] content = new byte[message.remaining()];
    message.get(content);
    if (channel < 0 || channel % 2 != 0 || channel / 2 >= connections.size()) {
      LOG.debug("a message on channel {} is not taken", channel);
      return;
    }
    try {
      connections.get(channel / 2).in.offer(base64 ? Base64.getDecoder().decode(content) : content);
    } catch (IOException | IllegalArgumentException e) {
      LOG.debug("a message on channel {} is not read: {}", channel, e.getMessage());
    }
  }

  @Override
  public void onClose() {
    connections.forEach(connection -> connection.in.end());
  }

  private void send(int channel, byte[] bytes, int offset, int length) throws IOException {
    byte[] content = new byte[length];
    System.arraycopy(bytes, offset, content, 0, length);
    byte[] encoded = base64 ? Base64.getEncoder().encode(content) : content;
    ByteBuffer message = ByteBuffer.allocate(encoded.length + 1);
    message.put((byte) (base64 ? channel + '0' : channel)).put(encoded).flip();
    try {
      socket.send(message, base64);
    } catch (UncheckedIOException e) {
      throw new IOException("the client has gone", e);
    }
  }

  /// One port's two channels as a connection.
  private final class Connection implements ByteDuplex {
    private final int channel;
    private final int port;
    private final Pipe in = new Pipe();

    Connection(int channel, int port) {
      this.channel = channel;
      this.port = port;
    }

    void run(Connector connector) {
      byte[] number = {(byte) port, (byte) (port >> 8)};
      try {
        send(channel, number, 0, number.length);
        send(channel + 1, number, 0, number.length);
        try {
          connector.connect(port, this);
        } catch (NodeException e) {
          byte[] error =
              "error forwarding port %d to pod: %s"
                  .formatted(port, e.getMessage())
                  .getBytes(StandardCharsets.UTF_8);
          send(channel + 1, error, 0, error.length);
        }
      } catch (IOException e) {
        LOG.debug("forwarding to port {} ends: {}", port, e.getMessage());
      }
    }

    @Override
    public InputStream in() {
      return in;
    }

    @Override
    public OutputStream out() {
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          send(channel, bytes, offset, length);
        }
      };
    }

    @Override
    public void close() {
      in.close();
    }
  }
}
