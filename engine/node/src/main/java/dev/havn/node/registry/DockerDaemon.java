// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.image.ImageException;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/// Docker at its Unix socket (Docker Engine API, which Podman speaks, too). It is asked by
/// HTTP/1.0: the answer is what comes until it ends, in no chunks.
///
/// @param socket at which it listens
/// @param silentMax that it may say nothing
public record DockerDaemon(Path socket, Duration silentMax) {
  /// Of a daemon that reads a large image before it begins.
  public static final Duration SILENT_MAX = Duration.ofMinutes(5);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USUAL = "unix:///var/run/docker.sock";
  private static final String UNIX = "unix://";
  private static final int BUFFER_BYTES = 1 << 18;
  private static final int HEAD_BYTES_MAX = 1 << 16;
  private static final int ERROR_BYTES_MAX = 1 << 16;
  private static final long IMAGE_BYTES_MAX = 64L << 30;

  /// @param host as `DOCKER_HOST` names it; empty for where Docker usually is
  /// @throws ImageException when that is no socket of this machine
  public static DockerDaemon at(String host) {
    String address = host.isEmpty() ? USUAL : host;
    if (!address.startsWith(UNIX + "/")) {
      throw new ImageException(
          "DOCKER_HOST is %s: Havn reads Docker's Unix socket only, such as %s; docker save makes a file"
              .formatted(host, USUAL),
          null);
    }
    return new DockerDaemon(Path.of(address.substring(UNIX.length())), SILENT_MAX);
  }

  /// Writes an image to a file, as `docker save` does.
  ///
  /// @param name as Docker knows it
  /// @throws ImageException in words for users
  public void save(String name, Path file) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        Selector selector = Selector.open()) {
      write(channel, "GET /images/" + path(name) + "/get HTTP/1.0\r\nHost: docker\r\n\r\n");
      channel.configureBlocking(false);
      var unused = channel.register(selector, SelectionKey.OP_READ);
      new Answer(channel, selector).read(name, file);
    } catch (IOException e) {
      String why =
          Files.exists(socket) ? String.valueOf(e.getMessage()) : "there is no such socket";
      throw new ImageException(
          "image %s cannot be had from Docker at %s: %s".formatted(name, socket, why), e);
    }
  }

  /// Slashes of a name are those of the path.
  private static String path(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("%2F", "/").replace("+", "%20");
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /// What comes from the socket, in its order.
  private final class Answer {
    private final SocketChannel channel;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();

    Answer(SocketChannel channel, Selector selector) {
      this.channel = channel;
      this.selector = selector;
    }

    void read(String name, Path file) throws IOException {
      String status = line();
      long length = -1;
      int headBytes = status.length();
      for (String line = line(); !line.isEmpty(); line = line()) {
        headBytes += line.length();
        if (headBytes > HEAD_BYTES_MAX) {
          throw new IOException("its answer has too many headers");
        }
        String lower = line.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:") && lower.matches("content-length: *[0-9]{1,15}")) {
          length = Long.parseLong(lower.replaceFirst(".*: *", ""));
        }
        if (lower.startsWith("transfer-encoding:")) {
          throw new IOException("it answers HTTP/1.0 in chunks");
        }
      }
      if (!status.matches("HTTP/1\\.[01] 200( .*)?")) {
        throw new IOException(refusal(status));
      }
      try (OutputStream out = Files.newOutputStream(file)) {
        long bytes = copy(out);
        if (length >= 0 && bytes != length) {
          throw new EOFException(
              "image %s ends after %d of %d bytes".formatted(name, bytes, length));
        }
      }
    }

    /// What it says of an error is JSON.
    private String refusal(String status) throws IOException {
      StringBuilder body = new StringBuilder();
      while (body.length() < ERROR_BYTES_MAX && more()) {
        body.append(StandardCharsets.UTF_8.decode(buffer));
      }
      try {
        String message = JSON.readTree(body.toString()).path("message").asText("");
        return message.isEmpty() ? status : message;
      } catch (JsonProcessingException e) {
        return status;
      }
    }

    private long copy(OutputStream out) throws IOException {
      long bytes = 0;
      while (more()) {
        bytes += buffer.remaining();
        if (bytes > IMAGE_BYTES_MAX) {
          throw new IOException("it has more than " + IMAGE_BYTES_MAX + " bytes");
        }
        out.write(buffer.array(), buffer.position(), buffer.remaining());
        buffer.position(buffer.limit());
      }
      return bytes;
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      while (true) {
        if (!more()) {
          throw new EOFException("its answer ends early");
        }
        char next = (char) (buffer.get() & 0xff);
        if (next == '\n') {
          return line.toString().stripTrailing();
        }
        if (line.length() == HEAD_BYTES_MAX) {
          throw new IOException("a line of its answer is too long");
        }
        line.append(next);
      }
    }

    /// Whether there is a byte in the buffer; waits for one.
    private boolean more() throws IOException {
      while (!buffer.hasRemaining()) {
        if (selector.select(silentMax.toMillis()) == 0) {
          throw new IOException("it says nothing for " + silentMax.toSeconds() + " s");
        }
        selector.selectedKeys().clear();
        buffer.clear();
        int read = channel.read(buffer);
        buffer.flip();
        if (read < 0) {
          return false;
        }
      }
      return true;
    }
  }
}
