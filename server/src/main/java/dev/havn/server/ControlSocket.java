// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The way from the command line to a running server: a Unix socket of mode 0600 in the data
/// directory. One request and one answer a connection, each a JSON object on one line; see
/// [ControlCommands].
///
/// Accepts on a virtual thread of its own, serves each connection on another.
public final class ControlSocket implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONNECTIONS_MAX = 16;
  private static final int LINE_CHARS_MAX = 1 << 20;

  /// What takes as long as a file is large.
  private static final Set<String> LONG_COMMANDS = Set.of("image load", "image docker", "backup");

  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofSeconds(30);

  /// The longest path the kernel takes for a socket (`sun_path`), in bytes.
  private static final int PATH_BYTES_MAX = 107;

  private final Path path;
  private final ServerSocketChannel listener;
  private final Commands commands;
  private final Semaphore connections = new Semaphore(CONNECTIONS_MAX);

  /// Answers a request. Throwing [StartException] makes its message the error that the user sees.
  @FunctionalInterface
  public interface Commands {
    JsonNode answer(String command, JsonNode arguments);
  }

  private ControlSocket(Path path, ServerSocketChannel listener, Commands commands) {
    this.path = path;
    this.listener = listener;
    this.commands = commands;
  }

  /// Listens; a socket that a killed server left behind is replaced.
  public static ControlSocket open(Path path, Commands commands) {
    if (path.toString().getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
      throw new StartException(
          "the path "
              + path
              + " is longer than the "
              + PATH_BYTES_MAX
              + " bytes a socket may have: choose a shorter --data-dir");
    }
    try {
      Files.deleteIfExists(path);
      ServerSocketChannel listener = listen(path);
      ControlSocket socket = new ControlSocket(path, listener, commands);
      Thread.ofVirtual().name("control").start(socket::accept);
      return socket;
    } catch (IOException e) {
      throw new StartException("control socket " + path + ": " + e.getMessage(), e);
    }
  }

  /// Binding makes the socket with the permissions that the umask leaves: it comes to its place
  /// when it has its own.
  private static ServerSocketChannel listen(Path path) throws IOException {
    FileAttribute<?> own =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Path closed = path.resolveSibling(".ctl");
    Path fresh = closed.resolve("s");
    Files.deleteIfExists(fresh);
    Files.deleteIfExists(closed);
    Files.createDirectory(closed, own);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(fresh));
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
      return listener;
    } catch (IOException e) {
      listener.close();
      throw e;
    } finally {
      Files.deleteIfExists(fresh);
      Files.delete(closed);
    }
  }

  /// Asks the server behind `path`.
  ///
  /// @throws StartException with the server's own words when it refuses, or when none answers
  public static JsonNode ask(Path path, String command, JsonNode arguments) {
    return ask(path, command, arguments, LONG_COMMANDS.contains(command) ? LONG : SHORT);
  }

  static JsonNode ask(Path path, String command, JsonNode arguments, Duration within) {
    @Nullable Thread guard = null;
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      guard = Thread.ofVirtual().start(() -> closeAfter(within, channel));
      ObjectNode request = JSON.createObjectNode();
      request.put("command", command).set("arguments", arguments);
      writeLine(channel, request);
      @Nullable String line = readLine(channel);
      if (line == null) {
        throw new StartException("the server ended while it was asked for " + command);
      }
      JsonNode answer = JSON.readTree(line);
      if (answer.hasNonNull("error")) {
        throw new StartException(answer.get("error").asText());
      }
      return answer.path("answer");
    } catch (AsynchronousCloseException e) {
      throw new StartException(
          "the server behind %s has not answered within %d s, it hangs: `havn logs` shows what it did last;"
                  .formatted(path, within.toSeconds())
              + " %s and `havn up` lose nothing".formatted(killing(path)),
          e);
    } catch (IOException e) {
      throw new StartException("no server answers at " + path + ": " + e.getMessage(), e);
    } finally {
      if (guard != null) {
        guard.interrupt();
      }
    }
  }

  private static String killing(Path socket) {
    String holder = DataDirectory.holder(socket.resolveSibling(".").normalize());
    return holder.isEmpty() ? "`kill -9` of its process" : "`kill -9 " + holder + "`";
  }

  private static void closeAfter(Duration time, SocketChannel channel) {
    try {
      boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
      channel.close();
    } catch (InterruptedException answered) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.debug("a connection to the server stays: {}", e.getMessage());
    }
  }

  private void accept() {
    while (true) {
      try {
        SocketChannel channel = listener.accept();
        connections.acquireUninterruptibly();
        Thread.ofVirtual().name("control-connection").start(() -> serve(channel));
      } catch (ClosedChannelException closed) {
        return;
      } catch (IOException e) {
        LOG.warn("the control socket {} accepts no more", path, e);
        return;
      }
    }
  }

  private void serve(SocketChannel channel) {
    try (channel) {
      @Nullable String line = readLine(channel);
      if (line != null) {
        writeLine(channel, answer(line));
      }
    } catch (IOException e) {
      LOG.info("a control connection ended early: {}", e.getMessage());
    } finally {
      connections.release();
    }
  }

  private ObjectNode answer(String line) {
    ObjectNode reply = JSON.createObjectNode();
    try {
      JsonNode request = JSON.readTree(line);
      String command = request.path("command").asText();
      reply.set("answer", commands.answer(command, request.path("arguments")));
    } catch (JsonProcessingException e) {
      reply.put("error", "the request is no JSON: " + e.getOriginalMessage());
    } catch (StartException e) {
      reply.put("error", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("a control command failed: {}", line, e);
      reply.put("error", e.getClass().getSimpleName() + ": " + e.getMessage());
    }
    return reply;
  }

  private static @Nullable String readLine(SocketChannel channel) throws IOException {
    BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    StringBuilder line = new StringBuilder();
    for (int c = reader.read(); c != '\n'; c = reader.read()) {
      if (c < 0) {
        return null;
      }
      if (line.length() == LINE_CHARS_MAX) {
        throw new IOException("a line is longer than " + LINE_CHARS_MAX + " characters");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private static void writeLine(SocketChannel channel, JsonNode node) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((node + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException("closing " + path, e);
    }
  }
}
