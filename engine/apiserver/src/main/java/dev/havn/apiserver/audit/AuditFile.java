// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An audit log of one JSON object a line, in a file that only its owner may read. A full file is
/// put aside under the time (`audit-2026-01-01T00-00-00.000.log`), and the oldest of those go. Who
/// writes waits for the file; a file that cannot be written loses events, which is logged once.
public final class AuditFile implements AuditSink {
  private static final Logger LOG = LoggerFactory.getLogger(AuditFile.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH-mm-ss.SSS").withZone(ZoneOffset.UTC);

  private final Path file;
  private final Bounds bounds;
  private final InstantSource clock;
  private @Nullable OutputStream out;
  private long bytes;
  private boolean failing;

  /// How much is kept.
  ///
  /// @param bytesMax of a file before it is put aside
  /// @param backups files that are put aside, 0 for any number
  /// @param age of the oldest file, zero for any
  public record Bounds(long bytesMax, int backups, Duration age) {}

  /// @throws IOException when the file cannot be written
  public AuditFile(Path file, Bounds bounds, InstantSource clock) throws IOException {
    this.file = file.toAbsolutePath();
    this.bounds = bounds;
    this.clock = clock;
    open();
  }

  private OutputStream open() throws IOException {
    Files.createDirectories(file.getParent());
    Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rw-------");
    if (Files.exists(file)) {
      Files.setPosixFilePermissions(file, owner);
    } else {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(owner));
    }
    OutputStream opened =
        Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    out = opened;
    bytes = Files.size(file);
    return opened;
  }

  @Override
  public synchronized void write(ObjectNode event) {
    try {
      byte[] line = (JSON.writeValueAsString(event) + "\n").getBytes(StandardCharsets.UTF_8);
      if (bytes > 0 && bytes + line.length > bounds.bytesMax()) {
        putAside();
      }
      OutputStream to = out;
      if (to == null) {
        to = open();
      }
      to.write(line);
      bytes += line.length;
      failing = false;
    } catch (IOException e) {
      if (!failing) {
        LOG.error("audit events are lost: {} cannot be written", file, e);
      }
      failing = true;
    }
  }

  private void putAside() throws IOException {
    closeFile();
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    String extension = dot < 0 ? "" : name.substring(dot);
    Files.move(file, file.resolveSibling(stem + "-" + TIME.format(clock.instant()) + extension));
    List<Path> aside = aside(stem + "-", extension);
    Instant oldest = clock.instant().minus(bounds.age());
    for (int i = 0; i < aside.size(); i++) {
      boolean tooMany = bounds.backups() > 0 && i < aside.size() - bounds.backups();
      boolean tooOld =
          !bounds.age().isZero()
              && Files.getLastModifiedTime(aside.get(i)).toInstant().isBefore(oldest);
      if (tooMany || tooOld) {
        Files.deleteIfExists(aside.get(i));
      }
    }
  }

  /// The oldest first.
  private List<Path> aside(String begin, String end) throws IOException {
    try (Stream<Path> all = Files.list(file.getParent())) {
      return all.filter(
              each -> {
                String name = each.getFileName().toString();
                return name.startsWith(begin) && name.endsWith(end);
              })
          .sorted()
          .toList();
    }
  }

  private void closeFile() throws IOException {
    OutputStream last = out;
    out = null;
    if (last != null) {
      last.close();
    }
  }

  @Override
  public synchronized void close() {
    try {
      closeFile();
    } catch (IOException e) {
      LOG.error("the end of {} may be lost", file, e);
    }
  }
}
