// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A file of records behind a header: a part of the log, or a snapshot.
///
/// @param file its path
/// @param writes its whole records, in order
/// @param goodBytes where the last whole record ends
/// @param bytes the length of the file
record Segment(Path file, List<Journal.Write> writes, long goodBytes, long bytes) {
  static final int VERSION = 1;

  private static final byte[] MAGIC = "HAVNLOG".getBytes(StandardCharsets.US_ASCII);

  /// Magic and version.
  static final int HEADER_BYTES = MAGIC.length + 1;

  static byte[] header() {
    return ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).put((byte) VERSION).array();
  }

  /// Reads all whole records.
  ///
  /// @throws StoreException when the header is none, or of an unknown version
  static Segment read(Path file) throws IOException {
    ByteBuffer content;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      content = ByteBuffer.allocate(Math.toIntExact(channel.size()));
      while (content.hasRemaining() && channel.read(content) >= 0) {}
      content.flip();
    }
    if (content.limit() < HEADER_BYTES) {
      return new Segment(file, List.of(), 0, content.limit());
    }
    for (byte each : MAGIC) {
      if (content.get() != each) {
        throw new StoreException(
            file + " is no log of Havn: restore it from a backup or move it away", null);
      }
    }
    int version = content.get();
    if (version != VERSION) {
      throw new StoreException(
          file
              + " has format version "
              + version
              + ", this Havn reads version "
              + VERSION
              + ": use the Havn that wrote it",
          null);
    }
    List<Journal.Write> writes = new ArrayList<>();
    while (true) {
      Optional<Journal.Write> write = RecordCodec.decode(content);
      if (write.isEmpty()) {
        return new Segment(file, writes, content.position(), content.limit());
      }
      writes.add(write.get());
    }
  }

  boolean isWhole() {
    return goodBytes == bytes && bytes >= HEADER_BYTES;
  }
}
