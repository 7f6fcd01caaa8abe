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

  private static final int WINDOW_BYTES = RecordCodec.HEAD_BYTES + RecordCodec.RECORD_BYTES_MAX;

  static byte[] header() {
    return ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).put((byte) VERSION).array();
  }

  /// Reads all whole records, through a window that any record fits into: a log can be longer than
  /// a buffer.
  ///
  /// @throws StoreException when the header is none, or of an unknown version
  static Segment read(Path file, Sealing sealing) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = channel.size();
      if (bytes < HEADER_BYTES) {
        return new Segment(file, List.of(), 0, bytes);
      }
      ByteBuffer window = ByteBuffer.allocate((int) Math.min(bytes, WINDOW_BYTES)).limit(0);
      boolean unused = slide(channel, window);
      requireHeader(file, window);
      List<Journal.Write> writes = new ArrayList<>();
      long goodBytes = HEADER_BYTES;
      while (true) {
        int before = window.position();
        Optional<Journal.Write> write = RecordCodec.decode(window, sealing);
        if (write.isPresent()) {
          writes.add(write.get());
          goodBytes += window.position() - before;
        } else if (!slide(channel, window)) {
          return new Segment(file, writes, goodBytes, bytes);
        }
      }
    }
  }

  /// Moves the window on to where it has been read; whether there is more in it now.
  private static boolean slide(FileChannel channel, ByteBuffer window) throws IOException {
    window.compact();
    int before = window.position();
    while (window.hasRemaining() && channel.read(window) >= 0) {}
    boolean more = window.position() > before;
    window.flip();
    return more;
  }

  private static void requireHeader(Path file, ByteBuffer content) {
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
  }

  boolean isWhole() {
    return goodBytes == bytes && bytes >= HEADER_BYTES;
  }
}
