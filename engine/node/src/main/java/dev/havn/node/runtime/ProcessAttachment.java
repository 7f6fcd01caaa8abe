// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.ProcessIdentity;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The streams of a running container that is plain processes: what its parent writes down from now
/// on, and the pipe that it reads.
///
/// @param ended whether the container has ended
record ProcessAttachment(Path home, BooleanSupplier ended, boolean tty) {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessAttachment.class);
  private static final int BUFFER_BYTES = 32 << 10;

  /// Copies until the container or the client ends.
  void run(Streams streams) throws IOException {
    AtomicBoolean left = new AtomicBoolean();
    streams.onClose().accept(() -> left.set(true));
    if (tty) {
      ProcessIdentity.read(home.resolve("pid"))
          .flatMap(first -> ProcessHandle.of(first.pid()))
          .ifPresent(
              script ->
                  streams.onResize().accept((width, height) -> Exec.resize(script, width, height)));
    }
    try (RandomAccessFile out = atEnd("out");
        RandomAccessFile err = atEnd("err")) {
      @Nullable InputStream stdin = streams.stdin();
      if (stdin != null && Files.exists(home.resolve("stdin"))) {
        var unused = Thread.ofVirtual().start(() -> feed(stdin));
      }
      byte[] buffer = new byte[BUFFER_BYTES];
      boolean over = false;
      while (!over && !left.get()) {
        over = ended.getAsBoolean();
        copy(out, buffer, streams.stdout());
        copy(err, buffer, streams.stderr());
        Pause.brief();
      }
    }
  }

  private RandomAccessFile atEnd(String name) throws IOException {
    RandomAccessFile file = new RandomAccessFile(home.resolve(name).toFile(), "r");
    file.seek(file.length());
    return file;
  }

  private static void copy(RandomAccessFile from, byte[] buffer, @Nullable OutputStream to)
      throws IOException {
    for (int n = from.read(buffer); n > 0; n = from.read(buffer)) {
      if (to != null) {
        to.write(buffer, 0, n);
        to.flush();
      }
    }
  }

  private void feed(InputStream from) {
    try (OutputStream to = Files.newOutputStream(home.resolve("stdin"), StandardOpenOption.WRITE)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        to.write(buffer, 0, n);
        to.flush();
      }
      if (Files.exists(home.resolve("once"))) {
        ProcessKeeper.endInput(home);
      }
    } catch (IOException e) {
      LOG.debug("no more input for {}: {}", home, e.getMessage());
    }
  }
}
