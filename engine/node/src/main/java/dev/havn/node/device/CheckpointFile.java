// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What must be known after a restart, as JSON in a file that is replaced as a whole.
///
/// @param type of what it holds, a record
public record CheckpointFile<T>(Path path, Class<T> type) {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointFile.class);

  /// As with a kubelet: what plugins give containers is not for others to read.
  private static final Set<PosixFilePermission> OWNERS =
      PosixFilePermissions.fromString("rw-------");

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /// Empty when nothing was kept. What cannot be read is kept under another name, and as with a
  /// kubelet the node goes on without it.
  public Optional<T> read() {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(path), type));
    } catch (NoSuchFileException none) {
      return Optional.empty();
    } catch (JsonProcessingException e) {
      Path aside = path.resolveSibling(path.getFileName() + ".unreadable");
      LOG.warn("{} counts for nothing and is now {}: {}", path, aside, e.getOriginalMessage());
      try {
        Files.move(path, aside, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException cannot) {
        LOG.warn("{} stays: {}", path, cannot.toString());
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(path.toString(), e);
    }
  }

  public void write(T value) {
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    try {
      Files.createDirectories(Objects.requireNonNull(path.toAbsolutePath().getParent()));
      ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(value));
      // What was left there may be open to others, and a new one is not for a moment.
      Files.deleteIfExists(fresh);
      try (FileChannel file =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(OWNERS))) {
        while (bytes.hasRemaining()) {
          int unused = file.write(bytes);
        }
        file.force(true);
      }
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(path.toString(), e);
    }
  }
}
