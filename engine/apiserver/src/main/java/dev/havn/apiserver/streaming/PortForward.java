// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.resource.ApiException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Port-forward: SPDY, directly or inside a WebSocket (KEP-4006), as kubectl speaks it. Each
/// connection is a pair of streams, `data` and `error`, that name the port and share a request id.
/// What client libraries speak is in [WebSocketPorts].
final class PortForward {
  private static final Logger LOG = LoggerFactory.getLogger(PortForward.class);
  private static final String TUNNEL = "SPDY/3.1+portforward.k8s.io";
  private static final String PROTOCOL = "portforward.k8s.io";

  private final NodeConnection nodes;
  private final Executor executor;
  private final ObjectNode pod;
  private final Map<String, Spdy.Stream> errors = new ConcurrentHashMap<>();

  private PortForward(NodeConnection nodes, Executor executor, ObjectNode pod) {
    this.nodes = nodes;
    this.executor = executor;
    this.pod = pod;
  }

  static void serve(
      NodeConnection nodes, Executor executor, Request request, ObjectNode pod, Response response) {
    PortForward forward = new PortForward(nodes, executor, pod);
    if (WebSocketChannels.isHandshake(request)) {
      if (WebSocketChannels.offered(request).contains(TUNNEL)) {
        forward.run(new Tunnel(response.acceptWebSocket(TUNNEL)));
      } else {
        forward.channels(request, response);
      }
    } else if (SpdyChannels.isUpgrade(request)) {
      forward.run(
          response.acceptUpgrade(
              "SPDY/3.1", new Headers().set("x-stream-protocol-version", PROTOCOL)));
    } else {
      throw ApiException.badRequest("Upgrade request required");
    }
  }

  private void channels(Request request, Response response) {
    List<String> offered = WebSocketChannels.offered(request);
    String protocol =
        WebSocketPorts.PROTOCOLS.stream()
            .filter(each -> offered.isEmpty() ? each.isEmpty() : offered.contains(each))
            .findFirst()
            .orElseThrow(
                () ->
                    ApiException.badRequest(
                        "unable to upgrade: of the subprotocols %s none is known; known are %s and %s"
                            .formatted(offered, TUNNEL, WebSocketPorts.PROTOCOLS)));
    List<Integer> ports = WebSocketPorts.ports(request, protocol);
    new WebSocketPorts(response.acceptWebSocket(protocol), ports, protocol)
        .run((port, connection) -> nodes.portForward(pod, port, connection), executor);
  }

  private void run(ByteDuplex connection) {
    Spdy[] spdy = new Spdy[1];
    spdy[0] = new Spdy(connection, this::opened);
    spdy[0].run();
    connection.close();
  }

  private void opened(Spdy.Stream stream) {
    String id = String.valueOf(stream.header("requestid"));
    if ("error".equals(stream.header("streamtype"))) {
      errors.put(id, stream);
      return;
    }
    String port = String.valueOf(stream.header("port"));
    Spdy.Stream error = errors.remove(id);
    executor.execute(() -> connect(port, stream, error));
  }

  private void connect(
      String port, Spdy.Stream stream, Spdy.@org.jspecify.annotations.Nullable Stream error) {
    OutputStream out = stream.out();
    try {
      nodes.portForward(pod, Integer.parseInt(port), new Pair(stream.in(), out));
    } catch (NodeException | NumberFormatException e) {
      LOG.debug("forwarding to port {}: {}", port, e.getMessage());
      tell(error, "error forwarding port %s to pod: %s".formatted(port, e.getMessage()));
    }
    for (OutputStream each : error == null ? List.of(out) : List.of(out, error.out())) {
      try {
        each.close();
      } catch (IOException e) {
        LOG.debug("the client left first: {}", e.getMessage());
      }
    }
  }

  private static void tell(Spdy.@org.jspecify.annotations.Nullable Stream error, String message) {
    if (error == null) {
      return;
    }
    try {
      error.out().write(message.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      LOG.debug("the client left before the error: {}", e.getMessage());
    }
  }

  /// Two streams as one connection.
  private record Pair(InputStream in, OutputStream out) implements ByteDuplex {
    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        LOG.debug("closing: {}", e.getMessage());
      }
    }
  }

  /// The bytes of a connection as messages of a WebSocket.
  private static final class Tunnel implements ByteDuplex, WebSocket.Listener {
    private final WebSocket socket;
    private final Pipe in = new Pipe();

    Tunnel(WebSocket socket) {
      this.socket = socket;
      socket.listen(this);
    }

    @Override
    public void onMessage(ByteBuffer message, boolean text) {
      byte[] bytes = new byte[message.remaining()];
      message.get(bytes);
      try {
        in.offer(bytes);
      } catch (IOException e) {
        LOG.debug("the tunnel is no longer read: {}", e.getMessage());
      }
    }

    @Override
    public void onClose() {
      in.end();
    }

    @Override
    public InputStream in() {
      return in;
    }

    @Override
    public OutputStream out() {
      return new OutputStream() {
        @Override
        public void write(int b) {
          socket.send(ByteBuffer.wrap(new byte[] {(byte) b}), false);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          try {
            socket.send(ByteBuffer.wrap(bytes, offset, length), false);
          } catch (UncheckedIOException e) {
            throw new IOException("the client has gone", e);
          }
        }
      };
    }

    @Override
    public void close() {
      socket.close(1000, "");
    }
  }
}
