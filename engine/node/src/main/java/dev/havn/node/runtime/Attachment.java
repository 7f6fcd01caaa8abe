// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.SeqPacketSocket;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The streams of a running container, by conmon's `attach` socket: each message it sends begins
/// with the number of the stream; what it is sent is standard input.
final class Attachment implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Attachment.class);
  private static final int MESSAGE_BYTES_MAX = 32 << 10;
  private static final byte STDOUT = 2;
  private static final byte STDERR = 3;
  private static final int RESIZE = 1;

  private final Path home;
  private final boolean tty;
  private final SeqPacketSocket socket;

  /// A socket's path may be 107 bytes long, a container's home is longer: a link leads there.
  Attachment(Path home, boolean tty) throws IOException {
    this.home = home;
    this.tty = tty;
    Path near = Files.createTempDirectory("hv").resolve("c");
    Files.createSymbolicLink(near, home);
    try {
      this.socket = SeqPacketSocket.connect(near.resolve("attach"));
    } finally {
      Files.delete(near);
      Files.delete(near.getParent());
    }
  }

  /// Copies until the container or the client ends.
  void run(Streams streams) throws IOException {
    streams.onClose().accept(this::closeQuietly);
    if (tty) {
      streams.onResize().accept(this::resize);
    }
    @Nullable InputStream stdin = streams.stdin();
    if (stdin != null) {
      var unused = Thread.ofVirtual().start(() -> feed(stdin));
    }
    CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .name("attach")
            .start(
                () -> {
                  copy(streams);
                  done.complete(null);
                });
    done.join();
    reader.interrupt();
  }

  private void copy(Streams streams) {
    byte[] buffer = new byte[MESSAGE_BYTES_MAX];
    try {
      for (int n = socket.read(buffer); n > 0; n = socket.read(buffer)) {
        @Nullable OutputStream to =
            buffer[0] == STDERR ? streams.stderr() : buffer[0] == STDOUT ? streams.stdout() : null;
        if (to != null) {
          to.write(buffer, 1, n - 1);
          to.flush();
        }
      }
    } catch (IOException e) {
      LOG.debug("attachment to {} ends: {}", home, e.getMessage());
    }
  }

  private void feed(InputStream from) {
    byte[] buffer = new byte[MESSAGE_BYTES_MAX / 4];
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        if (n > 0) {
          socket.write(buffer, n);
        }
      }
      socket.endWriting();
    } catch (IOException e) {
      LOG.debug("no more input for {}: {}", home, e.getMessage());
    }
  }

  private void resize(int width, int height) {
    try {
      Files.writeString(
          home.resolve("ctl"),
          RESIZE + " " + height + " " + width + "\n",
          StandardCharsets.US_ASCII,
          StandardOpenOption.WRITE);
    } catch (IOException e) {
      LOG.debug("the terminal of {} keeps its size: {}", home, e.getMessage());
    }
  }

  private void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      LOG.debug("closing the attachment to {}: {}", home, e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
