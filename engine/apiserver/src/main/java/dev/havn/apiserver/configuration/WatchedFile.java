// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.configuration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A file that is looked at every few seconds: what it holds is taken when it is another and right,
/// else what it held before stays. Runs on the executor.
public final class WatchedFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);
  private static final int BYTES_MAX = 4 << 20;

  private final Path file;
  private final Consumer<byte[]> taker;
  private final ScheduledExecutorService executor;
  private byte[] seen;
  private String failure = "";
  private @Nullable ScheduledFuture<?> next;
  private boolean closed;

  /// @param first what it held when the server began
  /// @param taker takes other bytes, or throws an IllegalArgumentException that says why not
  public WatchedFile(
      Path file, byte[] first, Consumer<byte[]> taker, ScheduledExecutorService executor) {
    this.file = file;
    this.seen = first.clone();
    this.taker = taker;
    this.executor = executor;
    lookAgain();
  }

  /// The bytes of a file of configuration.
  ///
  /// @throws IOException when it cannot be read, or is larger than any such file
  public static byte[] read(Path file) throws IOException {
    if (Files.size(file) > BYTES_MAX) {
      throw new IOException("it is larger than " + BYTES_MAX + " bytes");
    }
    return Files.readAllBytes(file);
  }

  private synchronized void lookAgain() {
    if (closed) {
      return;
    }
    try {
      next = executor.schedule(this::look, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      closed = true;
    }
  }

  private void look() {
    try {
      byte[] now = read(file);
      if (!Arrays.equals(now, seen)) {
        taker.accept(now);
        seen = now;
        failure = "";
        LOG.info("{} has changed and is taken", file);
      }
    } catch (IOException | RuntimeException e) {
      // Tried again, since it may name another file that comes later; said once.
      if (!failure.equals(e.toString())) {
        LOG.error("{} is not taken, what it said before holds: {}", file, e.getMessage());
      }
      failure = e.toString();
    } finally {
      lookAgain();
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (next != null) {
      next.cancel(false);
    }
  }
}
