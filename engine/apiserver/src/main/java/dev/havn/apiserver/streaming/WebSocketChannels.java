// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.streaming;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Exec and attach over a WebSocket: each message begins with the number of its channel. 0 standard
/// input, 1 output, 2 errors, 3 how it ended, 4 the terminal's size, 255 (since v5) the end of a
/// channel.
public final class WebSocketChannels implements Channels, WebSocket.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(WebSocketChannels.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> PROTOCOLS =
      List.of("v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "channel.k8s.io", "");
  private static final int ERROR = 3;
  private static final int RESIZE = 4;
  private static final int CLOSE = 255;

  private final WebSocket socket;

  /// Whether the end is told as a `Status` (since v4) and not as plain text of what failed.
  private final boolean tellsStatus;

  private final @Nullable Pipe stdin;
  private final @Nullable OutputStream stdout;
  private final @Nullable OutputStream stderr;
  private final List<Runnable> closers = new ArrayList<>();
  private @Nullable BiConsumer<Integer, Integer> resize;
  private int columns;
  private int rows;
  private boolean closed;

  private WebSocketChannels(WebSocket socket, Request request, String protocol) {
    this.socket = socket;
    this.tellsStatus = protocol.startsWith("v4.") || protocol.startsWith("v5.");
    this.stdin = asks(request, "stdin") ? new Pipe() : null;
    this.stdout = asks(request, "stdout") ? new Channel(1) : null;
    this.stderr = asks(request, "stderr") && !asks(request, "tty") ? new Channel(2) : null;
  }

  static boolean asks(Request request, String stream) {
    String value = request.query().first(stream);
    return value != null && (value.equals("true") || value.equals("1"));
  }

  /// Whether a request is a WebSocket handshake.
  public static boolean isHandshake(Request request) {
    String upgrade = request.headers().first("upgrade");
    return upgrade != null && upgrade.equalsIgnoreCase("websocket");
  }

  /// The subprotocols a client offers.
  static List<String> offered(Request request) {
    List<String> offered = new ArrayList<>();
    for (String header : request.headers().all("sec-websocket-protocol")) {
      for (String each : header.split(",")) {
        offered.add(each.strip());
      }
    }
    return offered;
  }

  /// Accepts the handshake; empty when no protocol of the client is known here.
  public static java.util.Optional<WebSocketChannels> accept(Request request, Response response) {
    List<String> offered = offered(request);
    for (String protocol : PROTOCOLS) {
      if (offered.contains(protocol) || (offered.isEmpty() && protocol.isEmpty())) {
        WebSocketChannels channels =
            new WebSocketChannels(response.acceptWebSocket(protocol), request, protocol);
        channels.open();
        return java.util.Optional.of(channels);
      }
    }
    return java.util.Optional.empty();
  }

  /// An empty message on the first channel that has something to say tells the client that the
  /// session stands. On no other: clients take any message on the last for the end.
  private void open() {
    int first = stdout != null ? 1 : stderr != null ? 2 : ERROR;
    send(first, new byte[0], 0, 0);
    socket.listen(this);
  }

  /// Writes to a channel of the client.
  private final class Channel extends OutputStream {
    private final int number;

    Channel(int number) {
      this.number = number;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        send(number, bytes, offset, length);
      } catch (UncheckedIOException e) {
        throw new IOException("the client has gone", e);
      }
    }
  }

  private void send(int channel, byte[] bytes, int offset, int length) {
    ByteBuffer message = ByteBuffer.allocate(length + 1);
    message.put((byte) channel).put(bytes, offset, length).flip();
    socket.send(message, false);
  }

  @Override
  public void onMessage(ByteBuffer message, boolean text) {
    if (!message.hasRemaining()) {
      return;
    }
    int channel = message.get() & 0xff;
    byte[] content = new byte[message.remaining()];
    message.get(content);
    try {
      switch (channel) {
        case 0 -> {
          if (stdin != null) {
            stdin.offer(content);
          }
        }
        case RESIZE -> resized(content);
        case CLOSE -> {
          if (content.length > 0 && content[0] == 0) {
            closeInput();
          }
        }
        default -> LOG.debug("a message on channel {} is not taken", channel);
      }
    } catch (IOException gone) {
      LOG.debug("standard input is no longer read: {}", gone.getMessage());
    }
  }

  private void resized(byte[] content) throws IOException {
    try {
      JsonNode size = JSON.readTree(content);
      columns = size.path("Width").asInt();
      rows = size.path("Height").asInt();
    } catch (JacksonException malformed) {
      LOG.debug("a terminal size is not understood: {}", malformed.getOriginalMessage());
      return;
    }
    BiConsumer<Integer, Integer> to = resize;
    if (to != null && columns > 0) {
      to.accept(columns, rows);
    }
  }

  private void closeInput() {
    if (stdin != null) {
      stdin.end();
    }
  }

  @Override
  public void onClose() {
    List<Runnable> told;
    synchronized (closers) {
      closed = true;
      told = List.copyOf(closers);
      closers.clear();
    }
    closeInput();
    told.forEach(Runnable::run);
  }

  @Override
  public @Nullable InputStream stdin() {
    return stdin;
  }

  @Override
  public @Nullable OutputStream stdout() {
    return stdout;
  }

  @Override
  public @Nullable OutputStream stderr() {
    return stderr;
  }

  @Override
  public void onResize(BiConsumer<Integer, Integer> to) {
    resize = to;
    if (columns > 0) {
      to.accept(columns, rows);
    }
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
  public void exit(int code) {
    end(ExitStatus.of(code));
  }

  @Override
  public void fail(String message) {
    ObjectNode status = JsonNodeFactory.instance.objectNode();
    status.putObject("metadata");
    status.put("status", "Failure").put("message", message).put("reason", "InternalError");
    end(status.put("code", 500));
  }

  private void end(ObjectNode status) {
    String text = tellsStatus ? status.toString() : status.path("message").asText("");
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      if (bytes.length > 0) {
        send(ERROR, bytes, 0, bytes.length);
      }
    } catch (UncheckedIOException gone) {
      LOG.debug("the client left before the end: {}", gone.getMessage());
    }
    close();
  }

  @Override
  public void close() {
    socket.close(1000, "");
  }
}
