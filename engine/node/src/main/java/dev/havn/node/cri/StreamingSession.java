// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The streams of a command, of a container's first process or of a port, at the address that a
/// runtime has given for them (`v4.channel.k8s.io` and `portforward.k8s.io`). What is read is
/// written on the thread that runs it: who is slow to take it slows the other side.
public final class StreamingSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StreamingSession.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BUFFER_BYTES = 32 << 10;
  private static final int ERROR_BYTES_MAX = 64 << 10;
  private static final int CLOSED = -1;
  private static final String TYPE = "streamtype";

  private final Spdy spdy;
  private final ByteArrayOutputStream error = new ByteArrayOutputStream();
  private int errorStream = CLOSED;
  private int stdoutStream = CLOSED;
  private int stderrStream = CLOSED;
  private int resizeStream = CLOSED;
  private int open;
  private volatile boolean closed;

  private StreamingSession(Spdy spdy) {
    this.spdy = spdy;
  }

  /// What a session reads and writes; absent ones are null.
  public record Ends(
      @Nullable InputStream stdin, @Nullable OutputStream stdout, @Nullable OutputStream stderr) {}

  /// Opens the streams of a command or of a first process.
  public static StreamingSession command(String url) throws IOException {
    return new StreamingSession(Spdy.connect(URI.create(url), "v4.channel.k8s.io"));
  }

  /// Opens a connection to a port.
  public static StreamingSession port(String url) throws IOException {
    return new StreamingSession(Spdy.connect(URI.create(url), "portforward.k8s.io"));
  }

  private int opened(String type) throws IOException {
    open++;
    return spdy.open(Map.of(TYPE, type));
  }

  /// Opens what the runtime waits for: it begins when all is there.
  public void begin(Ends ends, boolean tty) throws IOException {
    errorStream = opened("error");
    int stdinStream = ends.stdin() == null ? CLOSED : spdy.open(Map.of(TYPE, "stdin"));
    stdoutStream = ends.stdout() == null ? CLOSED : opened("stdout");
    stderrStream = ends.stderr() == null || tty ? CLOSED : opened("stderr");
    resizeStream = tty ? spdy.open(Map.of(TYPE, "resize")) : CLOSED;
    @Nullable InputStream stdin = ends.stdin();
    if (stdin != null) {
      var unused = Thread.ofVirtual().start(() -> feed(stdin, stdinStream));
    }
  }

  /// Copies until the other side has said all.
  ///
  /// @return the exit code
  /// @throws IOException also when the runtime tells of a failure that is no exit code
  public int run(Ends ends) throws IOException {
    receive(ends);
    return exitCode(error.toString(StandardCharsets.UTF_8));
  }

  /// Copies between a port and streams until the port's side closes.
  public void runPort(int port, InputStream in, OutputStream out) throws IOException {
    String number = String.valueOf(port);
    errorStream = spdy.open(Map.of(TYPE, "error", "port", number, "requestid", "0"));
    stdoutStream = spdy.open(Map.of(TYPE, "data", "port", number, "requestid", "0"));
    open = 2;
    spdy.end(errorStream);
    int data = stdoutStream;
    var unused = Thread.ofVirtual().start(() -> feed(in, data));
    receive(new Ends(null, out, null));
    if (error.size() > 0) {
      throw new IOException(error.toString(StandardCharsets.UTF_8).strip());
    }
  }

  private void receive(Ends ends) throws IOException {
    try {
      spdy.run((stream, bytes, last) -> take(ends, stream, bytes, last));
    } catch (IOException e) {
      if (!closed) {
        throw e;
      }
      LOG.debug("a session was closed: {}", e.getMessage());
    }
  }

  private void take(Ends ends, int stream, byte[] bytes, boolean last) throws IOException {
    if (stream == errorStream) {
      error.write(bytes, 0, Math.min(bytes.length, ERROR_BYTES_MAX - error.size()));
    } else {
      @Nullable OutputStream to =
          stream == stdoutStream ? ends.stdout() : stream == stderrStream ? ends.stderr() : null;
      if (to != null && bytes.length > 0) {
        to.write(bytes);
        to.flush();
      }
    }
    boolean counts = stream == errorStream || stream == stdoutStream || stream == stderrStream;
    if (last && counts && --open == 0) {
      close();
    }
  }

  private void feed(InputStream from, int stream) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        spdy.write(stream, buffer, n);
      }
      spdy.end(stream);
    } catch (IOException e) {
      LOG.debug("no more input: {}", e.getMessage());
    }
  }

  /// Gives the terminal a size, in characters.
  public void resize(int width, int height) {
    byte[] size =
        "{\"Width\":%d,\"Height\":%d}\n"
            .formatted(width, height)
            .getBytes(StandardCharsets.US_ASCII);
    try {
      if (resizeStream != CLOSED) {
        spdy.write(resizeStream, size, size.length);
      }
    } catch (IOException e) {
      LOG.debug("a terminal keeps its size: {}", e.getMessage());
    }
  }

  /// What the `Status` on the error stream says.
  static int exitCode(String status) throws IOException {
    if (status.isEmpty()) {
      return 0;
    }
    try {
      JsonNode json = JSON.readTree(status);
      if (json.path("status").asText().equals("Success")) {
        return 0;
      }
      for (JsonNode cause : json.path("details").path("causes")) {
        if (cause.path("reason").asText().equals("ExitCode")) {
          return Integer.parseInt(cause.path("message").asText());
        }
      }
      throw new IOException(json.path("message").asText());
    } catch (JsonProcessingException | NumberFormatException e) {
      throw new IOException(status, e);
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      spdy.close();
    } catch (IOException e) {
      LOG.debug("closing a session: {}", e.getMessage());
    }
  }
}
