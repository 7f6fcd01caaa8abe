// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The whole lines of a file that is being written, as they come. When the file was moved away and
/// another one stands in its place, the first is read to its end before the other.
final class LogTail implements AutoCloseable {
  private static final int BLOCK_BYTES = 64 << 10;

  private final Path file;
  private final byte[] block = new byte[BLOCK_BYTES];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private int next;
  private int end;
  private @Nullable InputStream open;
  private @Nullable Object identity;

  LogTail(Path file) {
    this.file = file;
  }

  /// The next whole line, null when there is none yet.
  @Nullable String line() throws IOException {
    while (true) {
      while (next < end) {
        byte each = block[next++];
        if (each == '\n') {
          String whole = line.toString(StandardCharsets.UTF_8);
          line.reset();
          return whole;
        }
        line.write(each);
      }
      if (!read() && !turn()) {
        return null;
      }
    }
  }

  private boolean read() throws IOException {
    next = 0;
    end = open == null ? 0 : Math.max(0, open.read(block));
    return end > 0;
  }

  /// Goes on with the file that has the name now.
  ///
  /// @return whether it is another one than before
  private boolean turn() throws IOException {
    @Nullable Object now = identityNow();
    if (now == null || now.equals(identity)) {
      return false;
    }
    // What was written between the last look and the move.
    if (read()) {
      return true;
    }
    close();
    open = Files.newInputStream(file);
    identity = now;
    return true;
  }

  /// Null while there is no such file.
  private @Nullable Object identityNow() throws IOException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return Objects.requireNonNullElseGet(attributes.fileKey(), attributes::creationTime);
    } catch (NoSuchFileException absent) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    if (open != null) {
      open.close();
      open = null;
    }
  }
}
